"""What a reporter reads of their own report: public timeline, answer, corrections. Nothing of staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import articles, catalogue, places
from domain.catalogue import Hazard
from domain.clocks import Unit
from domain.companions import MERGED_INTO
from domain.language import N_, Label, Sentence
from domain.models import Case, CaseLink, TimelineEntry, Venue
from domain.processes import workflow_of
from domain.processes.hazard_report import OBJECTION_WITHIN, PUBLIC_STATES
from domain.processes.rectification import CLOSED as CORRECTED
from domain.processes.rectification import RECTIFICATION, REVOKED
from domain.processes.retention import REMOVED_AT, Part
from domain.table import Clock
from domain.timing import Reading

OWN_STEPS: dict[str, Label] = {
    "add_information": Label("您补充了情况", "You added information"),
    "remind": Label("您催办了", "You urged us"),
    "rate": Label("您作了评价", "You rated the answer"),
    "object": Label("您表示不满意", "You objected"),
}
"""What the reporter did, in words to them; only when they did it."""
OTHER_STEPS: dict[str, Label] = {
    "tell_corrected": Label("一处隐患已整改", "A hazard was corrected"),
    "share_reply": Label("已答复", "Answered"),
}
CHECK_CLOCKS = ("verify", "verify_again")
TELL_CLOCKS = ("reply", "tell")
CLOSE_CLOCK = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, in words for the reporter."""

    words: Label
    at: datetime


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something that will happen; `due_at` is the latest moment where the law or we have set one."""

    words: Sentence
    due_at: datetime | None = None
    is_late: bool = False
    on: str = N_("at the latest %(time)s")
    """How `due_at` is said, to be translated."""
    basis: Label | None = None
    """The article it rests on, or that it is our own target."""
    is_provisional: bool = False
    """The holidays of its year are not announced yet."""


@dataclass(frozen=True, slots=True)
class FoundHazard:
    """A hazard the check found, and whether it is gone."""

    hazard: Hazard
    is_corrected: bool
    correct_by: date | None


@dataclass(frozen=True, slots=True)
class PublicReport:
    """A report as its reporter may know it."""

    case_id: UUID
    number: str
    state: Label
    version: int
    opened_at: datetime
    place: str | None
    place_en: str
    """The venue's English name; empty when there is none, or no venue."""
    venue_code: str | None
    hazard: Hazard | None
    is_open: bool
    is_joined: bool
    """Handled together with an earlier report."""
    has_phone: bool
    steps: tuple[Step, ...]
    ahead: tuple[Ahead, ...]
    due_at: datetime | None
    """When the check, or after it the answer, is due."""
    reply: str | None
    replied_at: datetime | None
    identity_removed_at: datetime | None
    """When their name, phone and position were removed because their time was over."""
    words_removed_at: datetime | None
    found: tuple[FoundHazard, ...]


def public_report(session: Session, case: Case, *, at: datetime) -> PublicReport:
    """Return what the reporter of `case` may read of it at that moment."""
    entries = session.execute(
        select(
            col(TimelineEntry.transition), col(TimelineEntry.source), col(TimelineEntry.target),
            col(TimelineEntry.actor_role), col(TimelineEntry.at), col(TimelineEntry.data),
        ).where(col(TimelineEntry.case_id) == case.id).order_by(col(TimelineEntry.seq))
    ).all()  # fmt: skip
    venue = session.execute(select(col(Venue.code), col(Venue.name_en)).where(col(Venue.id) == case.venue_id)).first()
    joined = _joined(session, case)
    ahead = _ahead(case, at)
    return PublicReport(
        case_id=case.id,
        number=case.number,
        state=PUBLIC_STATES[case.state],
        version=case.version,
        opened_at=case.opened_at,
        place=case.place or places.words(session, case),
        place_en=venue.name_en if venue else "",
        venue_code=venue.code if venue else None,
        hazard=catalogue.hazards().get(case.hazard_code or ""),
        is_open=not workflow_of(case.process).state(case.state).final,
        is_joined=joined is not None,
        has_phone=bool(case.facts.get("has_phone")),
        steps=_steps(entries),
        ahead=ahead,
        due_at=next((step.due_at for step in ahead if step.due_at), None),
        reply=_reply(case, entries),
        replied_at=_moment(case.facts.get("replied_at")),
        identity_removed_at=_moment(case.facts.get(REMOVED_AT[Part.IDENTITY])),
        words_removed_at=_moment(case.facts.get(REMOVED_AT[Part.WORDS])),
        found=_found(session, joined or case.id) if case.facts.get("replied_at") else (),
    )


