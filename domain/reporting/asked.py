"""What a report is asked for: which days, of which process, area, organisation and hazard, as of when."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from domain import access, catalogue
from domain.actors import Actor
from domain.asking import AskedWrongly, day_in, is_too_early, no_date
from domain.language import Sentence
from domain.models import Area, Organisation
from domain.processes import LISTED
from domain.reporting import reach as reaches
from domain.reporting.reach import Reach
from domain.rights import Right
from domain.settings import city_zone
from domain.table import FieldRefusal

LONGEST_YEARS = 10
"""A longer period is a slip of the hand."""
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_ORGANISATIONS: Any = Organisation.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Asked:
    """Days are the city's, both ends included; a filter left alone asks for all."""

    from_on: date
    until_on: date
    """The last day."""
    process: str | None = None
    area_id: UUID | None = None
    """With everything below it."""
    organisation_id: UUID | None = None
    hazard: str | None = None
    """A code such as `EVA-01`, or a category such as `EVA`."""
    as_of: datetime | None = None
    """What was true at that moment; None: as far as the timelines are measured."""

    @property
    def begins_at(self) -> datetime:
        """Return when the first day begins (UTC)."""
        return datetime.combine(self.from_on, time(), city_zone()).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """Return when the last day is over (UTC)."""
        return datetime.combine(self.until_on + timedelta(days=1), time(), city_zone()).astimezone(UTC)

    @property
    def days(self) -> int:
        """Return how many days the period has."""
        return (self.until_on - self.from_on).days + 1

    def before(self) -> Asked:
        """Return the same question of the period before.

        Whole calendar months compare with as many whole calendar months before; any other period with the one of
        equal length that ends the day before it.
        """
        until = self.from_on - timedelta(days=1)
        months = _whole_months(self.from_on, self.until_on)
        begins = _months_back(self.from_on, months) if months else self.from_on - timedelta(days=self.days)
        return replace(self, from_on=begins, until_on=until)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "from_on": self.from_on.isoformat(),
            "until_on": self.until_on.isoformat(),
            "process": self.process,
            "area_id": str(self.area_id) if self.area_id else None,
            "organisation_id": str(self.organisation_id) if self.organisation_id else None,
            "hazard": self.hazard,
            "as_of": self.as_of.astimezone(UTC).isoformat() if self.as_of else None,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Asked:
        """Return what `as_data` wrote down."""
        area, organisation, as_of = data.get("area_id"), data.get("organisation_id"), data.get("as_of")
        return cls(
            date.fromisoformat(data["from_on"]),
            date.fromisoformat(data["until_on"]),
            data.get("process"),
            UUID(area) if area else None,
            UUID(organisation) if organisation else None,
            data.get("hazard"),
            datetime.fromisoformat(as_of) if as_of else None,
        )


def _whole_months(begins: date, ends: date) -> int:
    """Return how many whole calendar months these days are; 0 when they are not."""
    if begins.day != 1 or ends.day != monthrange(ends.year, ends.month)[1]:
        return 0
    return (ends.year - begins.year) * 12 + ends.month - begins.month + 1


def _months_back(first: date, months: int) -> date:
    years, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return date(years, month + 1, 1)


