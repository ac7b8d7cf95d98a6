"""A delivery on its way in: its records read, corrected by our clock and weighed, ready to be written."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select, update
from sqlmodel import Session

from domain.actors import Actor
from domain.language import Sentence
from domain.models import Case, PatrolAnswer, PatrolBatch, PatrolCheckIn, Photo
from domain.patrols import intake, presence
from domain.patrols.delivery import MOST_SEQ, Answer, CheckIn, Delivery, read_records
from domain.patrols.intake import Judged, NotARecord, PhotosAtHand, Refusal, Versions
from domain.patrols.phone_clock import Claim, Reading, corrected
from domain.patrols.presence import Doubt, Visit
from domain.patrols.sheet import VENUE_ITSELF, Sheet

_CHECK_INS: Any = PatrolCheckIn.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
_BATCHES: Any = PatrolBatch.__table__  # type: ignore[attr-defined]
_PHOTOS: Any = Photo.__table__  # type: ignore[attr-defined]

TAKEN = Sentence("This id belongs to another record.")


@dataclass(slots=True)
class Arrival:
    """A delivery on its way in."""

    sent: Delivery
    case: Case
    sheet: Sheet
    reading: Reading
    check_ins: list[tuple[CheckIn, list[Doubt]]] = field(default_factory=list)
    answers: list[Judged] = field(default_factory=list)
    accepted: list[UUID] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Return whether it brings nothing new."""
        return not self.check_ins and not self.answers


def read(session: Session, sent: Delivery, case: Case, sheet: Sheet, *, at: datetime) -> Arrival:
    """Return what of a delivery can be kept and what is refused; the photos it names become the case's."""
    check_ins, bad_check_ins = read_records(sent.check_ins, CheckIn)
    answers, bad_answers = read_records(sent.answers, Answer)
    read_whole: list[CheckIn | Answer] = [*check_ins, *answers]
    coming = Arrival(sent, case, sheet, _reading(sent, read_whole, at))
    coming.refused += [_unreadable(*fault) for fault in (*bad_check_ins, *bad_answers)]
    known = _known(session, [one.id for one in read_whole])
    _read_check_ins(session, coming, [one for one in check_ins if _is_new(coming, one.id, known)])
    fresh = [one for one in answers if _is_new(coming, one.id, known)]
    signature = [sent.done.signature] if sent.done and sent.done.signature else []
    at_hand = PhotosAtHand.of(session, case.id, [*(photo for one in fresh for photo in one.photos), *signature])
    _read_answers(session, coming, fresh, at_hand)
    try:
        at_hand.claim(signature)
    except NotARecord as none:
        coming.refused.append(Refusal(sent.batch, "signature", none.reason))
    attach(session, case.id, at_hand.taken)
    return coming


def _reading(sent: Delivery, records: Iterable[CheckIn | Answer], at: datetime) -> Reading:
    claims = [Claim(one.id, one.seq, one.claimed_at) for one in records]
    if sent.done:
        claims.append(Claim(sent.batch, MOST_SEQ, sent.done.claimed_at))
    offset = None if sent.clock.offset_ms is None else timedelta(milliseconds=sent.clock.offset_ms)
    contact_at = sent.clock.contact_at
    return corrected(claims, sent_at=sent.sent_at, offset=offset, received_at=at, contact_at=contact_at)


def _read_check_ins(session: Session, coming: Arrival, fresh: Iterable[CheckIn]) -> None:
    for check_in in fresh:
        try:
            doubts = intake.doubts_of_code(session, coming.sheet, check_in)
        except NotARecord as none:
            coming.refused.append(Refusal(check_in.id, none.field, none.reason))
            continue
        doubts += intake.doubts_of_check_in(check_in, coming.sheet, coming.reading)
        coming.check_ins.append((check_in, doubts))
        coming.accepted.append(check_in.id)


def _read_answers(session: Session, coming: Arrival, fresh: Iterable[Answer], at_hand: PhotosAtHand) -> None:
    versions = Versions(session, coming.sheet)
    for answer in fresh:
        try:
            coming.answers.append(intake.judged(answer, coming.sheet, versions, at_hand, coming.reading))
        except NotARecord as none:
            coming.refused.append(Refusal(answer.id, none.field, none.reason))
            continue
        coming.accepted.append(answer.id)


def _unreadable(record: UUID, fault: ValidationError) -> Refusal:
    first = next((str(step) for step in fault.errors()[0]["loc"] if isinstance(step, str)), "")
    return Refusal(record, first, Sentence("This cannot be read: %(field)s.", field=first or "?"))


def _known(session: Session, ids: list[UUID]) -> dict[UUID, UUID]:
    """Return id → case of those records that are there already."""
    found: dict[UUID, UUID] = {}
    for table in (_CHECK_INS, _ANSWERS):
        rows = session.execute(select(table.c.id, table.c.case_id).where(table.c.id.in_(ids)))
        found |= {row.id: row.case_id for row in rows}
    return found


def _is_new(coming: Arrival, record: UUID, known: Mapping[UUID, UUID]) -> bool:
    if record not in known:
        return True
    if known[record] == coming.case.id:
        coming.accepted.append(record)
    else:
        coming.refused.append(Refusal(record, "id", TAKEN))
    return False


def attach(session: Session, case_id: UUID, ids: Iterable[UUID]) -> None:
    """Make photos that belong to nothing yet the case's own."""
    free = (_PHOTOS.c.id.in_(list(ids)), _PHOTOS.c.case_id.is_(None))
    session.connection().execute(update(_PHOTOS).where(*free).values(case_id=case_id, source="staff"))


