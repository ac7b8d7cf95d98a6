"""Checklists as they stand: found, read, and taken from the catalogue. What people write is in `checklists`.

A version is never changed. A newer one counts from its day on, and takes the place of those made before it that would
begin later; its day is never before the one on which it is made, so what was asked in the past stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from domain import catalogue, people, register_log
from domain.actors import SYSTEM
from domain.models import Area, ChecklistTemplate, ChecklistVersion, Venue
from domain.patrols import catalogue_items
from domain.patrols.catalogue_items import NothingAsked
from domain.patrols.items import Item, digest
from domain.settings import get_settings

KIND = "checklist"
DIGITS_OF_DIVISION = 6

_TEMPLATES: Any = ChecklistTemplate.__table__  # type: ignore[attr-defined]
_VERSIONS: Any = ChecklistVersion.__table__  # type: ignore[attr-defined]

__all__ = ["KIND", "NoVersion", "NothingAsked", "division_of", "from_catalogue", "insert_once", "items_of",
           "venue_type_of", "version_on", "versions_of", "versions_on"]  # fmt: skip


class NoVersion(LookupError):
    """The checklist asks nothing yet on that day."""


def from_catalogue(
    session: Session, venue_type: str, frequency: str, *, division: str, at: datetime, is_key_unit: bool = True
) -> ChecklistTemplate:
    """Return the city's checklist for a type of venue and a frequency in a division, entering it at its first use.

    Regional items make a checklist of their own, else it is the nationwide one; `is_key_unit`: whether it is asked of a
    消防安全重点单位. Two who ask at once get the same. Raises `NothingAsked`, and KeyError for an unknown type.
    """
    day = people.local_day(at)
    drawn = catalogue_items.draw(venue_type, frequency, division=division, day=day, is_key_unit=is_key_unit)
    where = [f":{'+'.join(drawn.regions)}"] if drawn.regions else []
    code = "".join([f"catalogue:{venue_type}:{frequency}", *where, *([":other"] if drawn.is_for_others else [])])
    template_id = uuid5(NAMESPACE_URL, f"fireline:checklist:{code}")
    found = session.get(ChecklistTemplate, template_id)
    if found is not None:
        return found
    named, often = catalogue.checklists()[venue_type], catalogue.frequencies()[frequency]
    of_others = ("（非重点单位）", " (not a key unit)") if drawn.is_for_others else ("", "")
    regional = (f"（{'、'.join(drawn.regions)}）", f" ({', '.join(drawn.regions)})") if drawn.regions else ("", "")
    template = ChecklistTemplate(
        id=template_id, code=code, zh=f"{named.zh}·{often.zh}{regional[0]}{of_others[0]}",
        en=f"{named.en}, {often.en}{regional[1]}{of_others[1]}", venue_type=venue_type, frequency=frequency, made_at=at,
    )  # fmt: skip
    if _insert_once(session, _TEMPLATES, template):
        version = ChecklistVersion(
            id=uuid5(template_id, "1"), template_id=template_id, number=1, from_on=day,
            items=[item.to_json() for item in drawn.items], is_signed=is_signed(drawn.items),
            sha256=digest(drawn.items), made_at=at,
        )  # fmt: skip
        _insert_once(session, _VERSIONS, version)
        data = {"code": code, "items": [item.code for item in drawn.items], "sha256": digest(drawn.items)}
        register_log.record(session, KIND, template_id, "create", actor=SYSTEM, at=at, data=data)
    made: ChecklistTemplate | None = session.get(ChecklistTemplate, template_id)
    if made is None:
        msg = f"checklist {code} is gone"
        raise LookupError(msg)
    return made


def insert_once(session: Session, row: ChecklistTemplate | ChecklistVersion) -> bool:
    """Insert a checklist or a version unless somebody else just did; return whether it was this one."""
    return _insert_once(session, _TEMPLATES if isinstance(row, ChecklistTemplate) else _VERSIONS, row)


def _insert_once(session: Session, table: Any, row: SQLModel) -> bool:  # noqa: ANN401 - a table
    """Insert a row unless somebody else just did (a second one waits for them); return whether it was this one."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**row.model_dump()).on_conflict_do_nothing().returning(table.c.id)
    return session.connection().execute(statement).first() is not None


def is_signed(items: Iterable[Item]) -> bool:
    """Return whether whoever carries it out signs at the end: always, unless an item asks for the signature."""
    return not any(item.answer == "signature" for item in items)


def version_on(session: Session, template_id: UUID, day: date) -> ChecklistVersion:
    """Return what a checklist asks on a day; raises `NoVersion`."""
    query = select(ChecklistVersion).where(
        col(ChecklistVersion.template_id) == template_id, col(ChecklistVersion.from_on) <= day
    )
    found: ChecklistVersion | None = session.execute(
        query.order_by(col(ChecklistVersion.number).desc()).limit(1)
    ).scalar()
    if found is None:
        msg = f"{template_id} on {day}"
        raise NoVersion(msg)
    return found


def versions_on(session: Session, template_ids: Iterable[UUID], day: date) -> dict[UUID, UUID]:
    """Return template → the version it asks on a day, of those that ask anything then."""
    newest = (
        select(_VERSIONS.c.template_id, func.max(_VERSIONS.c.number).label("number"))
        .where(_VERSIONS.c.template_id.in_(list(template_ids)), _VERSIONS.c.from_on <= day)
        .group_by(_VERSIONS.c.template_id)
        .subquery()
    )
    is_it = (_VERSIONS.c.template_id == newest.c.template_id) & (_VERSIONS.c.number == newest.c.number)
    rows = session.execute(select(_VERSIONS.c.template_id, _VERSIONS.c.id).join(newest, is_it))
    return {row.template_id: row.id for row in rows}


def versions_of(session: Session, template_id: UUID) -> Sequence[ChecklistVersion]:
    """Return every version of a checklist, the newest first."""
    query = select(ChecklistVersion).where(col(ChecklistVersion.template_id) == template_id)
    return session.execute(query.order_by(col(ChecklistVersion.number).desc())).scalars().all()


def items_of(version: ChecklistVersion) -> tuple[Item, ...]:
    """Return the items of a version in the order asked."""
    return tuple(Item.of_json(row) for row in version.items)


def venue_type_of(venue: Venue) -> str:
    """Return which of the catalogue's lists fits a venue, by its class and sizes.

    A class with two lists: `homestay` for an inn within the size of one (建村〔2017〕50号), `factory` unless its
    line of business is storage.
    """
    lists = catalogue.venue_classes()[venue.class_code].checklists
    if "homestay" in lists and _is_homestay(venue):
        return "homestay"
    if "warehouse" in lists and venue.industry == "warehousing":
        return "warehouse"
    return lists[0]


def _is_homestay(venue: Venue) -> bool:
    rooms, storeys, area = (venue.sizes.get(name) for name in ("rooms", "storeys", "area_m2"))
    small = catalogue_items.HOMESTAY
    return rooms is not None and all(
        size is None or size <= most for size, most in zip((rooms, storeys, area), small, strict=True)
    )


def division_of(session: Session, venue: Venue) -> str:
    """Return the administrative division (GB/T 2260) of a venue: of its areas, else of the deployment; "": none."""
    path = session.execute(select(col(Area.path)).where(col(Area.id) == venue.area_id)).scalar() or ""
    coded = [code for code in path.split("/") if code.isascii() and code.isdigit()]
    fitting = [code[:DIGITS_OF_DIVISION] for code in coded if len(code) >= DIGITS_OF_DIVISION]
    return fitting[-1] if fitting else get_settings().region_code
