"""Rectifications as findings make them, one for each hazard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import cases, catalogue, people
from domain.actors import SYSTEM, Role
from domain.catalogue import Severity
from domain.models import Case, TimelineEntry
from domain.processes.hazard_report import HAZARD_REPORT
from domain.processes.rectification import CORRECTING, LONGEST_REASON, OPEN, ORDERED, RECTIFICATION

_GOING_ON = frozenset(state.name for state in OPEN)
FOUND_AGAIN = "found_again"
"""A patrol that found a hazard which was being corrected already → its rectification."""
CORRECT_WITHIN = {
    Severity.EMERGENCY: timedelta(),
    Severity.CRITICAL: timedelta(),
    Severity.MAJOR: timedelta(days=7),
    Severity.GENERAL: timedelta(days=30),
    Severity.NONE: timedelta(days=30),
}
"""What a place gives itself for what it found itself: the same day for what can kill now or is put right on the spot
(机关、团体、企业、事业单位消防安全管理规定 第三十一条), else days of our own choice."""


def open_from_finding(session: Session, case_id: UUID, seq: int, *, at: datetime) -> list[Case]:
    """Open a rectification for each hazard of the finding at `seq`; those corrected on the spot are closed at once.

    The same hazard of the same check opens one, however often this runs.
    """
    report = cases.by_id(session, case_id)
    finding = session.get(TimelineEntry, (case_id, seq))
    if finding is None:
        msg = f"{report.number} has no entry {seq}"
        raise LookupError(msg)
    corrected = set(finding.data.get("corrected", ()))
    opened = []
    for code in finding.data.get("hazards", ()):
        case = cases.open_case(
            session,
            RECTIFICATION.name,
            actor=SYSTEM,
            at=at,
            origin_key=f"{case_id}:{report.facts.get('objections', 0)}:{code}",
            facts={"found_by": str(finding.actor_id), "source": report.number},
            data={"source": report.number, "photos": finding.data.get("photos", [])},
            columns={
                "parent_id": report.id,
                "venue_id": report.venue_id,
                "area_id": report.area_id,
                # A venue's name or a colleague's words; the reporter's own stay sealed with the report.
                "place": report.place,
                "hazard_code": code,
                "assignee_id": report.assignee_id,
                "second_assignee_id": report.second_assignee_id,
                "channel": report.process,
            },
        )
        if code in corrected and case.state == "ordered":
            cases.fire(
                session, case, "record_corrected", actor=SYSTEM, at=at, data={"finding": f"{report.number} #{seq}"}
            )
        opened.append(case)
    return opened


@dataclass(frozen=True, slots=True)
class FoundOnPatrol:
    """A hazard that a patrol found."""

    hazard: str
    answer: UUID
    found_by: UUID | None
    is_by_venue: bool
    """Whether the place found it itself: then its own people may look whether it is gone."""
    point_id: UUID | None
    """The facility or key part; None: the venue as a whole."""
    place: str
    photos: tuple[UUID, ...] = ()
    is_on_spot: bool = False
    """Has to be put right at once, whatever the hazard's own severity."""
    was_corrected: bool = False
    """They put it right while they stood there."""


def open_from_patrol(session: Session, task: Case, found: Sequence[FoundOnPatrol], *, at: datetime) -> dict[UUID, Case]:
    """Open the rectifications of what a patrol found and return answer → its rectification.

    An open one of the same hazard at the same point is linked instead, if it may be (`_stands_for`). Each is ordered at
    once and given to who answers for fire safety at the venue; without anybody it waits for the brigade to serve it.
    Two patrols that find the same at once get one.
    """
    known = _of_venue(session, task, {one.hazard for one in found})
    day, venue_id = people.local_day(at), task.venue_id
    in_charge = people.of_venue(session, (Role.MANAGER, Role.OWNER), venue_id, day=day) if venue_id else []
    opened: dict[UUID, Case] = {}
    for one in found:
        same = known.setdefault((one.hazard, str(one.point_id) if one.point_id else None), [])
        there = next((case for case in same if _stands_for(case, task, one)), None)
        if there is None:
            earlier = sum(1 for case in same if case.channel == task.process)
            there = _open_one(session, task, one, earlier, in_charge[0].id if in_charge else None, at=at)
            same.append(there)
        if there.parent_id != task.id:
            cases.link(session, source=task.id, target=there.id, kind=FOUND_AGAIN, at=at)
        opened[one.answer] = there
    return opened


