"""What of a report its venue may read: nothing, until a handler has released words and photos."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.actors import Actor, Role
from domain.forms import MAX_PHOTOS, Form, Sealed, text_field
from domain.language import N_, Label, Sentence
from domain.workflow import CaseView, FieldRefusal, Guard, State, Transition

RELEASERS = frozenset({Role.HANDLER, Role.SUPERVISOR})
RELEASED_AT = "released_at"
"""The fact of a report that its venue may read what the last release says."""
PHOTOS = "released_photos"


class ReleasedWords(Form):
    """What the venue is to read, as it is to read it."""

    text: Annotated[str | None, Sealed("released")] = text_field(
        N_("Words the venue reads"),
        limit=2000,
        required=False,
        hint=N_("Take out whatever could say who reported: names, phones, where they live or work, how they know."),
    )
    released_photos: list[UUID] = Field(
        default_factory=list,
        max_length=MAX_PHOTOS * 2,
        title=N_("Photos the venue sees"),
        json_schema_extra={
            "widget": "case_photos",
            "optional": True,
            "hint": N_("A photo may say from which window it was taken, or show who took it."),
        },
    )


class Withdrawn(Form):
    """Why the venue shall not read it any more."""

    reason: str = text_field(N_("Reason"), limit=500)


def was_released(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Only what was released can be withdrawn."""
    return None if case.facts.get(RELEASED_AT) else Sentence("Nothing of this report is released to the venue.")


def was_not_redacted(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """What was removed after its time is not there to be released."""
    if not case.facts.get("words_removed_at"):
        return None
    return Sentence("The words and photos of this report were removed when their time was over.")


def releases_something(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """An empty release would say that there is something to read."""
    if form.text or form.released_photos:
        return None
    return FieldRefusal("text", Sentence("Write what the venue is to read, or choose photos."))


def note_release(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """From now on the venue reads what this entry says."""
    return {"facts": {RELEASED_AT: at.isoformat()}}


def note_withdrawal(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """From now on the venue reads nothing."""
    return {"facts": {RELEASED_AT: None}}


COMPANIONS = frozenset({"check_released_photos"})


def steps(states: Iterable[State], *, handling: tuple[Guard, ...]) -> tuple[Transition, ...]:
    """Return the steps that let a venue read what was reported; `handling` guards one's own report."""
    everywhere = frozenset(states)
    return (
        Transition(
            "release_words", zh="向场所公开", en="Release to the venue", sources=everywhere, target=None,
            roles=RELEASERS, guards=(*handling, was_not_redacted), form=ReleasedWords, checks=(releases_something,),
            changes=note_release, companions=("check_released_photos",),
            hint=Label("公开后，被举报场所可在整改页面看到以下文字和照片。请删去可能暴露举报人的内容。",
                       "The reported venue will read these words and see these photos with its rectifications. "
                       "Take out what could say who reported."),
        ),
        Transition(
            "withdraw_release", zh="撤回公开", en="Withdraw the release", sources=everywhere, target=None,
            roles=RELEASERS, guards=(*handling, was_released), form=Withdrawn, changes=note_withdrawal, quiet=True,
        ),
    )  # fmt: skip
