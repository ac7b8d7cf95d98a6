"""What a step's form already says when it is opened: suggestions people may change."""

from __future__ import annotations

from domain.language import Label
from domain.models import Case, Venue
from domain.queries.choices import Colleague
from domain.workflow import Transition

REPLIES: dict[str, Label] = {
    "substantiated": Label(
        "您好，经现场核查，您反映的情况属实，我们已责令有关单位整改，整改完成后会再次告知您。感谢您对消防安全的关心。",
        "We checked on site. What you reported is true and has to be put right; we will tell you when it is done. "
        "Thank you for caring about fire safety.",
    ),
    "partly": Label(
        "您好，经现场核查，您反映的情况部分属实，对查实的问题我们已要求整改。感谢您对消防安全的关心。",
        "We checked on site. Part of what you reported is true and has to be put right. "
        "Thank you for caring about fire safety.",
    ),
    "not_substantiated": Label(
        "您好，经现场核查，未发现您反映的情况。如您了解更多细节，欢迎补充。感谢您对消防安全的关心。",
        "We checked on site and did not find what you reported. If you know more, please tell us. "
        "Thank you for caring about fire safety.",
    ),
    "could_not_be_checked": Label(
        "您好，我们到现场后未能核实您反映的情况。请您补充具体位置或时间，我们将再次核查。",
        "We went there but could not check what you reported. Please tell us the exact place or time and we will "
        "look again.",
    ),
}
"""A text to start from, by what the check showed; in the reporter's language."""


def initial(step: Transition, case: Case, venue: Venue | None, colleagues: list[Colleague]) -> dict[str, list[str]]:
    """Return field → values to start from; `colleagues` are those the step's first person field offers."""
    if step.form is None:
        return {}
    values: dict[str, list[str]] = {}
    for name, info in step.form.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        match extra.get("widget"):
            case "hazard" if case.hazard_code:
                values[name] = [case.hazard_code]
            case "venue" if venue is not None:
                values[name] = [venue.code]
            case "person" if step.usual and not extra.get("optional") and colleagues and colleagues[0].in_charge:
                values[name] = [str(colleagues[0].id)]
    if "cannot_tell_reason" in step.form.model_fields and case.facts.get("outcome") in REPLIES:
        words = REPLIES[case.facts["outcome"]]
        values["text"] = [words.in_language(str(case.facts.get("language", "zh_CN")))]
    return values
