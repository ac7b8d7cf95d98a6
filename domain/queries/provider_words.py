"""What a telephone provider's error codes mean to those who read a timeline; the code itself stands in brackets.

The codes are Twilio's (twilio.com/docs/api/errors) and, where something between us and it answered, HTTP's.
"""

from __future__ import annotations

from domain.language import Label

FAULT = Label("运营商故障", "Provider fault")
TOO_MANY = Label("限流", "Too many at once")
INVALID = Label("号码无效", "Invalid number")
UNREACHABLE = Label("空号或关机", "Not in service or switched off")
BLOCKED = Label("对方已退订或被拦截", "Opted out or blocked")
LANDLINE = Label("固定电话或不支持短信", "Landline, or takes no SMS")
FILTERED = Label("被运营商过滤", "Filtered by the carrier")
UNEXPLAINED = Label("运营商未说明原因", "The carrier gave no reason")
NOT_PERMITTED = Label("未开通该地区", "Region not enabled")
NOT_SIGNED_IN = Label("运营商账号无效", "Provider account not accepted")
NO_DOCUMENT = Label("取不到通话内容", "The call's words could not be fetched")
OTHER = Label("运营商错误", "Provider error")

ERRORS: dict[str, Label] = {
    "429": TOO_MANY,
    "11200": NO_DOCUMENT,
    "12100": NO_DOCUMENT,
    "13224": INVALID,
    "20003": NOT_SIGNED_IN,
    "20429": TOO_MANY,
    "20500": FAULT,
    "20503": FAULT,
    "21211": INVALID,
    "21214": UNREACHABLE,
    "21217": INVALID,
    "21408": NOT_PERMITTED,
    "21610": BLOCKED,
    "21614": LANDLINE,
    "30001": TOO_MANY,
    "30003": UNREACHABLE,
    "30004": BLOCKED,
    "30005": UNREACHABLE,
    "30006": LANDLINE,
    "30007": FILTERED,
    "30008": UNEXPLAINED,
}


def meaning(code: str) -> Label:
    """Return what a code means, without the code."""
    if len(code) == 3 and code.startswith("5"):  # noqa: PLR2004 - an HTTP status
        return FAULT
    return ERRORS.get(code, OTHER)


def said(code: str | None) -> Label | None:
    """Return what a code means, with the code; None for none."""
    if not code:
        return None
    words = meaning(code)
    return Label(f"{words.zh}（{code}）", f"{words.en} ({code})")


def is_own_trouble(code: str | None) -> bool:
    """Return whether the provider failed or had too much to do, which is no judgement on the message or the number."""
    return bool(code) and meaning(str(code)) in (FAULT, TOO_MANY)