def read(session: Session, fields: Mapping[str, str], *, actor: Actor, at: datetime) -> Asked:
    """Return what a form, an address or a command asks for.

    Fields: `from`, `until` (ISO dates; without both, the month of `at` up to its day), `process`, `area` and
    `organisation` (codes), `hazard`, `as_of` (ISO date, for its end, or ISO moment). Raises `AskedWrongly` with a
    refusal per field, and `access.OutOfReach`, with the code as it was typed, for an area or an organisation the
    actor may not know of, as for one there is none of.
    """
    today = at.astimezone(city_zone()).date()
    refusals: list[FieldRefusal] = []
    begins = day_in(fields, "from", refusals) or (None if fields.get("from") else today.replace(day=1))
    ends = day_in(fields, "until", refusals) or (None if fields.get("until") else today)
    as_of = _moment(fields, "as_of", refusals, today)
    if begins and ends:
        refusals += _period_refusals(begins, ends, today)
    if as_of and as_of > at:
        refusals.append(FieldRefusal("as_of", Sentence("This moment is in the future.")))
    process = fields.get("process") or None
    if process and process not in LISTED:
        refusals.append(FieldRefusal("process", Sentence("There is no such process.")))
    hazard = (fields.get("hazard") or "").strip().upper() or None
    if hazard and hazard not in catalogue.hazards() and hazard not in catalogue.categories():
        refusals.append(FieldRefusal("hazard", Sentence("There is no hazard with the code %(code)s.", code=hazard)))
    if refusals or begins is None or ends is None:
        raise AskedWrongly(tuple(refusals))
    return Asked(begins, ends, process, _area(session, fields.get("area"), actor),
                 _organisation(session, fields.get("organisation"), actor), hazard, as_of)  # fmt: skip


def require_reach(session: Session, asked: Asked, *, actor: Actor) -> None:
    """Raise `access.OutOfReach` when the area asked for is not one this actor may know of (any more)."""
    if asked.area_id is not None and not _is_reached(session, asked.area_id, actor):
        raise access.OutOfReach(str(asked.area_id))


def _period_refusals(begins: date, ends: date, today: date) -> list[FieldRefusal]:
    if ends < begins:
        return [FieldRefusal("until", Sentence("The period ends before it begins."))]
    if ends > today:
        return [FieldRefusal("until", Sentence("The period ends in the future; choose a day up to today."))]
    if ends.year - begins.year - ((ends.month, ends.day) < (begins.month, begins.day)) >= LONGEST_YEARS:
        return [FieldRefusal("from", Sentence("A period of more than %(years)s years cannot be asked for.",
                                              years=LONGEST_YEARS))]  # fmt: skip
    return []


def _moment(fields: Mapping[str, str], name: str, refusals: list[FieldRefusal], today: date) -> datetime | None:
    """Return a moment, of a day its end; None for none, and for today, which has not ended."""
    text = (fields.get(name) or "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if is_too_early(moment.date(), name, refusals):
            return None
        if len(text) <= len("2026-01-01"):
            if moment.date() == today:
                return None
            moment = datetime.combine(moment.date() + timedelta(days=1), time(), city_zone())
        return (moment if moment.tzinfo else moment.replace(tzinfo=city_zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        refusals.append(FieldRefusal(name, no_date(text)))
        return None


def _area(session: Session, code: str | None, actor: Actor) -> UUID | None:
    if not code:
        return None
    found: UUID | None = session.execute(select(_AREAS.c.id).where(_AREAS.c.code == code)).scalar()
    if found is None or not _is_reached(session, found, actor):
        raise access.OutOfReach(code)
    return found


def _is_reached(session: Session, area_id: UUID, actor: Actor) -> bool:
    return access.may(actor, Right.SEE_REPORTS, access.place_of(session, area_id=area_id, venue_id=None))


def _organisation(session: Session, code: str | None, actor: Actor) -> UUID | None:
    if not code:
        return None
    query = (
        select(_ORGANISATIONS.c.id, _AREAS.c.path)
        .outerjoin(_AREAS, _AREAS.c.id == _ORGANISATIONS.c.area_id)
        .where(_ORGANISATIONS.c.code == code)
    )
    found = session.execute(query).first()
    if found is None or not knows_organisation(reaches.of(session, actor), found.path):
        raise access.OutOfReach(code)
    organisation_id: UUID = found.id
    return organisation_id


def knows_organisation(mine: Reach, area_path: str | None) -> bool:
    """Return whether a report may be asked for an organisation of that area: whose area touches one's own reach."""
    return area_path is None or bool(reaches.within(mine, area_path))
