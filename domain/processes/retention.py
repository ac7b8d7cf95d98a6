"""How long is kept what people left of themselves: the system removes it in time, unless it is kept on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.actors import Actor, Role
from domain.forms import Form, LabelledChoice, choice_field, text_field
from domain.language import N_, Label, Sentence
from domain.processes import identity
from domain.workflow import CaseView, Guard, State, Transition

KEPT_SINCE = "kept_since"
"""The fact that nothing of a case is removed until somebody lifts that."""


class Part(LabelledChoice):
    """What has one time of its own."""

    IDENTITY = "identity", "姓名、电话、位置和短信", "name, phone, position and messages"
    WORDS = "words", "文字和照片", "words and photos"
    APPLICANT = (
        "applicant",
        "申请人的姓名、电话、说明、短信和未转入场所的材料",
        "the applicant's name, phone, remarks, messages and the documents no venue took over",
    )


REMOVED_AT = {
    Part.IDENTITY: "identity_removed_at",
    Part.WORDS: "words_removed_at",
    Part.APPLICANT: "identity_removed_at",
}
"""The facts that a part is gone."""
GONE = {
    Part.IDENTITY: ("name", "phone", "position", "reporter_mark"),
    Part.WORDS: ("description", "place_words", "place_mark", "released_at"),
    Part.APPLICANT: ("person", "phone", "remark", "note", "applicant_mark"),
}
"""The facts that point at what is gone, or were made of it."""


class Keep(Form):
    """Why it has to be kept longer (a suit, an inquiry)."""

    reason: str = text_field(N_("Why it has to be kept"), limit=500)


class Lift(Form):
    """Why it need not be kept any longer."""

    reason: str = text_field(N_("Reason"), limit=500)


class Removal(Form):
    """What the system removed."""

    what: Part = choice_field(N_("What was removed"))
    items: int = Field(0, ge=0, title=N_("Sealed values removed"))
    pictures: int = Field(0, ge=0, title=N_("Photos removed"))
    papers: int = Field(0, ge=0, title=N_("Documents removed"))


def is_kept(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Only what is kept on purpose can be given free."""
    return None if case.facts.get(KEPT_SINCE) else Sentence("Nothing of this case is kept beyond its time.")


def note_keeping(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """From now on nothing is removed."""
    return {"facts": {KEPT_SINCE: case.facts.get(KEPT_SINCE) or at.isoformat()}}


def note_lifted(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """From now on it is removed when its time is over."""
    return {"facts": {KEPT_SINCE: None}}


def note_removal(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Forget what pointed at it."""
    facts: dict[str, Any] = {**dict.fromkeys(GONE[form.what]), REMOVED_AT[form.what]: at.isoformat()}
    if form.what is not Part.IDENTITY:
        return {"facts": facts}
    return {"facts": {**facts, "has_phone": False, identity.REQUESTS: {}, identity.GRANTS: {}}, "asked_at": None}


def steps(states: Iterable[State], *, handling: tuple[Guard, ...]) -> tuple[Transition, ...]:
    """Return the steps of keeping and removing; `handling` guards what one has sent oneself."""
    everywhere = frozenset(states)
    ended = frozenset(state for state in everywhere if state.final)
    return (
        Transition(
            "hold_redaction", zh="暂缓删除", en="Keep beyond its time", sources=everywhere, target=None,
            roles={Role.SUPERVISOR}, guards=handling, form=Keep, changes=note_keeping,
            hint=Label("因诉讼、调查等需要，期满后不删除当事人资料，直至解除。",
                       "For a suit or an inquiry: nothing of who sent it is removed until this is lifted."),
        ),
        Transition(
            "lift_hold", zh="解除暂缓删除", en="Keep no longer", sources=everywhere, target=None,
            roles={Role.SUPERVISOR}, guards=(*handling, is_kept), form=Lift, changes=note_lifted, quiet=True,
        ),
        Transition(
            "redact", zh="期满删除", en="Removed after its time", sources=ended, target=None, roles={Role.SYSTEM},
            form=Removal, changes=note_removal, quiet=True,
        ),
    )  # fmt: skip
