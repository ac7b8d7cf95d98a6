"""A table of facilities into the register, with the buildings and floors they stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain.identifiers import new_facility_code
from domain.imports.batch import Batch
from domain.imports.lines import Faults, Line, doubles, plain
from domain.imports.storeys import Storeys
from domain.imports.terms import Terms
from domain.imports.venue_codes import VenueCodes
from domain.imports.work import Work, begin
from domain.language import Sentence
from domain.models import Facility, KeyPart

FIELDS = ("kind", "number", "location", "model", "maker", "made_on", "installed_on", "expires_on")
Known = tuple[UUID, str, str]
"""Venue, kind and number: by these a facility is known again."""


def check(line: Line, faults: Faults) -> None:
    """Look at what of a row belongs together."""
    if not any(line.get(key) for key in ("code", "venue", "credit_code")):
        faults.add(line.at("venue"), Sentence("Write the venue's code or credit code."))
    if line.get("responsible_name") and not line.get("responsible_phone"):
        faults.add(
            line.at("responsible_name"), Sentence("Write the phone of this person too: by it we know them again.")
        )
    if line.get("responsible_phone") and not line.get("responsible_name"):
        faults.add(line.at("responsible_phone"), Sentence("Write the name of this person too."))
    if line.get("floor") == 0:
        faults.add(line.at("floor"), Sentence("There is no floor 0: the ground floor is 1, below it comes -1."))
    if line.get("floor") is not None and not line.get("building"):
        faults.add(line.at("floor"), Sentence("Write in which building this floor is."))
    made, installed = line.get("made_on"), line.get("installed_on")
    if made and installed and installed < made:
        faults.add(line.at("installed_on"), Sentence("It was installed before it was made."))


def plan(session: Session, lines: list[Line], faults: Faults, terms: Terms) -> Batch:
    """Return what is to be written, compared with the register as it stands; complaints go to `faults`."""
    work = begin(session, faults, terms)
    doubles(lines, "code", faults)
    placed = list(_placed(session, lines, VenueCodes(session, work.areas), faults))
    venue_ids = {venue_id for _, venue_id in placed}
    there = _there(session, venue_ids)
    storeys = Storeys(session, venue_ids, work.batch, terms)
    codes = (select(col(Facility.code)), select(col(KeyPart.code)))
    taken = {code for query in codes for code in session.execute(query).scalars()}
    for line, venue_id, row in _matched(placed, there, faults):
        if row is not None:
            _compare(line, row, storeys, work)
            continue
        building_id, floor_id = storeys.place(venue_id, line.get("building"), line.get("floor"))
        work.batch.add(
            Facility, code=_free_code(taken), venue_id=venue_id, building_id=building_id,
            floor_id=floor_id, responsible_id=_responsible(line, work), from_on=terms.day, **_given(line),
        )  # fmt: skip
        work.batch.new += 1
    return work.batch


def _matched(
    placed: list[tuple[Line, UUID]], there: Mapping[str, Facility], faults: Faults
) -> Iterator[tuple[Line, UUID, Facility | None]]:
    by_known: dict[Known, Facility] = {
        (one.venue_id, one.kind, plain(one.number)): one for one in there.values() if one.number
    }
    seen: dict[Known | UUID, str] = {}
    for line, venue_id in placed:
        known = (venue_id, line.get("kind"), plain(line.get("number")))
        row = there[line.get("code")] if line.get("code") else by_known.get(known)
        if row is not None and by_known.get(known, row) is not row:
            faults.add(line.at("number"), Sentence("Another facility of this venue has this number already."))
            continue
        keys: list[Known | UUID] = [known] if row is None else [known, row.id]
        earlier = next((seen[key] for key in keys if key in seen), None)
        if earlier is not None:
            faults.add(line.at("number"), Sentence("The same stands in %(first)s already.", first=earlier))
            continue
        seen.update(dict.fromkeys(keys, line.at("number")))
        yield line, venue_id, row


def _placed(session: Session, lines: list[Line], venues: VenueCodes, faults: Faults) -> Iterator[tuple[Line, UUID]]:
    by_code = _venues_of(session, [line.get("code") for line in lines if line.get("code")])
    for line in lines:
        code = line.get("code")
        given = line.get("venue") or line.get("credit_code")
        found = venues.find(line.get("venue"), line.get("credit_code")) if given else by_code.get(code)
        if isinstance(found, Sentence):
            faults.add(line.at("venue" if line.get("venue") else "credit_code"), found)
        elif code and (code not in by_code or by_code[code] != found or not venues.has(by_code[code])):
            reason = Sentence("This venue has no facility with this code. Leave it empty for a new one.")
            faults.add(line.at("code"), reason)
        elif found is not None:
            yield line, found


def _venues_of(session: Session, codes: list[str]) -> dict[str, UUID]:
    if not codes:
        return {}
    query = select(col(Facility.code), col(Facility.venue_id)).where(col(Facility.ended_on).is_(None))
    return {row.code: row.venue_id for row in session.execute(query)}


def _there(session: Session, venue_ids: set[UUID]) -> dict[str, Facility]:
    found: dict[str, Facility] = {}
    ordered = sorted(venue_ids)
    for start in range(0, len(ordered), 500):
        query = select(Facility).where(
            col(Facility.venue_id).in_(ordered[start : start + 500]), col(Facility.ended_on).is_(None)
        )
        found |= {row.code: row for row in session.execute(query).scalars()}
    return found


def _compare(line: Line, row: Facility, storeys: Storeys, work: Work) -> None:
    # An empty cell says nothing: it neither changes nor ends what is there.
    after = {name: value for name, value in _given(line).items() if getattr(row, name) != value}
    moves, other_person = _moves(line, row, storeys), _other_person(line, row, work)
    if not (after or moves or other_person):
        work.batch.unchanged += 1
        return
    if not work.terms.update:
        cell = next(iter(after), "building" if moves else "responsible_name")
        reason = Sentence(
            "This facility is in the register as %(code)s and differs here. Allow changes, or take the row out.",
            code=row.code,
        )
        work.faults.add(line.at(cell), reason)
        return
    if moves:
        after["building_id"], after["floor_id"] = storeys.place(row.venue_id, line.get("building"), line.get("floor"))
    if other_person:
        after["responsible_id"] = _responsible(line, work)
    work.batch.change(Facility, row.id, {name: getattr(row, name) for name in after}, after)
    work.batch.changed += 1


def _moves(line: Line, row: Facility, storeys: Storeys) -> bool:
    if not line.get("building"):
        return False
    there = storeys.known(row.venue_id, line.get("building"), line.get("floor"))
    # Named without a floor, a building is the same whatever the floor.
    return there is None or there[0] != row.building_id or there[1] not in (None, row.floor_id)


def _other_person(line: Line, row: Facility, work: Work) -> bool:
    if not line.get("responsible_name"):
        return False
    known = work.persons.known(line.get("responsible_name"), line.get("responsible_phone"))
    return known is None or known != row.responsible_id


def _given(line: Line) -> dict[str, Any]:
    values: Mapping[str, Any] = line.values
    return {name: values[name] for name in FIELDS if name in values}


def _responsible(line: Line, work: Work) -> UUID | None:
    name = line.get("responsible_name")
    return work.persons.id_of(name, line.get("responsible_phone")) if name else None


def _free_code(taken: set[str]) -> str:
    while (code := new_facility_code()) in taken:
        pass
    taken.add(code)
    return code
