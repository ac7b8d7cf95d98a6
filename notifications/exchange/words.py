"""The words of the phones' page, name → (Chinese, English); here, so that the exchange loads no catalogue."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("zh_CN", "en")
HTML_LANGUAGE: Final = {"zh_CN": "zh-CN", "en": "en"}

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("演示城市的电话", "Phones of the demo city"),
    "intro": (
        "这里的电话只在本机响铃，不会拨打真实号码。",
        "These phones ring on this machine only; no real number is called.",
    ),
    "skip": ("跳到电话", "Skip to the phones"),
    "other_language": ("English", "中文"),
    "live": ("实时", "Live"),
    "offline": ("连接已断开，正在重连", "Connection lost, trying again"),
    "ringing_now": ("正在响铃", "Ringing now"),
    "nothing_rings": ("没有来电", "No calls"),
    "all_phones": ("全部电话", "All phones"),
    "no_phones": ("还没有电话", "No phones yet"),
    "no_phones_help": (
        "一有短信或来电，对应的电话就会出现在这里。演示城市的通讯录由 PUT /control/phones 载入。",
        "A phone appears with its first message or call; PUT /control/phones loads the directory.",
    ),
    "busy_phones": ("有短信或来电的电话", "Phones with messages or calls"),
    "quiet_phones": ("没有短信和来电的电话", "Phones without messages or calls"),
    "show_all": ("显示全部电话", "Show all phones"),
    "none_busy": ("还没有短信和来电", "No messages or calls yet"),
    "none_busy_help": (
        "一有短信或来电，对应的电话就会出现在这里。",
        "A phone appears here with its first message or call.",
    ),
    "behaviour": ("应答方式：", "Behaviour:"),
    "behaviour_of_all": ("全部电话的应答方式：", "Behaviour of all phones:"),
    "behaviour_help": (
        "新的短信和来电按此处理；单独设置过的电话也一并改变。",
        "New messages and calls meet it; phones with a behaviour of their own change too.",
    ),
    "set_behaviour": ("设置", "Set"),
    "mode.manual": ("由人接听", "By hand"),
    "mode.answer-and-press-1": ("接听并按 1", "Answers and presses 1"),
    "mode.no-answer": ("无人接听", "No answer"),
    "mode.busy": ("占线", "Busy"),
    "mode.voicemail": ("语音信箱", "Voicemail"),
    "mode.error-500": ("服务出错（HTTP 500）", "Server error (HTTP 500)"),
    "mode.rate-limit": ("请求过多（HTTP 429）", "Too many requests (HTTP 429)"),
    "mode.timeout": ("没有应答（超时）", "No HTTP answer (timeout)"),
    "mode.accept-then-timeout": ("已受理但没有应答", "Taken, but no HTTP answer"),
    "mode.duplicate-callbacks": ("状态回报重复", "Status reports sent twice"),
    "mode.reordered-callbacks": ("状态回报乱序", "Status reports out of order"),
    "mode.unreachable": ("无法接通", "Cannot be reached"),
    "mode.carrier-failure": ("运营商故障", "Carrier failure"),
    "quiet": ("没有短信和来电", "No messages or calls"),
    "messages": ("短信", "Messages"),
    "earlier_messages": ("更早的短信", "Earlier messages"),
    "calls": ("通话", "Calls"),
    "earlier_calls": ("以往通话", "Earlier calls"),
    "answer": ("接听", "Answer"),
    "reject": ("拒接", "Reject"),
    "hang_up": ("挂断", "Hang up"),
    "no_answer": ("不接", "Let it ring out"),
    "voicemail": ("转语音信箱", "Voicemail"),
    "keypad": ("全部按键", "Whole keypad"),
    "key": ("按键", "Key"),
    "star": ("星号键", "Star"),
    "hash": ("井号键", "Hash"),
    "pressed": ("已按", "Pressed"),
    "listening": ("等待按键", "Waiting for a key"),
    "speak": ("朗读", "Read aloud"),
    "says": ("电话内容", "The call says"),
    "from": ("来自", "From"),
    "seconds": ("秒", "s"),
    "only_this": ("只看这部电话", "This phone only"),
    "unknown_person": ("其他号码", "Other number"),
    "failed_act": ("操作没有成功：电话可能已经结束。", "That did not work: the call may be over."),
    "status.queued": ("排队中", "Queued"),
    "status.initiated": ("拨号中", "Dialling"),
    "status.ringing": ("响铃中", "Ringing"),
    "status.in-progress": ("通话中", "Talking"),
    "status.completed": ("已结束", "Ended"),
    "status.busy": ("占线或拒接", "Busy or rejected"),
    "status.no-answer": ("无人接听", "No answer"),
    "status.failed": ("失败", "Failed"),
    "status.canceled": ("已取消", "Cancelled"),
    "status.sending": ("发送中", "Sending"),
    "status.sent": ("已发出", "Sent"),
    "status.delivered": ("已送达", "Delivered"),
    "status.undelivered": ("未送达", "Not delivered"),
    "answered_by.human": ("本人接听", "A person answered"),
    "answered_by.machine_start": ("语音信箱接听", "Voicemail answered"),
    "answered_by.machine_end_beep": ("语音信箱接听", "Voicemail answered"),
    "error.11200": ("取不到通话内容", "The call's document could not be fetched"),
    "error.12100": ("通话内容有误", "The call's document is wrong"),
    "error.30003": ("手机无法接通", "The handset cannot be reached"),
    "error.30008": ("运营商未说明原因", "The carrier gave no reason"),
}


def say(name: str, language: str) -> str:
    """Return the words called `name`; KeyError for a name that is not in the table."""
    chinese, english = WORDS[name]
    return chinese if language == "zh_CN" else english
