"""Rectifications as findings make them, one for each hazard."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from domain import cases
from domain.actors import SYSTEM
from domain.models import Case, TimelineEntry
from domain.processes.rectification import RECTIFICATION


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


def tell_parent(session: Session, case_id: UUID, *, at: datetime) -> bool:
    """Let the report a rectification came from say that it is done; False when it came from none, or said so before."""
    case = cases.by_id(session, case_id)
    if case.parent_id is None or case.state != "closed":
        return False
    parent = cases.reload(session, case.parent_id)
    if case.number in parent.facts.get("corrected_cases", ()):
        return False
    cases.fire(session, parent, "tell_corrected", actor=SYSTEM, at=at, data={"other": case.number})
    return True
