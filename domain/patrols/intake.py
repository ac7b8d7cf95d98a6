"""Reads the records of one delivery against what its task asks: what can be kept, and what is refused by name.

Only what is no record at all is refused (an unknown code, an item nobody asked, a photo of another case); whatever
merely looks doubtful is kept with its mark. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import facilities, people, venues
from domain.facilities import UnknownFacility
from domain.identifiers import NotAnIdentifier, clean_facility_code, clean_venue_code
from domain.language import Sentence
from domain.models import Case, ChecklistVersion, Photo
from domain.patrols import presence, templates
from domain.patrols.delivery import PHOTOS_OF_TASK, Answer, CheckIn, storable
from domain.patrols.items import LARGEST_NUMBER, LONGEST_TEXT, AnswerRefused, Item, judge
from domain.patrols.phone_clock import Reading
from domain.patrols.presence import Doubt, Fix
from domain.patrols.sheet import VENUE_ITSELF, Sheet
from domain.processes.patrol_task import PATROL_TASK

BEYOND = int(LARGEST_NUMBER) * 10


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is none: it stays on the phone."""

    id: UUID
    field: str
    reason: Sentence


class NotARecord(Exception):
    """Nothing that can be kept; `field` is what is wrong with it."""

    def __init__(self, name: str, reason: Sentence) -> None:
        super().__init__(f"{name}: {reason}")
        self.field = name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that can be kept, with what it is worth."""

    answer: Answer
    item: Item
    value: dict[str, Any]
    outcome: str
    doubts: list[Doubt]


@dataclass(slots=True)
class PhotosAtHand:
    """The photos a delivery names, as far as they have arrived, and how many the task may still take."""

    rows: dict[UUID, Photo]
    elsewhere: set[str]
    """Digests of originals that another patrol has. Of patrols alone: whoever has a picture must not find out that
    somebody's report has it, too."""
    case_id: UUID
    room: int
    used_at: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Digest → (round, point) it was used at first."""
    taken: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, session: Session, case_id: UUID, ids: Iterable[UUID]) -> PhotosAtHand:
        """Return those of the ids, asked for at once."""
        wanted = list(set(ids))
        rows = {row.id: row for row in session.execute(select(Photo).where(col(Photo.id).in_(wanted))).scalars()}
        sums = {row.original_sha256 for row in rows.values()}
        other = (
            select(col(Photo.original_sha256))
            .join(Case, col(Case.id) == col(Photo.case_id))
            .where(col(Photo.original_sha256).in_(sums), col(Photo.case_id) != case_id)
            .where(col(Case.process) == PATROL_TASK.name)
        )
        count = select(func.count()).select_from(Photo).where(col(Photo.case_id) == case_id)
        taken: int = session.execute(count).scalar_one()
        return cls(rows, set(session.execute(other).scalars()) if sums else set(), case_id, PHOTOS_OF_TASK - taken)

    def claim(self, ids: Iterable[UUID]) -> None:
        """Take photos for a record; raises `NotARecord` for one of another case, or when they are too many."""
        fresh = []
        for photo in ids:
            row = self.rows.get(photo)
            if row is not None and row.case_id not in {None, self.case_id}:
                raise NotARecord("photos", Sentence("A photo is missing or belongs to another case."))
            if row is not None and row.case_id is None and photo not in self.taken:
                fresh.append(photo)
        if len(fresh) > self.room:
            raise NotARecord("photos", Sentence("A patrol takes at most %(limit)s photos.", limit=PHOTOS_OF_TASK))
        self.room -= len(fresh)
        self.taken.update(fresh)


def doubts_of_code(session: Session, sheet: Sheet, check_in: CheckIn) -> list[Doubt]:
    """Return what is doubtful about a check-in's code; raises `NotARecord` when it is not the code of its point."""
    if check_in.point != VENUE_ITSELF and check_in.point not in sheet.by_seq:
        raise NotARecord("point", Sentence("The plan has no such point."))
    if check_in.how == "none":
        if not check_in.reason:
            raise NotARecord("reason", Sentence("Say why no code was scanned."))
        return []
    code = _cleaned(check_in.code)
    if code is None:
        raise NotARecord("code", Sentence("This is no code of ours."))
    there = sheet.codes.get(code)
    if there == check_in.point:
        return []
    if there is not None:
        name = sheet.by_seq[there].name if there else sheet.venue.name
        raise NotARecord("code", Sentence("This is the code of another point: %(name)s.", name=name))
    return _elsewhere(session, sheet, check_in, code)


def _cleaned(text: str) -> str | None:
    last = text.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    for clean in (clean_facility_code, clean_venue_code):
        try:
            return clean(last)
        except NotAnIdentifier:
            continue
    return None


