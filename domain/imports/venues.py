"""A table of venues into the register, with the people who answer for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import catalogue
from domain.actors import Role
from domain.coordinates import NotAPosition, System, checked, to_wgs84
from domain.identifiers import new_venue_code
from domain.imports.batch import Batch
from domain.imports.lines import Faults, Line, doubles, plain
from domain.imports.terms import Areas, KnownArea, Terms
from domain.imports.work import OWN_POST, Work, begin
from domain.language import Sentence
from domain.models import Person, Post, Venue, VenueCode
from domain.people import valid_on

POSTS = {"owner": Role.OWNER, "manager": Role.MANAGER, "officer": Role.OFFICER}
FIELDS = ("name", "name_en", "class_code", "industry", "credit_code", "address", "lat", "lon", "phone", "hours",
          "way_out", "opened_on", "key_unit_since", "key_unit_basis")  # fmt: skip
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody who holds a post at a venue."""

    name: str
    phone: str | None


@dataclass(slots=True)
class Register:
    """The venues that are there, by what tables know them by."""

    by_code: dict[str, Any]
    by_credit_code: dict[str, Any]
    by_place: dict[tuple[UUID, str, str], Any]
    codes: set[str]
    """Every code that is or was in use."""


def check(line: Line, faults: Faults) -> None:
    """Look at what of a row belongs together; replaces a position by its WGS-84."""
    values = line.values
    _check_position(line, faults)
    for post in POSTS:
        if values.get(f"{post}_phone") and not values.get(f"{post}_name"):
            faults.add(line.at(f"{post}_phone"), Sentence("Write the name of this person too."))
    if values.get("key_unit_since") and not values.get("key_unit_basis"):
        faults.add(line.at("key_unit_since"), Sentence("Write on what basis it is a key unit."))


def _check_position(line: Line, faults: Faults) -> None:
    lat, lon = line.get("lat"), line.get("lon")
    if (lat is None) != (lon is None):
        there = "lat" if lon is None else "lon"
        faults.add(line.at(there), Sentence("Write both latitude and longitude, or neither."))
        return
    if lat is None:
        return
    try:
        checked(lat, lon)
    except NotAPosition as wrong:
        faults.add(line.at("lat"), wrong.reason)
        return
    system = System(line.get("system") or System.WGS84)
    line.values["lat"], line.values["lon"] = to_wgs84(lat, lon, system)


def plan(session: Session, lines: list[Line], faults: Faults, terms: Terms) -> Batch:
    """Return what is to be written, compared with the register as it stands; complaints go to `faults`."""
    work, register = begin(session, faults, terms), _register(session)
    for key in ("code", "credit_code"):
        doubles(lines, key, faults)
    matched = list(_matched(lines, register, work))
    _double_places(matched, faults)
    there = {row.id for _, _, row in matched if row is not None}
    venues, held = _venues(session, there), _holders(session, there, terms.day)
    for line, area, row in matched:
        if row is None:
            _enter(line, area, register, work)
        else:
            _compare(line, area, venues[row.id], held.get(row.id, {}), work=work)
    return work.batch


def _register(session: Session) -> Register:
    columns = (col(Venue.id), col(Venue.code), col(Venue.credit_code), col(Venue.name), col(Venue.address),
               col(Venue.area_id), col(Venue.closed_on))  # fmt: skip
    rows = session.execute(select(*columns)).all()
    open_ones = [row for row in rows if row.closed_on is None]
    former = session.execute(select(col(VenueCode.code))).scalars()
    return Register(
        by_code={row.code: row for row in rows},
        by_credit_code={row.credit_code: row for row in open_ones if row.credit_code},
        by_place={(row.area_id, plain(row.name), plain(row.address)): row for row in open_ones},
        codes={*(row.code for row in rows), *former},
    )


def _matched(lines: Iterable[Line], register: Register, work: Work) -> Iterator[tuple[Line, KnownArea, Any]]:
    for line in lines:
        area, opened = work.areas.find(line.get("area")), line.get("opened_on")
        if isinstance(area, Sentence):
            work.faults.add(line.at("area"), area)
            continue
        if opened is not None and opened > work.terms.day:
            work.faults.add(line.at("opened_on"), Sentence("This day is still to come."))
            continue
        row = _match(line, area, register, work.areas)
        if isinstance(row, Sentence):
            work.faults.add(line.at("code" if line.get("code") else "credit_code"), row)
            continue
        yield line, area, row


def _match(line: Line, area: KnownArea, register: Register, areas: Areas) -> Any:  # noqa: ANN401 - a row, a reason, None
    code, credit_code = line.get("code"), line.get("credit_code")
    by_credit_code: Any = register.by_credit_code.get(credit_code)
    row: Any = None
    if code is not None:
        row = register.by_code.get(code)
        if row is None or not areas.allows(row.area_id):
            return Sentence("No venue has this code. Leave it empty for a new one: the system gives the code.")
        if row.closed_on is not None:
            return Sentence("This venue closed on %(day)s.", day=row.closed_on.isoformat())
    else:
        row = by_credit_code or register.by_place.get((area.id, plain(line.get("name")), plain(line.get("address"))))
    if by_credit_code is not None and (by_credit_code is not row or not areas.allows(by_credit_code.area_id)):
        return Sentence("Another venue has this credit code already.")
    if row is not None and code is None and credit_code and row.credit_code not in (None, credit_code):
        return Sentence("The venue of this name at this address, %(code)s, has another credit code.", code=row.code)
    return row