def _stands_for(case: Case, task: Case, found: FoundOnPatrol) -> bool:
    """Return whether what was found is being corrected under that rectification already.

    One that a report led to and that is not served yet stays the brigade's secret: the venue would learn from its
    number that somebody reported it. What a warden finds is for the brigade to see corrected, so one that the venue
    closes by itself does not stand for it.
    """
    if case.state not in _GOING_ON:
        return False
    if case.channel != task.process and case.state == ORDERED.name:
        return False
    return found.is_by_venue or not case.facts.get("by_venue")


def _open_one(
    session: Session, task: Case, found: FoundOnPatrol, earlier: int, manager_id: UUID | None, *, at: datetime
) -> Case:
    case = cases.open_case(
        session,
        RECTIFICATION.name,
        actor=SYSTEM,
        at=at,
        origin_key=f"patrol:{task.venue_id}:{found.point_id or '-'}:{found.hazard}:{earlier}",
        facts={"found_by": str(found.found_by), "source": task.number, "answer": str(found.answer),
               "by_venue": found.is_by_venue, **({"point_id": str(found.point_id)} if found.point_id else {})},
        data={"source": task.number, "photos": [str(photo) for photo in found.photos]},
        columns={
            "parent_id": task.id,
            "venue_id": task.venue_id,
            "area_id": task.area_id,
            "place": found.place[:200],
            "hazard_code": found.hazard,
            "assignee_id": manager_id,
            "channel": task.process,
        },
    )  # fmt: skip
    if case.state != ORDERED.name or case.version > 1:
        return case
    if found.was_corrected:
        cases.fire(session, case, "record_corrected", actor=SYSTEM, at=at, data={"finding": task.number})
    elif manager_id is not None:
        day = correct_by(found.hazard, on=people.local_day(at), is_on_spot=found.is_on_spot)
        cases.fire(session, case, "order_by_patrol", actor=SYSTEM, at=at, data={"correct_by": day})
    return case


def overrule(session: Session, case_id: UUID, *, task: Case, reason: str, at: datetime) -> str | None:
    """Take back what a patrol's answer ordered that does not stand any more; return the step, None when it has ended.

    What nobody has touched since is revoked with the reason. What people work on, or the brigade ordered, goes on and
    is told; the two stay linked.
    """
    case = cases.reload(session, case_id)
    if case.state not in _GOING_ON:
        return None
    by_people = select(col(TimelineEntry.seq)).where(
        col(TimelineEntry.case_id) == case_id, col(TimelineEntry.actor_id).is_not(None)
    )
    is_untouched = case.channel == task.process and session.execute(by_people.limit(1)).first() is None
    if is_untouched and case.state in {ORDERED.name, CORRECTING.name}:
        why = f"{task.number}：{reason}"[:LONGEST_REASON]
        cases.fire(session, case, "revoke", actor=SYSTEM, at=at, data={"reason": why})
        return "revoke"
    if case.state == ORDERED.name:
        return None
    data = {"patrol": task.number, "reason": reason}
    cases.fire(session, case, "finding_overruled", actor=SYSTEM, at=at, data=data)
    return "finding_overruled"


def correct_by(hazard: str, *, on: date, is_on_spot: bool = False) -> date:
    """Return the day by which a place has to put right what it found on that day."""
    known = catalogue.hazards().get(hazard)
    if known is None or is_on_spot or known.on_spot_correction:
        return on
    return on + CORRECT_WITHIN[known.severity]


def _of_venue(session: Session, task: Case, hazards: Collection[str]) -> dict[tuple[str, str | None], list[Case]]:
    """Return (hazard, point) → every rectification of it at the venue, ended ones too; None: the whole venue."""
    query = select(Case).where(
        col(Case.venue_id) == task.venue_id,
        col(Case.process) == RECTIFICATION.name,
        col(Case.hazard_code).in_(list(hazards)),
    )
    known: dict[tuple[str, str | None], list[Case]] = {}
    for case in session.execute(query.order_by(col(Case.id))).scalars():
        known.setdefault((str(case.hazard_code), case.facts.get("point_id")), []).append(case)
    return known


def tell_parent(session: Session, case_id: UUID, *, at: datetime) -> bool:
    """Let the report a rectification came from say that it is done; False when it came from none, or said so before."""
    case = cases.by_id(session, case_id)
    if case.parent_id is None or case.state != "closed":
        return False
    parent = cases.reload(session, case.parent_id)
    if parent.process != HAZARD_REPORT.name:
        return False  # nobody waits for an answer
    if case.number in parent.facts.get("corrected_cases", ()):
        return False
    cases.fire(session, parent, "tell_corrected", actor=SYSTEM, at=at, data={"other": case.number})
    return True
