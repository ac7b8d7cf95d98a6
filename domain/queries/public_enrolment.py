"""What an applicant reads of their own application: state, what has to be changed, the code. Nothing of staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from domain import articles, enrolments, papers, people
from domain.identifiers import mask_phone
from domain.language import Label
from domain.models import Case, TimelineEntry, Venue
from domain.processes import workflow_of
from domain.processes.enrolment import PUBLIC_STATES, RETURNED
from domain.processes.enrolment_forms import RejectReason

OWN_STEPS = {"lapse": Label("逾期未补正，已自动撤回", "Not changed in time, withdrawn")}
"""What happened, where the state alone does not tell it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, in words for the applicant."""

    words: Label
    at: datetime


@dataclass(frozen=True, slots=True)
class Returned:
    """What has to be changed: in general, and page by page of the form; until when."""

    text: str
    hints: Mapping[str, str]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class PublicEnrolment:
    """An application as its applicant may know it."""

    number: str
    state_name: str
    state: Label
    version: int
    name: str
    address: str
    person: str
    """Masked."""
    phone: str
    """Masked."""
    documents: tuple[str, ...]
    steps: tuple[Step, ...]
    is_open: bool
    due_at: datetime | None
    """Until when we review; None while it does not lie with us."""
    is_late: bool
    basis: Label | None
    """What that deadline rests on."""
    is_provisional: bool
    """The holidays of its year are not announced yet."""
    returned: Returned | None
    """None unless it lies with the applicant."""
    reason: Label | None
    explanation: str
    """Why it was not approved."""
    duplicate_of: str
    """Code of the venue the place is already; "" for none."""
    code: str
    """The place's own code, once it is approved and as long as it is open."""


def public_enrolment(session: Session, case: Case, *, at: datetime) -> PublicEnrolment:
    """Return what the applicant may read of it at that moment."""
    entries = session.execute(
        select(col(TimelineEntry.transition), col(TimelineEntry.source), col(TimelineEntry.target),
               col(TimelineEntry.at), col(TimelineEntry.data))
        .where(col(TimelineEntry.case_id) == case.id).order_by(col(TimelineEntry.seq))
    ).all()  # fmt: skip
    said = enrolments.application_of(session, case)
    venue = session.get(Venue, case.venue_id) if case.venue_id else None
    refused: Mapping[str, Any] = next((entry.data for entry in entries if entry.transition == "reject"), {})
    phone = getattr(said, "phone", "")
    return PublicEnrolment(
        number=case.number,
        state_name=case.state,
        state=PUBLIC_STATES[case.state],
        version=case.version,
        name=case.facts["application"]["name"],
        address=case.facts["application"]["address"],
        person=enrolments.masked_person(session, case),
        phone=mask_phone(phone) if phone else "",
        documents=tuple(paper.name for paper in papers.of_case(session, case.id)),
        steps=tuple(
            Step(OWN_STEPS.get(entry.transition) or PUBLIC_STATES[entry.target], entry.at)
            for entry in entries
            if entry.source != entry.target
        ),
        is_open=not workflow_of(case.process).state(case.state).final,
        due_at=case.due_at,
        is_late=case.due_at is not None and case.due_at < at,
        basis=basis.words if (basis := articles.of_due(workflow_of(case.process), case.clocks, case.due_at)) else None,
        is_provisional=any(one["running"] and one["provisional"] for one in case.clocks.values()),
        returned=_returned(case),
        reason=next((one.label for one in RejectReason if one == refused.get("reason")), None),
        explanation=str(refused.get("explanation", "")),
        duplicate_of=str(case.facts.get("duplicate_of") or ""),
        code=venue.code if venue is not None and venue.is_open(people.local_day(at)) else "",
    )


def _returned(case: Case) -> Returned | None:
    told = case.facts.get("returned")
    if case.state != RETURNED.name or not told:
        return None
    clock = case.clocks.get("answer") or {}
    until = datetime.fromisoformat(clock["due_at"]) if clock.get("running") else None
    return Returned(told["text"], told["hints"], until)
