"""隐患整改 (ZG): a hazard that was found and has to go. Source: 消防监督检查规定 第十九、二十条."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pydantic import Field

from domain.actors import VENUE_SIDE, Actor, Role
from domain.clocks import Limit
from domain.forms import Form, Photos, line_field, photos_field, text_field
from domain.language import N_, Label, Sentence
from domain.processes import everywhere, limits
from domain.settings import city_zone
from domain.table import TimedCase
from domain.workflow import CaseView, Clock, FieldRefusal, Opening, State, Transition, Workflow

ORDERED = State("ordered", zh="待送达", en="Ordered")
CORRECTING = State("correcting", zh="整改中", en="Being corrected")
SUBMITTED = State("submitted", zh="待复查", en="Submitted for re-check")
OVERDUE = State("overdue", zh="逾期未改", en="Overdue")
CLOSED = State("closed", zh="已整改", en="Corrected", final=True)
PENALISED = State("penalised", zh="已移送处罚", en="Handed over for penalty", final=True)
REVOKED = State("revoked", zh="已撤销", en="Revoked", final=True)
STATES = (ORDERED, CORRECTING, SUBMITTED, OVERDUE, CLOSED, PENALISED, REVOKED)
LONGEST_REASON = 500
OPEN = frozenset(state for state in STATES if not state.final)


class Serve(Form):
    """The order is served; the inspector sets until when, according to the difficulty (第二十条)."""

    correct_by: date = Field(..., title=N_("Correct by"), json_schema_extra={"widget": "date"})
    order_number: str | None = line_field(N_("Number of the order"), limit=60, required=False)
    served_to: str = line_field(N_("Served to"), limit=60)


class OrderedByPatrol(Form):
    """A patrol found it: the place puts it right by that day (R61 第三十一条)."""

    correct_by: date


class Overruled(Form):
    """Somebody decided that the patrol's answer it came from does not stand; it goes on until people say otherwise."""

    patrol: str = Field(..., title=N_("Patrol"))
    reason: str = text_field(N_("Reason"), limit=LONGEST_REASON)


class Submission(Form):
    """The venue says the hazard is gone, with a photo."""

    description: str = text_field(N_("What was done"))
    photos: Photos = Field(..., min_length=1, max_length=9, title=N_("Photos"), json_schema_extra={"widget": "photos"})


class Recheck(Form):
    """Somebody looked again."""

    description: str = text_field(N_("What you found"))
    photos: Photos = photos_field(N_("Photos"), either_with="no_photo_reason")
    no_photo_reason: str | None = line_field(
        N_("Why there is no photo"), limit=200, required=False, either_with="photos"
    )


class FailedRecheck(Form):
    """It is not gone."""

    missing: str = text_field(N_("What is still wrong"))
    correct_by: date = Field(..., title=N_("Correct by"), json_schema_extra={"widget": "date"})
    photos: Photos = photos_field(N_("Photos"))


class Extension(Form):
    """More time, once."""

    correct_by: date = Field(..., title=N_("Correct by"), json_schema_extra={"widget": "date"})
    reason: str = text_field(N_("Reason"), limit=500)


class Penalty(Form):
    """The matter goes to the penalty procedure."""

    reason: str = text_field(N_("Reason"), limit=500)
    file_number: str = line_field(N_("File number of the penalty case"), limit=60)


class Reason(Form):
    """Why."""

    reason: str = text_field(N_("Reason"), limit=LONGEST_REASON)


class Corrected(Form):
    """Corrected while the inspector stood there; before and after are on the photos of the finding."""

    finding: str | None = line_field(N_("Finding"), required=False)


BRIGADE = frozenset({Role.INSPECTOR, Role.WARDEN})


