"""Editions: reports as they were made, kept unchanged with what was asked, the numbers, the names and the files' sums.

An edition is for whoever reaches as far as the reach it was made with; to everybody else there is none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from domain import register_log
from domain.access import OutOfReach
from domain.actors import Actor
from domain.language import Label
from domain.models import Area, Organisation, ReportEdition
from domain.reporting import reach as reaches
from domain.reporting.asked import Asked
from domain.reporting.content import Content
from domain.reporting.figures import Numbers
from domain.reporting.names import Names
from domain.reporting.periods import KINDS, Kind
from domain.reporting.reach import Reach

Format = Literal["pdf", "xlsx", "json"]
FORMATS: tuple[Format, ...] = ("pdf", "xlsx", "json")
NOBODY = Label("消防一条线", "Fireline")
"""Who issues a report where no brigade is known."""
A_PAGE = 30

_EDITIONS: Any = ReportEdition.__table__  # type: ignore[attr-defined]


class UnknownEdition(OutOfReach):
    """There is no such edition, or not for this person."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An edition somebody, or the timetable, wants made; plain data while it waits."""

    kind: Kind
    asked: Asked
    """Its `as_of` None: as far as is measured when it is made."""
    reach: Reach
    locale: str

    @property
    def scope(self) -> str:
        """Return a digest of everything but the period: those who get the same report share one."""
        asked = {**self.asked.as_data(), "from_on": "", "until_on": "", "as_of": ""}
        text = json.dumps([asked, self.reach, self.locale], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def key(self) -> str:
        """Return the key under which the timetable makes it once, whichever worker comes first."""
        return f"{self.kind.value}:{self.asked.from_on}:{self.scope}"

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "kind": self.kind.value, "asked": self.asked.as_data(), "reach": reaches.as_text(self.reach),
            "locale": self.locale,
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Wish:
        """Return what `as_data` wrote down."""
        return cls(KINDS[data["kind"]], Asked.of(data["asked"]), reaches.from_text(data["reach"]), data["locale"])


@dataclass(frozen=True, slots=True)
class Made:
    """A report that was made: its content, and each file's sum and size."""

    key: str
    wish: Wish
    content: Content
    files: Mapping[Format, tuple[str, int]]


def keep(session: Session, made: Made, *, actor: Actor, at: datetime) -> ReportEdition:
    """Keep an edition and record who had it made; under a key there is one: the first, whoever comes later."""
    content, asked = made.content, made.content.numbers.asked
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {
        "id": content.edition_id, "key": made.key, "kind": content.kind.value, "from_on": asked.from_on,
        "until_on": asked.until_on, "as_of": content.numbers.as_of, "locale": content.locale,
        "reach": reaches.as_text(made.wish.reach), "numbers": content.numbers.as_data(), "version": content.version,
        "asked": {
            "asked": asked.as_data(), "names": content.names.as_data(), "where": _pair(content.where),
            "issuer": _pair(content.issuer), "address": content.address,
        },
        "files": {name: {"sha256": sha256, "bytes": size} for name, (sha256, size) in made.files.items()},
        "made_at": at, "made_by": actor.person_id,
    }  # fmt: skip
    insert = dialect.insert(_EDITIONS).values(**row).on_conflict_do_nothing(index_elements=["key"])
    is_new = bool(session.connection().execute(insert).rowcount)
    found: ReportEdition = session.execute(select(ReportEdition).where(col(ReportEdition.key) == made.key)).scalar_one()
    if is_new:
        data = {
            "kind": found.kind, "from_on": found.from_on, "until_on": found.until_on, "as_of": found.as_of,
            "version": found.version, "sha256": {name: sha256 for name, (sha256, _) in sorted(made.files.items())},
        }  # fmt: skip
        register_log.record(session, "report", found.id, "make_report", actor=actor, at=at, data=data)
    return found


def content_of(edition: ReportEdition, *, numbers: Numbers | None = None) -> Content:
    """Return what an edition was made of, with its own numbers or those counted anew."""
    kept = edition.asked
    return Content(
        KINDS[edition.kind], numbers or Numbers.of(edition.numbers), Names.of_data(kept["names"]),
        Label(*kept["where"]), Label(*kept["issuer"]), edition.locale, edition.version, edition.id, kept["address"],
    )  # fmt: skip


def formats_of(edition: ReportEdition) -> tuple[Format, ...]:
    """Return the files an edition has: all of them, but for one made at the command line in one form."""
    return tuple(name for name in FORMATS if name in edition.files)


def asked_of(edition: ReportEdition) -> Asked:
    """Return what was asked, as of the moment it was made for."""
    return Asked.of({**edition.asked["asked"], "as_of": edition.as_of.isoformat()})


def by_id(session: Session, edition_id: UUID, *, actor: Actor) -> ReportEdition:
    """Return an edition within the actor's reach; raises `UnknownEdition`."""
    found = session.get(ReportEdition, edition_id)
    if found is None or not reaches.covers(reaches.of(session, actor), reaches.from_text(found.reach)):
        raise UnknownEdition(str(edition_id))
    return found


def named_files(session: Session) -> set[str]:
    """Return the sums of the files of all editions."""
    found = session.execute(select(_EDITIONS.c.files)).scalars()
    return {kept["sha256"] for files in found for kept in files.values()}


@dataclass(frozen=True, slots=True)
class Page:
    """Some editions, and the cursor of those after them; None on the last page."""

    rows: tuple[ReportEdition, ...]
    next_cursor: str | None


def page(
    session: Session, actor: Actor, *, kind: Kind | None = None, year: int | None = None, cursor: str = ""
) -> Page:
    """Return one page of the editions within the actor's reach, the newest first; a cursor of nobody's starts anew."""
    mine = reaches.of(session, actor)
    known = session.execute(select(_EDITIONS.c.reach).distinct()).scalars()
    within = [text for text in known if reaches.covers(mine, reaches.from_text(text))]
    query = select(ReportEdition).where(col(ReportEdition.reach).in_(within))
    if kind is not None:
        query = query.where(col(ReportEdition.kind) == kind.value)
    if year is not None:
        first, last = datetime(year, 1, 1).date(), datetime(year, 12, 31).date()  # noqa: DTZ001 - days
        query = query.where(col(ReportEdition.until_on) >= first, col(ReportEdition.from_on) <= last)
    if after := _read_cursor(cursor):
        at, edition_id = after
        same = and_(col(ReportEdition.made_at) == at, col(ReportEdition.id) < edition_id)
        query = query.where(or_(col(ReportEdition.made_at) < at, same))
    query = query.order_by(col(ReportEdition.made_at).desc(), col(ReportEdition.id).desc()).limit(A_PAGE + 1)
    rows = list(session.execute(query).scalars())
    more = len(rows) > A_PAGE
    return Page(tuple(rows[:A_PAGE]), _cursor(rows[A_PAGE - 1]) if more else None)


def is_cursor(cursor: str) -> bool:
    """Return whether it is a cursor of `page`; none at all is that of the first page."""
    return not cursor or _read_cursor(cursor) is not None


def where_of(session: Session, wish: Wish) -> Label:
    """Return in words over which cases a report counts: the area asked for, else the areas of the reach."""
    if wish.asked.area_id is not None:
        return _label(session.get_one(Area, wish.asked.area_id))
    return reaches.in_words(session, wish.reach)


def issuer_of(session: Session, wish: Wish) -> Label:
    """Return whose name stands above a report: the organisation asked for, else the brigade of the area."""
    if wish.asked.organisation_id is not None:
        return _label(session.get_one(Organisation, wish.asked.organisation_id))
    if wish.asked.area_id is not None:
        path = session.get_one(Area, wish.asked.area_id).path
    else:
        path = next((path for path, _ in wish.reach if path is not None), "") if len(wish.reach) == 1 else ""
    query = (
        select(Organisation, Area.path)  # type: ignore[call-overload]
        .join(Area, col(Area.id) == col(Organisation.area_id))
        .where(col(Organisation.kind) == "brigade", col(Organisation.ended_on).is_(None))
        .order_by(col(Area.path), col(Organisation.from_on).desc(), col(Organisation.code).desc())
    )
    brigades = [(body, there) for body, there in session.execute(query)]
    above = [body for body, there in brigades if (path.startswith(there) if path else there.count("/") == 1)]
    return _label(above[-1]) if above else NOBODY


def _label(thing: Area | Organisation) -> Label:
    return Label(thing.name, thing.name_en or thing.name)


def _pair(label: Label) -> list[str]:
    return [label.zh, label.en]


def _cursor(edition: ReportEdition) -> str:
    text = f"{edition.made_at.isoformat()} {edition.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID] | None:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, edition_id = text.partition(" ")
        at = datetime.fromisoformat(moment)
        return (at, UUID(edition_id)) if at.tzinfo is not None else None
    except (ValueError, binascii.Error):
        return None