def _steps(entries: Sequence[Any]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for entry in entries:
        own = OWN_STEPS.get(entry.transition) if entry.actor_role == "reporter" else None
        words = own or OTHER_STEPS.get(entry.transition)
        if words is None and entry.source != entry.target:
            words = PUBLIC_STATES[entry.target]
        if words is not None:
            steps.append(Step(words, entry.at))
    return tuple(steps)


def _ahead(case: Case, at: datetime) -> tuple[Ahead, ...]:
    """Return what is still to come: read off the clocks that run, so that no state is named here."""
    told = Ahead(Sentence("You are told what was found"))
    done = Ahead(Sentence("Closed after what has to be corrected was checked again"))
    if due := _running(case, *CHECK_CLOCKS):
        limit = due.reading.limit
        words = Sentence("Checked on site")
        if limit and limit.unit is not Unit.UNTIL:
            words = Sentence("Checked on site within %(limit)s", limit=articles.limit_words(limit))
        by_law = _running(case, *TELL_CLOCKS)
        return _until(words, due, at), _until(told.words, by_law, at) if by_law else told, done
    if due := _running(case, *TELL_CLOCKS):
        return _until(told.words, due, at), done
    if due := _running(case, CLOSE_CLOCK):
        # Two moments, and an objection is still heard after the first: each has a line of its own.
        heard_until = replied_at + OBJECTION_WITHIN if (replied_at := _moment(case.facts.get("replied_at"))) else None
        return (
            Ahead(Sentence("Closes by itself when you do not object"), due.reading.due_at, on=N_("on %(time)s")),
            Ahead(Sentence("You may object, also after it was closed"), heard_until, on=N_("until %(time)s")),
        )
    return ()


@dataclass(frozen=True, slots=True)
class _Due:
    clock: Clock
    reading: Reading


def _until(words: Sentence, due: _Due, at: datetime) -> Ahead:
    reading = due.reading
    return Ahead(
        words, reading.due_at, is_late=reading.due_at < at, basis=articles.of_clock(due.clock, reading).words,
        is_provisional=reading.provisional,
    )  # fmt: skip


def _running(case: Case, *names: str) -> _Due | None:
    """Return the one of these clocks that ends first, as far as they run."""
    known = [clock for clock in workflow_of(case.process).clocks if clock.name in names and clock.name in case.clocks]
    running = [_Due(clock, reading) for clock in known if (reading := Reading.of(case.clocks[clock.name])).running]
    return min(running, key=lambda due: due.reading.due_at, default=None)


def _reply(case: Case, entries: Sequence[Any]) -> str | None:
    """Return the answer: the handler's reply, or what a refusal or a transfer told the reporter."""
    if reply := case.facts.get("reply"):
        return str(reply)
    for entry in reversed(entries):
        said = [entry.data.get(name) for name in ("explanation", "competent", "authority", "contact")]
        if entry.source != entry.target and any(said):
            return "\n".join(str(text) for text in said if text)
    return None


def _joined(session: Session, case: Case) -> UUID | None:
    link = select(col(CaseLink.to_id)).where(
        col(CaseLink.from_id) == case.id, col(CaseLink.kind) == MERGED_INTO, col(CaseLink.ended_at).is_(None)
    )
    return session.execute(link).scalar()


def _found(session: Session, report_id: UUID) -> tuple[FoundHazard, ...]:
    """Return the hazards found; asked only after the answer, because a finding may be sent back before."""
    rows = session.execute(
        select(col(Case.hazard_code), col(Case.state), col(Case.facts))
        .where(col(Case.parent_id) == report_id, col(Case.process) == RECTIFICATION.name)
        .order_by(col(Case.number))
    ).all()
    return tuple(
        FoundHazard(
            catalogue.hazards()[row.hazard_code],
            is_corrected=row.state == CORRECTED.name,
            correct_by=date.fromisoformat(row.facts["correct_by"]) if row.facts.get("correct_by") else None,
        )
        for row in rows
        if row.hazard_code in catalogue.hazards() and row.state != REVOKED.name
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
