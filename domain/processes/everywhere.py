"""Steps every process shares: remind, comment, reassign, and what clocks fire. None changes the state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.actors import RECEIPT_HOLDERS, Actor, Role
from domain.forms import Form, LabelledChoice, choice_field, person_field, text_field
from domain.language import N_, Label, Sentence
from domain.workflow import CaseView, Check, FieldRefusal, Guard, State, Transition

STAFF = frozenset({Role.WARDEN, Role.HANDLER, Role.INSPECTOR, Role.OPERATOR, Role.SUPERVISOR, Role.LEADER})
REMINDER_PAUSE = timedelta(hours=24)
"""A reporter may urge once in so long; our choice, so that the button is not a siren."""


class Comment(Form):
    """A remark for colleagues; the reporter and the venue do not see it."""

    text: str = text_field(N_("Comment"))


class Reassign(Form):
    """Another person takes over."""

    assignee: UUID = person_field(N_("To whom"), roles=("warden", "inspector"))
    second: UUID | None = person_field(N_("Second inspector"), roles=("inspector",), required=False)
    reason: str = text_field(N_("Reason"), limit=500)


class HeldDecision(LabelledChoice):
    """What becomes of a message that was held for a person."""

    AGAIN = "again", "重新发送", "Send again"
    DROP = "drop", "不再发送", "Drop it"


class HeldMessage(Form):
    """A person decides on a promise the system would not repeat by itself."""

    message: UUID = Field(..., title=N_("Message"), json_schema_extra={"widget": "hidden"})
    decision: HeldDecision = choice_field(N_("Decision"))
    reason: str = text_field(N_("Reason"), limit=300)


class ClockNotice(Form):
    """What a clock says when it warns or is over."""

    clock: str
    level: int
    """0 warning, 1 over, 2 a quarter longer."""
    due_at: datetime


class Recalculated(Form):
    """A deadline that the calendar of a year has moved."""

    clock: str
    year: int
    was_due_at: datetime
    due_at: datetime
    provisional: bool = False
    """Another year is still missing."""


def is_assignee(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Only who the case is assigned to may go on with it."""
    if actor.person_id is not None and actor.person_id in case.assignees:
        return None
    return Sentence("This case is assigned to somebody else.")


def is_own_receipt(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """A reporter or an applicant acts only on the case whose receipt code they hold."""
    if actor.receipt_for == case.id or not actor.plays(*RECEIPT_HOLDERS):
        return None
    return Sentence("This needs the receipt code of the case.")


def was_not_just_reminded(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """A reporter urges once a day; staff may always."""
    last = case.facts.get("reminded_at")
    if Role.REPORTER not in actor.roles or last is None:
        return None
    if at - datetime.fromisoformat(last) >= REMINDER_PAUSE:
        return None
    return Sentence("You have urged us in the last 24 hours already; we have seen it.")


def is_second_inspector_given(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A second inspector is somebody else than the first."""
    if form.second is not None and form.second == form.assignee:
        return FieldRefusal("second", Sentence("The second inspector must be another person."))
    return None


def is_new_assignee(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """Reassigning to the same people would change nothing."""
    if {form.assignee, form.second} - {None} == set(case.assignees):
        return FieldRefusal("assignee", Sentence("The case is assigned to this person already."))
    return None


def set_assignees(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Put the named people on the case."""
    return {"assignee_id": form.assignee, "second_assignee_id": form.second}


def note_reminder(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember when somebody last urged."""
    key = "reminded_at" if Role.REPORTER in actor.roles else "staff_reminded_at"
    return {"facts": {key: at.isoformat()}}


URGING = {"remind_assignee": Label("提醒经办人", "Remind who can act")}
"""Of a process without deadlines."""
EFFECTS_WITHOUT_ASSIGNMENT = {
    **URGING,
    "tell_superior": Label("上报", "Tell the superior"),
    "announce_deadline": Label("告知期限变动", "Announce the new deadline"),
}
"""Of a process that nobody is sent to."""
EFFECTS = {**EFFECTS_WITHOUT_ASSIGNMENT, "notify_assignee": Label("通知承办人", "Notify the assignee")}
COMPANIONS = frozenset({"check_assignees", "release_held"})


def steps(
    states: Iterable[State],
    *,
    assigned: Iterable[State],
    reminders: frozenset[Role],
    urged_by_reporter: Iterable[State] = (),
    handling: tuple[Guard, ...] = (),
    reassign_checks: tuple[Check, ...] = (),
    is_routine: bool = False,
) -> tuple[Transition, ...]:
    """Return the shared steps for a process.

    `assigned` are the states in which somebody is sent with the case (none: nobody ever is), `urged_by_reporter`
    those in which its reporter may urge too; `handling` guards what only those may do who handle the case.
    `is_routine`: every clock is a timer, which neither warns nor escalates nor is counted anew; and no case of it is
    of before entries told what followed.
    """
    states = frozenset(states)
    everywhere = frozenset(state for state in states if not state.final)
    waiting = frozenset(urged_by_reporter)
    urging = (
        Transition(
            "remind", zh="催办", en="Urge", sources=sources, target=None, roles=roles,
            guards=(is_own_receipt, was_not_just_reminded), form=Form, changes=note_reminder,
            effects=("remind_assignee",),
        )
        for sources, roles in ((waiting, reminders | {Role.REPORTER}), (everywhere - waiting, reminders))
        if sources
    )  # fmt: skip
    sent = frozenset(assigned)
    reassigning = (
        Transition(
            "reassign", zh="改派", en="Reassign", sources=sent, target=None,
            roles={Role.HANDLER, Role.SUPERVISOR}, guards=handling, form=Reassign,
            checks=(is_second_inspector_given, is_new_assignee, *reassign_checks), changes=set_assignees,
            companions=("check_assignees",), effects=("notify_assignee",),
        ),
    ) if sent else ()  # fmt: skip
    return (
        *urging,
        Transition(
            "comment", zh="备注", en="Comment", sources=everywhere, target=None,
            roles=STAFF, form=Comment,
        ),
        *reassigning,
        Transition(
            "decide_held", zh="处理未送达", en="Decide on a held message", sources=states, target=None,
            roles={Role.HANDLER, Role.SUPERVISOR}, guards=handling, form=HeldMessage,
            companions=("release_held",), quiet=True,
        ),
        *(() if is_routine else _of_deadlines(everywhere)),
        *(() if is_routine else (_adoption(states),)),
    )  # fmt: skip


def _of_deadlines(sources: frozenset[State]) -> tuple[Transition, ...]:
    """Return what clocks fire that are deadlines, and their counting anew."""
    return (
        Transition(
            "warn", zh="临期提醒", en="Deadline near", sources=sources, target=None,
            roles={Role.SYSTEM}, form=ClockNotice, effects=("remind_assignee",), quiet=True,
        ),
        Transition(
            "escalate", zh="逾期上报", en="Escalated", sources=sources, target=None,
            roles={Role.SYSTEM}, form=ClockNotice, effects=("tell_superior",), quiet=True,
        ),
        Transition(
            "recalculate", zh="重算期限", en="Deadline counted anew", sources=sources, target=None,
            roles={Role.SYSTEM}, form=Recalculated, effects=("announce_deadline",), quiet=True, recounts=True,
        ),
    )  # fmt: skip


def _adoption(sources: frozenset[State]) -> Transition:
    """Return what writes down how a case of before stands (`domain.adoption`)."""
    return Transition(
        "adopt", zh="升级补记", en="Taken over at an upgrade", sources=sources, target=None,
        roles={Role.SYSTEM}, form=Form, quiet=True,
    )  # fmt: skip