@dataclass(frozen=True, slots=True)
class Rows:
    """What is written, as the tables have it."""

    check_ins: list[dict[str, Any]]
    answers: list[dict[str, Any]]


def rows_of(coming: Arrival, actor: Actor) -> Rows:
    """Return the rows of the records that can be kept; which answers stand is decided later."""
    sent, sheet, by_id = coming.sent, coming.sheet, coming.reading.by_id
    whose = {"case_id": coming.case.id, "batch_id": sent.batch, "person_id": actor.person_id, "device_id": sent.device}
    check_ins = [
        {**whose, "id": one.id, "seq": one.seq, "round": one.round, "point": one.point, "code": one.code[-24:],
         "how": one.how, "reason": one.reason, "at": by_id[one.id].at, "claimed_at": one.claimed_at, "lat": one.lat,
         "lon": one.lon, "accuracy_m": one.accuracy_m, "doubts": doubts}
        for one, doubts in coming.check_ins
    ]  # fmt: skip
    answers = [
        {**whose, "id": one.answer.id, "seq": one.answer.seq, "round": one.answer.round, "point": one.answer.point,
         "venue_id": sheet.venue.id, "item": one.item.code, "version_id": one.answer.version,
         "point_id": sheet.by_seq[one.answer.point].id if one.answer.point != VENUE_ITSELF else None,
         "outcome": one.outcome, "value": one.value, "comment": one.answer.comment,
         "photos": [str(photo) for photo in one.answer.photos], "at": by_id[one.answer.id].at,
         "claimed_at": one.answer.claimed_at, "stands": False, "against": None, "settled_at": None,
         "doubts": one.doubts, "rectification_id": None}
        for one in coming.answers
    ]  # fmt: skip
    return Rows(check_ins, answers)


PLAUSIBLE_WITHIN = timedelta(hours=1)
"""Beyond it a car reaches any place of a city."""
NEIGHBOURS = 3
"""So many check-ins elsewhere, before and after one, are compared with it."""
ELSEWHERE_WITHIN = timedelta(days=1)
"""So far back is looked for what the same person did at other venues."""


def visits_elsewhere(session: Session, coming: Arrival, person_id: UUID | None, *, at: datetime) -> list[Visit]:
    """Return where else the same person checked in with a position at about that time, in other tasks."""
    moments = [coming.reading.by_id[one.id].at for one, _ in coming.check_ins if intake.fix_of(one)]
    if not moments:
        return []
    since = _BATCHES.c.received_at > at - ELSEWHERE_WITHIN
    recent = select(_BATCHES.c.case_id).where(_BATCHES.c.person_id == person_id, since).distinct()
    span = (min(moments) - PLAUSIBLE_WITHIN, max(moments) + PLAUSIBLE_WITHIN)
    rows = session.execute(
        select(_CHECK_INS).where(
            _CHECK_INS.c.case_id.in_(recent), _CHECK_INS.c.case_id != coming.case.id,
            _CHECK_INS.c.person_id == person_id, _CHECK_INS.c.lat.is_not(None), _CHECK_INS.c.at.between(*span),
        )
    )  # fmt: skip
    return [Visit(row.point, row.at, _fix(row)) for row in rows]


def doubt_the_way(coming: Arrival, earlier: Iterable[Any], answered: set[int], elsewhere: Iterable[Visit] = ()) -> None:
    """Mark what only the whole of a delivery shows: how fast somebody moved, a moved clock, points nobody visited.

    `earlier` are the task's check-ins of before, as rows; `elsewhere` those of the same person in other tasks.
    """
    before, others = list(earlier), sorted(elsewhere, key=lambda one: one.at)
    moments = [one.at for one in others]
    here = [Visit(row.point, row.at, _fix(row)) for row in before if row.device_id == coming.sent.device]
    visits = sorted(
        ((Visit(one.point, coming.reading.by_id[one.id].at, intake.fix_of(one)), doubts)
         for one, doubts in coming.check_ins),
        key=lambda pair: pair[0].at,
    )  # fmt: skip
    for visit, doubts in visits:
        earlier_ones = [one for one in here if one.fix is not None and one.at <= visit.at]
        doubts.extend(presence.of_way(max(earlier_ones, key=lambda one: one.at, default=None), visit))
        here.append(visit)
        there = bisect_left(moments, visit.at)  # those next to it in time say most, and a busy day has thousands
        around = others[max(0, there - NEIGHBOURS) : there + NEIGHBOURS]
        apart = [presence.of_way(*sorted((one, visit), key=lambda two: two.at)) for one in around]
        doubts.extend(next((found for found in apart if found and not _has(doubts, "too_fast")), []))
    visited = {row.point for row in before} | {one.point for one, _ in coming.check_ins}
    unvisited = {one.answer.point for one in coming.answers} - visited - {VENUE_ITSELF} - answered
    coming.doubts += presence.of_pace(visit for visit, _ in visits)
    coming.doubts += presence.of_clock(coming.reading.moved, coming.reading.backwards)
    coming.doubts += presence.of_unvisited(sorted(unvisited))


def _has(doubts: Iterable[Doubt], kind: str) -> bool:
    return any(doubt["kind"] == kind for doubt in doubts)


def _fix(row: Any) -> presence.Fix | None:  # noqa: ANN401 - a row
    if row.lat is None or row.lon is None:
        return None
    return presence.Fix(row.lat, row.lon, row.accuracy_m or 0.0)