def _elsewhere(session: Session, sheet: Sheet, check_in: CheckIn, code: str) -> list[Doubt]:
    try:
        place = facilities.by_code(session, code)
        venue_id = place.venue_id
    except UnknownFacility:
        try:
            venue_id = venues.by_code(session, code).id
        except venues.CodeReplaced as old:
            if old.venue.id == sheet.venue.id and check_in.point == VENUE_ITSELF:
                return [{"kind": "old_code", "day": people.local_day(old.ended_at).isoformat()}]
            venue_id = old.venue.id
        except venues.UnknownVenue:
            raise NotARecord("code", Sentence("No venue and no facility has this code.")) from None
    if venue_id != sheet.venue.id:
        raise NotARecord("code", Sentence("This is the code of another venue."))
    raise NotARecord("code", Sentence("This code is not a point of this patrol."))


def doubts_of_check_in(check_in: CheckIn, sheet: Sheet, reading: Reading) -> list[Doubt]:
    """Return what speaks against a check-in by itself."""
    venue = sheet.venue
    place = (venue.lat, venue.lon) if venue.lat is not None and venue.lon is not None else None
    fix, time = fix_of(check_in), reading.by_id[check_in.id]
    return [
        *presence.of_code(check_in.how, check_in.reason, fix),
        *presence.of_position(fix, place, reach=presence.reach_m(venue.sizes)),
        *presence.of_time(time.at, ahead=time.ahead, starts_at=sheet.task.starts_at),
    ]


def fix_of(check_in: CheckIn) -> Fix | None:
    """Return where the phone was; None where it did not know."""
    if check_in.lat is None or check_in.lon is None:
        return None
    return Fix(check_in.lat, check_in.lon, check_in.accuracy_m or 0.0)


class Versions:
    """The versions of the task's checklist that answers name, each read once."""

    def __init__(self, session: Session, sheet: Sheet) -> None:
        self._session = session
        self._template = sheet.version.template_id
        self._items = {sheet.version.id: {item.code: item for item in templates.items_of(sheet.version)}}

    def item(self, version_id: UUID, code: str) -> Item:
        """Return the item as that version asks it; raises `NotARecord`."""
        if version_id not in self._items:
            version = self._session.get(ChecklistVersion, version_id)
            if version is None or version.template_id != self._template:
                raise NotARecord("version", Sentence("This is not a version of this patrol's checklist."))
            self._items[version_id] = {item.code: item for item in templates.items_of(version)}
        found = self._items[version_id].get(code)
        if found is None:
            raise NotARecord("item", Sentence("This version of the checklist does not ask %(item)s.", item=code))
        return found


def judged(answer: Answer, sheet: Sheet, versions: Versions, at_hand: PhotosAtHand, reading: Reading) -> Judged:
    """Return what an answer is worth and what is doubtful about it; raises `NotARecord`."""
    if answer.point != VENUE_ITSELF and answer.point not in sheet.by_seq:
        raise NotARecord("point", Sentence("The plan has no such point."))
    item = versions.item(answer.version, answer.item)
    time, value = reading.by_id[answer.id], _plain(answer.value)
    try:
        day = people.local_day(time.at)
        outcome = judge(item, value, photos=len(answer.photos), comment=answer.comment, on=day)
    except AnswerRefused as refused:
        raise NotARecord(refused.field, refused.reason) from refused
    at_hand.claim(answer.photos)
    doubts = presence.of_time(time.at, ahead=time.ahead, starts_at=sheet.task.starts_at)
    for photo in answer.photos:
        doubts += _doubts_of_photo(photo, answer, at_hand, at=time.at, skew=reading.skew)
    return Judged(answer, item, value, outcome, doubts)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return what an outcome can be taken from, and nothing that no database keeps."""
    kept = {name: _scalar(value.get(name)) for name in ("choice", "number", "text", "date", "signature")}
    return {name: said for name, said in kept.items() if said is not None}


def _scalar(said: Any) -> str | float | bool | None:  # noqa: ANN401 - whatever came in
    if isinstance(said, str):
        return str(storable(said))[: LONGEST_TEXT + 1]
    if isinstance(said, bool):
        return said
    if isinstance(said, int | float):  # not a number stays none; what is too large stays too large
        return None if said != said else max(-BEYOND, min(BEYOND, said))  # noqa: PLR0124
    return None


def _doubts_of_photo(
    photo: UUID, answer: Answer, at_hand: PhotosAtHand, *, at: datetime, skew: timedelta
) -> list[Doubt]:
    row = at_hand.rows.get(photo)
    if row is None:
        return [{"kind": "photo_missing", "photo": str(photo)}]
    found: list[Doubt] = presence.of_photo_time(str(photo), row.taken_at, at, skew)
    found += presence.of_photo_arrival(str(photo), row.made_at, at)
    here = (answer.round, answer.point)
    first = at_hand.used_at.setdefault(row.original_sha256, here)
    if row.original_sha256 in at_hand.elsewhere:
        found.append({"kind": "photo_reused", "photo": str(photo), "elsewhere": True})
    elif first != here:
        found.append({"kind": "photo_reused", "photo": str(photo), "elsewhere": False})
    return found
