"""What the pages of reports share: reading what is asked for, the periods to choose from, addresses behind numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import quote_plus, urlencode
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from api.field_errors import FieldError
from domain.access import OutOfReach
from domain.actors import Actor
from domain.asking import AskedWrongly
from domain.language import Sentence
from domain.models import Area, Organisation
from domain.people import local_day
from domain.queries import area_tree
from domain.queries.area_tree import Named
from domain.reporting import asked as asking
from domain.reporting import reach as reaches
from domain.reporting.asked import Asked
from domain.reporting.drill import Figure
from domain.reporting.figures import Numbers
from domain.reporting.reach import Reach

FIELDS = ("from", "until", "process", "area", "organisation", "hazard", "as_of")
LONGEST = 60
NO_AREA = Sentence("There is no such area.")
NO_ORGANISATION = Sentence("There is no such organisation.")


@dataclass(frozen=True, slots=True)
class Preset:
    """A period to choose by one link."""

    words: Sentence
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be reported on, field by field; `is_hidden`: it names what this person may not know of."""

    errors: tuple[FieldError, ...]
    is_hidden: bool = False


def typed_in(query: Mapping[str, str]) -> dict[str, str]:
    """Return what an address or a form asks for, as it was typed."""
    return {name: str(query.get(name, "")).strip()[:LONGEST] for name in FIELDS}


def read(session: Session, typed: Mapping[str, str], *, actor: Actor, at: datetime) -> Asked | Refused:
    """Return what is asked for, or what is wrong with it."""
    try:
        return asking.read(session, typed, actor=actor, at=at)
    except AskedWrongly as wrong:
        return Refused(tuple(FieldError(one.field, one.reason) for one in wrong.refusals))
    except OutOfReach as hidden:
        is_body = bool(typed["organisation"]) and str(hidden) == typed["organisation"]
        error = FieldError("organisation", NO_ORGANISATION) if is_body else FieldError("area", NO_AREA)
        return Refused((error,), is_hidden=True)


def presets(at: datetime) -> list[Preset]:
    """Return the periods people ask for most."""
    today = local_day(at)
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    last_month = first - timedelta(days=1)
    return [
        Preset(Sentence("Today"), today, today),
        Preset(Sentence("Yesterday"), today - timedelta(days=1), today - timedelta(days=1)),
        Preset(Sentence("This week"), monday, today),
        Preset(Sentence("Last week"), monday - timedelta(days=7), monday - timedelta(days=1)),
        Preset(Sentence("This month"), first, today),
        Preset(Sentence("Last month"), last_month.replace(day=1), last_month),
        Preset(Sentence("This year"), today.replace(month=1, day=1), today),
    ]


def areas_to_choose(session: Session, actor: Actor) -> list[Named]:
    """Return the areas this person may have a report on."""
    mine = reaches.of(session, actor)
    return [area for area in area_tree.named(session, actor) if reaches.covers(mine, ((area.path, None),))]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the numbers of one report lead."""

    typed: Mapping[str, str]
    numbers: Numbers
    codes: Mapping[str, str]
    """Id of an area or organisation → its code."""
    _begun: dict[tuple[date, date], str] = field(default_factory=dict, repr=False, compare=False)
    """First and last day → how the addresses of their cases begin."""

    def cases(self, figure: Figure, *, before: bool = False) -> str:
        """Return the address of the cases behind a number, of this period or of the one before."""
        asked = self.numbers.asked
        days = (
            (self.numbers.before_from_on, self.numbers.before_until_on) if before else (asked.from_on, asked.until_on)
        )
        return self.during(figure, *days)

    def during(self, figure: Figure, from_on: date, until_on: date) -> str:
        """Return the address of the cases behind a number of some days within the period."""
        days = (from_on, until_on)
        if days not in self._begun:  # thousands of numbers of a page share all but the last word
            query = {**self._kept(), "from": from_on.isoformat(), "until": until_on.isoformat()}
            self._begun[days] = urlencode({**query, "as_of": self.numbers.as_of.isoformat()})
        return f"/reports/sla/cases?{self._begun[days]}&figure={quote_plus(str(figure))}"

    def report(self, **changes: str) -> str:
        """Return the address of this report with some of what is asked changed."""
        query = {**self._kept(), "from": self.numbers.asked.from_on.isoformat(),
                 "until": self.numbers.asked.until_on.isoformat(), **changes}  # fmt: skip
        return f"/reports/sla?{urlencode({name: value for name, value in query.items() if value})}"

    def part(self, kind: str, key: str | None) -> str | None:
        """Return the address of the report on one row alone; None for those that have no such thing."""
        if key is None or kind == "person":
            return None
        if kind == "hazard":
            return self.report(hazard=key)
        return self.report(**{kind: self.codes[key]}) if key in self.codes else None

    def _kept(self) -> dict[str, str]:
        return {name: value for name, value in self.typed.items() if value and name in FIELDS[2:]}


def codes_in(session: Session, numbers: Numbers, *, actor: Actor) -> dict[str, str]:
    """Return the codes by which this person may ask for the areas and organisations of a report."""
    areas = [UUID(one.key) for one in numbers.areas if one.key]
    bodies = [UUID(one.key) for one in numbers.organisations if one.key]
    rows = session.execute(select(col(Area.id), col(Area.code)).where(col(Area.id).in_(areas)))
    found = {str(key): code for key, code in rows}
    query = select(col(Organisation.id), col(Organisation.code), col(Area.path)).outerjoin(
        Area, col(Area.id) == col(Organisation.area_id)
    )
    mine = reaches.of(session, actor)
    for key, code, path in session.execute(query.where(col(Organisation.id).in_(bodies))):
        if asking.knows_organisation(mine, path):
            found[str(key)] = code
    return found


def address_of(session: Session, asked: Asked, reach: Reach) -> str:
    """Return the address of the page that asks the same as an edition did, as things stand now."""
    area = session.get(Area, asked.area_id) if asked.area_id else _only_area(session, reach)
    body = session.get(Organisation, asked.organisation_id) if asked.organisation_id else None
    query = {
        "from": asked.from_on.isoformat(), "until": asked.until_on.isoformat(), "process": asked.process,
        "area": area and area.code, "organisation": body and body.code, "hazard": asked.hazard,
    }  # fmt: skip
    return f"/reports/sla?{urlencode({name: value for name, value in query.items() if value})}"


def _only_area(session: Session, reach: Reach) -> Area | None:
    """Return the area a reach is about, when it is one with everything in it; None when no area says the same."""
    if len(reach) != 1 or reach[0][0] is None or reach[0][1] is not None:
        return None
    found: Area | None = session.execute(select(Area).where(col(Area.path) == reach[0][0])).scalar_one_or_none()
    return found