def is_not_submitter(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nobody re-checks what they submitted themselves."""
    if case.facts.get("submitted_by") == str(actor.person_id):
        return Sentence("You submitted this correction yourself; somebody else has to re-check it.")
    return None


def is_of_this_venue(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """A venue answers through those who hold a post there today; a post at another venue gives no say here."""
    if case.venue_id is None or case.venue_id in actor.venue_ids or not actor.plays(*VENUE_SIDE):
        return None
    if actor.plays(Role.WARDEN):
        return None
    return Sentence("You hold no post at this venue today.")


def may_recheck(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """The brigade looks whether a hazard is gone; what a place found itself its own people may look at as well."""
    if actor.plays(*BRIGADE):
        return None
    if not case.facts.get("by_venue"):
        return Sentence("Whether this is corrected is for the fire brigade to see.")
    return is_of_this_venue(case, actor, at)


def was_not_extended(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """The time is extended once."""
    return Sentence("The time was extended once already.") if case.facts.get("extended_at") else None


def is_in_future(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A time limit that is over already is none."""
    if form.correct_by < at.astimezone(city_zone()).date():
        return FieldRefusal("correct_by", Sentence("This date is in the past."))
    return None


def is_later(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """An extension gives more time, not less."""
    if form.correct_by.isoformat() <= str(case.facts.get("correct_by", "")):
        return FieldRefusal("correct_by", Sentence("The new date must be later than the old one."))
    return None


def has_photo_or_reason(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A re-check is proved by a photo, or says why there is none."""
    if form.photos or form.no_photo_reason:
        return None
    return FieldRefusal("photos", Sentence("Add a photo, or say why there is none."))


def note_date(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep the date the hazard has to be gone by."""
    return {"facts": {"correct_by": form.correct_by.isoformat()}}


def note_extension(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep the new date and that it was the one extension."""
    return {"facts": {"correct_by": form.correct_by.isoformat(), "extended_at": at.isoformat()}}


def note_submission(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember who says it is done."""
    return {"facts": {"submitted_by": str(actor.person_id), "submitted_at": at.isoformat()}}


def correct_limit(case: TimedCase) -> Limit | None:
    """Until the end of the day the inspector set [COR-30]."""
    day = case.facts.get("correct_by")
    if not day:
        return None
    end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), city_zone())
    return replace(Limit.until(end.astimezone(UTC)), rule="COR-30")


R = Role
TRANSITIONS = (
    Transition("serve", zh="送达整改通知", en="Serve the order", sources={ORDERED}, target=CORRECTING,
               roles={R.INSPECTOR, R.HANDLER}, form=Serve, checks=(is_in_future,), changes=note_date,
               effects=("notify_venue",), usual=True),
    Transition("order_by_patrol", zh="巡查发现，限期整改", en="Ordered by a patrol", sources={ORDERED},
               target=CORRECTING, roles={R.SYSTEM}, form=OrderedByPatrol, changes=note_date,
               effects=("notify_venue",), quiet=True),
    Transition("record_corrected", zh="当场改正", en="Corrected on the spot", sources={ORDERED}, target=CLOSED,
               roles={R.SYSTEM}, form=Corrected, quiet=True),
    Transition("finding_overruled", zh="巡查结论已更改", en="The patrol's answer was overruled",
               sources=OPEN - {ORDERED}, target=None, roles={R.SYSTEM}, form=Overruled, effects=("notify_venue",),
               quiet=True),
    Transition("submit", zh="提交整改", en="Submit the correction", sources={CORRECTING, OVERDUE}, target=SUBMITTED,
               roles=VENUE_SIDE | {R.WARDEN}, guards=(is_of_this_venue,), form=Submission, changes=note_submission,
               effects=("tell_rechecker",), usual=True),
    Transition("confirm", zh="复查合格", en="Re-check passed", sources={SUBMITTED}, target=CLOSED,
               roles=BRIGADE | VENUE_SIDE, guards=(may_recheck, is_not_submitter), form=Recheck,
               checks=(has_photo_or_reason,), effects=("notify_venue", "tell_parent"), usual=True),
    Transition("fail_recheck", zh="复查不合格", en="Re-check failed", sources={SUBMITTED}, target=CORRECTING,
               roles=BRIGADE | VENUE_SIDE, guards=(may_recheck, is_not_submitter), form=FailedRecheck,
               checks=(is_in_future,), changes=note_date, effects=("notify_venue",)),
    Transition("extend", zh="延期", en="Extend", sources={CORRECTING}, target=None, roles={R.SUPERVISOR},
               guards=(was_not_extended,), form=Extension, checks=(is_in_future, is_later), changes=note_extension,
               effects=("notify_venue",)),
    Transition("mark_overdue", zh="逾期", en="Overdue", sources={CORRECTING}, target=OVERDUE, roles={R.SYSTEM},
               form=everywhere.ClockNotice, effects=("tell_superior", "notify_venue"), quiet=True),
    Transition("penalise", zh="移送处罚", en="Hand over for penalty", sources={CORRECTING, OVERDUE}, target=PENALISED,
               roles={R.INSPECTOR, R.SUPERVISOR}, form=Penalty, effects=("notify_venue", "tell_parent")),
    Transition("revoke", zh="撤销整改", en="Revoke", sources={ORDERED, CORRECTING}, target=REVOKED,
               roles={R.SUPERVISOR, R.SYSTEM}, form=Reason, effects=("notify_venue",)),
    *everywhere.steps(STATES, assigned=OPEN, reminders=frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER})),
)  # fmt: skip

RECTIFICATION = Workflow(
    name="rectification",
    prefix="ZG",
    zh="隐患整改",
    en="Rectification",
    opening=Opening("order", zh="责令整改", en="Order", target=ORDERED, roles={R.SYSTEM, R.INSPECTOR}),
    states=STATES,
    transitions=TRANSITIONS,
    effects={
        **everywhere.EFFECTS,
        "notify_venue": Label("通知场所", "Notify the venue"),
        "tell_rechecker": Label("通知复查", "Ask for the re-check"),
        "tell_parent": Label("告知来源案件", "Tell the case it came from"),
    },
    companions=everywhere.COMPANIONS,
    clocks=(
        Clock("order", zh="送达整改通知", en="Serve the order", runs_in={ORDERED},
              fulfilled_in={CORRECTING}, limit=limits.fixed("COR-20"), basis="COR-20", kind="statutory"),
        Clock("correct", zh="整改期限", en="Correct", runs_in={CORRECTING, OVERDUE},
              fulfilled_in={SUBMITTED}, limit=correct_limit, basis="COR-30", kind="statutory",
              on_breach="mark_overdue", restarts_in={CORRECTING}),
        Clock("recheck", zh="复查", en="Re-check", runs_in={SUBMITTED, OVERDUE},
              fulfilled_in={CLOSED, CORRECTING}, limit=limits.fixed("COR-40"), basis="COR-40", kind="statutory",
              restarts_in={SUBMITTED, OVERDUE}),
    ),
)  # fmt: skip