def _double_places(matched: Iterable[tuple[Line, KnownArea, Any]], faults: Faults) -> None:
    first: dict[Any, str] = {}
    for line, area, row in matched:
        # Two rows that mean one venue would overwrite each other, whatever it was they were matched by.
        keys = [(area.id, plain(line.get("name")), plain(line.get("address")))]
        if row is not None:
            keys.append(row.id)
        earlier = next((first[key] for key in keys if key in first), None)
        if earlier is not None:
            faults.add(line.at("name"), Sentence("The same venue stands in %(first)s already.", first=earlier))
            continue
        first.update(dict.fromkeys(keys, line.at("name")))


def _venues(session: Session, ids: set[UUID]) -> dict[UUID, Venue]:
    found: dict[UUID, Venue] = {}
    for some in _parts(ids):
        query = select(Venue).where(col(Venue.id).in_(some))
        found |= {
            venue.id: venue for venue in session.execute(query.execution_options(populate_existing=True)).scalars()
        }
    return found


def _holders(session: Session, ids: set[UUID], day: date) -> dict[UUID, dict[str, list[Held]]]:
    found: dict[UUID, dict[str, list[Held]]] = {}
    roles = [role.value for role in POSTS.values()]
    for some in _parts(ids):
        query = (
            select(col(Post.venue_id), col(Post.role), col(Person.name), col(Person.phone))
            .join(Person, col(Person.id) == col(Post.person_id))
            .where(col(Post.venue_id).in_(some), col(Post.role).in_(roles), *valid_on(day))
        )
        for row in session.execute(query):
            found.setdefault(row.venue_id, {}).setdefault(row.role, []).append(Held(row.name, row.phone))
    return found


def _parts(ids: set[UUID]) -> Iterator[list[UUID]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def _given(line: Line) -> dict[str, Any]:
    return {name: line.values[name] for name in FIELDS if name in line.values}


def _sizes(line: Line) -> dict[str, Any]:
    return {name: line.values[name] for name in catalogue.SIZES if name in line.values}


def _enter(line: Line, area: KnownArea, register: Register, work: Work) -> None:
    if _appoints_importer(line, POSTS, work):
        return
    given = _given(line)
    given.setdefault("opened_on", work.terms.day)
    people = {
        role: work.persons.id_of(name, line.get(f"{post}_phone"))
        for post, role in POSTS.items()
        if (name := line.get(f"{post}_name"))
    }
    venue_id = work.batch.add(
        Venue, code=_free_code(register.codes), area_id=area.id, owner_id=people.get(Role.OWNER),
        sizes=_sizes(line), **given,
    )  # fmt: skip
    for role, person_id in people.items():
        _appoint(person_id, role, venue_id, work)
    work.batch.new += 1


def _compare(line: Line, area: KnownArea, venue: Venue, held: Mapping[str, list[Held]], *, work: Work) -> None:
    # An empty cell says nothing: it neither changes nor ends what is there.
    after = _given(line) | {"area_id": area.id}
    if sizes := _sizes(line):
        after["sizes"] = {**venue.sizes, **sizes}
    after = {name: value for name, value in after.items() if getattr(venue, name) != value}
    vacant = _vacant(line, held, work.faults)
    if vacant is None or _appoints_importer(line, vacant, work):
        return
    if not after and not vacant:
        work.batch.unchanged += 1
        return
    if not work.terms.update:
        cell = next(iter(after), "") or f"{vacant[0]}_name"
        cell = {"area_id": "area", "sizes": next(iter(sizes), "name")}.get(cell, cell)
        reason = Sentence(
            "This venue is in the register as %(code)s and differs here. Allow changes, or take the row out.",
            code=venue.code,
        )
        work.faults.add(line.at(cell), reason)
        return
    work.batch.hold(Venue, venue.id)
    for post in vacant:
        person_id = work.persons.id_of(line.get(f"{post}_name"), line.get(f"{post}_phone"))
        _appoint(person_id, POSTS[post], venue.id, work)
        if post == "owner":
            after["owner_id"] = person_id
    if after:
        work.batch.change(Venue, venue.id, {name: getattr(venue, name) for name in after}, after)
    work.batch.changed += 1


def _vacant(line: Line, held: Mapping[str, list[Held]], faults: Faults) -> list[str] | None:
    """Return the posts that this row fills and nobody holds; None when it names somebody else than who holds one."""
    vacant = []
    for post, role in POSTS.items():
        name, phone, there = line.get(f"{post}_name"), line.get(f"{post}_phone"), held.get(role.value, [])
        if name is None or any(one.name == name and phone in (None, one.phone) for one in there):
            continue
        if there and role is not Role.OFFICER:  # a venue has one of each but of those who patrol
            reason = Sentence("Somebody else stands here in the register. People change on the venue's page.")
            faults.add(line.at(f"{post}_name"), reason)
            return None
        vacant.append(post)
    return vacant


def _appoints_importer(line: Line, posts: Iterable[str], work: Work) -> bool:
    for post in posts:
        name = line.get(f"{post}_name")
        if name and work.persons.is_importer(name, line.get(f"{post}_phone")):
            work.faults.add(line.at(f"{post}_name"), OWN_POST)
            return True
    return False


def _appoint(person_id: UUID, role: Role, venue_id: UUID, work: Work) -> None:
    work.batch.add(Post, person_id=person_id, role=role.value, venue_id=venue_id, from_on=work.terms.day)


def _free_code(taken: set[str]) -> str:
    # Among 65,000 venues the chance that two random codes meet is one in eight.
    while (code := new_venue_code()) in taken:
        pass
    taken.add(code)
    return code
