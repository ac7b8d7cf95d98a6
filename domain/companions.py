"""What happens beside a step in the same transaction: checks against the register, and linked cases' own entries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

import domain.admissions
import domain.disclosure  # noqa: F401 - both register what happens beside their steps
from domain import access, cases, outbox, people, places, routing, venues
from domain.actors import SYSTEM
from domain.cases import FieldRefused, Step, after, before
from domain.language import Sentence
from domain.models import Area, Case, CaseLink, Outbox, Person, Venue
from domain.processes.everywhere import HeldDecision
from domain.processes.hazard_report import CLOSED, REPLIED, is_not_own_report
from domain.workflow import FieldRefusal, TransitionRefused

MERGED_INTO = "merged_into"


def _replaced(old: venues.CodeReplaced) -> Sentence:
    """Say what became of a code, and of whom it was: the sheet it stands on is old, or forged."""
    day = people.local_day(old.ended_at).isoformat()
    return Sentence("This code of %(name)s was replaced on %(day)s; the sheet is old or forged, have it taken down.",
                    name=old.venue.name, day=day)  # fmt: skip


def _refuse(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))


@before("check_assignees")
def check_assignees(session: Session, step: Step) -> None:
    """Give a case only to a warden, or to two inspectors (R120 第十四条), who hold the post today.

    Never to its reporter, and in words that do not tell who the reporter is.
    """
    day = people.local_day(step.at)
    first, second = step.form.assignee, step.form.second
    there = people.posted_at(session, step.case.venue_id, day=day)
    for field, person_id in (("assignee", first), ("second", second)):
        person = session.get(Person, person_id) if person_id else None
        if person_id in there:
            raise _refuse(field, Sentence("This person holds a post at the venue; choose somebody else."))
        if person is not None and people.is_marked(person, step.case.facts.get("reporter_mark")):
            raise _refuse(field, Sentence("This person cannot take this case; choose somebody else."))
    if people.holds(session, first, ["warden"], day=day):
        if second is not None:
            raise _refuse("second", Sentence("A warden checks alone; leave the second inspector empty."))
        return
    if not people.holds(session, first, ["inspector"], day=day):
        raise _refuse("assignee", Sentence("This person is neither a warden nor an inspector today."))
    if second is None:
        raise _refuse("second", Sentence("A legal check needs two inspectors; name the second."))
    if not people.holds(session, second, ["inspector"], day=day):
        raise _refuse("second", Sentence("The second person is not an inspector today."))


@before("release_held")
def release_held(session: Session, step: Step) -> None:
    """Send a held message again or drop it, once; the timeline says who decided and why."""
    row = session.get(Outbox, step.form.message)
    again = step.form.decision is HeldDecision.AGAIN
    mine = row is not None and row.case_id == step.case.id
    if not (mine and outbox.release_held(session, step.form.message, again=again, at=step.at, note=step.form.reason)):
        raise _refuse("message", Sentence("This message is not held any more."))
    if again:
        session.info["promised"] = True


@before("set_place")
def set_place(session: Session, step: Step) -> dict[str, Any] | None:
    """Tie the report to the venue the handler found out, or to the area they named."""
    if not step.form.venue_code:
        return _set_area(session, step)
    try:
        venue = venues.open_by_code(session, step.form.venue_code, day=people.local_day(step.at))
    except venues.CodeReplaced as old:
        raise _refuse("venue_code", _replaced(old)) from None
    except venues.UnknownVenue:
        raise _refuse("venue_code", Sentence("No venue has this code.")) from None
    except venues.VenueClosed:
        raise _refuse("venue_code", Sentence("This venue is closed.")) from None
    route = routing.of_venue(session, venue.area_id).stored()
    return {"venue_id": venue.id, "area_id": venue.area_id, "place": step.form.place or venue.name,
            "facts": {"routing": route}}  # fmt: skip


def _set_area(session: Session, step: Step) -> dict[str, Any] | None:
    if not step.form.area:
        return None
    area = session.execute(select(Area).where(col(Area.code) == step.form.area)).scalar_one_or_none()
    if area is None or (area.ended_on is not None and area.ended_on <= people.local_day(step.at)):
        raise _refuse("area", Sentence("There is no area with this code."))
    return {"area_id": area.id, "facts": {"routing": routing.Route("handler", area.id, area.code).stored()}}


@before("compare_venue_code")
def compare_venue_code(session: Session, step: Step) -> None:
    """Arriving means scanning the code at the door of the right venue, or saying why not."""
    if step.case.venue_id is None:
        return
    if not step.form.venue_code:
        if not step.form.no_code_reason:
            raise _refuse("venue_code", Sentence("Scan the code at the door, or say why you cannot."))
        return
    venue = session.get(Venue, step.case.venue_id)
    try:
        scanned = venues.by_code(session, step.form.venue_code)
    except venues.CodeReplaced as old:
        raise _refuse("venue_code", _replaced(old)) from None
    except venues.UnknownVenue:
        raise _refuse("venue_code", Sentence("No venue has this code.")) from None
    if venue is None or scanned.id != venue.id:
        raise _refuse("venue_code", Sentence("This is the code of another venue: %(name)s.", name=scanned.name))


@before("join_other")
def join_other(session: Session, step: Step) -> None:
    """Merge into a report of the same premises; both timelines say so."""
    case = step.case
    number = step.form.into.strip().upper()
    found = session.execute(select(Case.id).where(Case.number == number, Case.process == case.process)).scalar()  # type: ignore[call-overload]
    if found is None:
        raise _refuse("into", Sentence("There is no report with this number."))
    if found == case.id:
        raise _refuse("into", Sentence("A report cannot be merged into itself."))
    for held in sorted((found, case.id)):  # always in this order, so that two merges cannot wait for each other
        session.execute(select(Case.id).where(Case.id == held).with_for_update())  # type: ignore[call-overload]
    other = cases.reload(session, found)
    if not access.may_see(session, step.plan.actor, other):
        raise _refuse("into", Sentence("There is no report with this number."))
    if reason := is_not_own_report(other, step.plan.actor, step.at):
        raise _refuse("into", reason)
    if not places.are_same(session, case, other):
        raise _refuse("into", Sentence("Only reports about the same premises can be merged."))
    try:
        cases.fire(session, other, "absorb", actor=SYSTEM, at=step.at, data={"other": case.number})
    except TransitionRefused:  # its answer was given, so this reporter would never hear one
        raise _refuse("into", Sentence("That report is answered or closed already.")) from None
    cases.link(session, source=case.id, target=other.id, kind=MERGED_INTO, at=step.at)


@before("leave_other")
def leave_other(session: Session, step: Step) -> None:
    """Undo a merge; both timelines say so."""
    other = _absorbing(session, step.case)
    cases.fire(session, other, "release", actor=SYSTEM, at=step.at, data={"other": step.case.number})
    cases.unlink(session, source=step.case.id, target=other.id, kind=MERGED_INTO, at=step.at)


def _absorbing(session: Session, case: Case) -> Case:
    """Return the report a merged one is handled with, as it stands now, and hold its row."""
    query = select(CaseLink).where(col(CaseLink.from_id) == case.id, col(CaseLink.kind) == MERGED_INTO)
    link = session.execute(query.where(col(CaseLink.ended_at).is_(None))).scalar_one()
    return cases.reload(session, link.to_id)


def merged_into(session: Session, case_id: Any) -> list[Case]:  # noqa: ANN401 - a UUID
    """Return the reports that are merged into this one now."""
    query = select(Case).join(CaseLink, col(CaseLink.from_id) == Case.id)
    joined = (col(CaseLink.to_id) == case_id, col(CaseLink.kind) == MERGED_INTO)
    mine = query.where(*joined, col(CaseLink.ended_at).is_(None))
    return list(session.execute(mine.order_by(col(Case.id))).scalars())


@after("answer_merged")
def answer_merged(session: Session, step: Step) -> None:
    """Whoever reported the same hazard hears the same answer, each through their own report."""
    if not step.form.text:
        return
    for merged in merged_into(session, step.case.id):
        case = cases.reload(session, merged.id)
        cases.fire(session, case, "share_reply", actor=SYSTEM, at=step.at, data={"text": step.form.text})


@after("tell_merged_corrected")
def tell_merged_corrected(session: Session, step: Step) -> None:
    """Whoever reported the same hazard hears that it is corrected too, each through their own report, once."""
    for merged in merged_into(session, step.case.id):
        case = cases.reload(session, merged.id)
        if step.form.other not in case.facts.get("corrected_cases", ()):
            cases.fire(session, case, "tell_corrected", actor=SYSTEM, at=step.at, data={"other": step.form.other})


@before("forward_objection")
def forward_objection(session: Session, step: Step) -> None:
    """Pass the objection on to the report this one was merged into: it reopens, or hears that one more objects."""
    # Before this report's own row, in the order in which an answer takes the two: they cannot wait for each other.
    other = _absorbing(session, step.case)
    answered = other.state in {state.name for state in (REPLIED, CLOSED)}
    name = "reopen_for_merged" if answered else "hear_merged"
    cases.fire(session, other, name, actor=SYSTEM, at=step.at, data={"other": step.case.number})


@after("return_reopened")
def return_reopened(session: Session, step: Step) -> None:
    """Give a reopened report that is declined back to the supervisor, who alone assigns it."""
    if step.case.facts.get("reopened_at"):
        cases.fire(session, step.case, "return_to_supervisor", actor=SYSTEM, at=step.at)


@after("close_when_satisfied")
def close_when_satisfied(session: Session, step: Step) -> None:
    """End the case of a satisfied reporter (4 or 5 of 5)."""
    if step.form.rating >= SATISFIED:
        cases.fire(session, step.case, "close", actor=SYSTEM, at=step.at, data={"satisfied": True})


SATISFIED = 4
