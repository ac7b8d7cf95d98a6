"""A table of people into the register: who they are, and the posts they hold."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain.actors import VENUE_SIDE, Role
from domain.imports.batch import Batch
from domain.imports.lines import Faults, Line, plain
from domain.imports.terms import Areas, Terms
from domain.imports.venue_codes import VenueCodes
from domain.imports.work import OWN_POST, begin
from domain.language import Sentence
from domain.models import Organisation, Person, Post


def check(line: Line, faults: Faults) -> None:
    """Look at what of a row belongs together."""
    at_venue = Role(line.get("role")) in VENUE_SIDE
    venue = "venue" if line.get("venue") else "credit_code" if line.get("credit_code") else None
    if at_venue and venue is None:
        faults.add(line.at("venue"), Sentence("This post is at a venue: write its code."))
    if at_venue and line.get("area"):
        faults.add(line.at("area"), Sentence("This post is at a venue, not for an area: leave this empty."))
    if not at_venue and venue is not None:
        faults.add(line.at(venue), Sentence("This post is for an area, not at a venue: leave this empty."))
    if not at_venue and not line.get("area"):
        faults.add(line.at("area"), Sentence("This post is for an area: write its code."))
    start, end = line.get("from_on"), line.get("until_on")
    if start and end and end < start:
        faults.add(line.at("until_on"), Sentence("The last day is before the first."))


def plan(session: Session, lines: list[Line], faults: Faults, terms: Terms) -> Batch:
    """Return what is to be written, compared with the register as it stands; complaints go to `faults`.

    A post that somebody holds already is left alone: posts end and change on the person's page, never by a table.
    """
    work = begin(session, faults, terms)
    areas, persons, batch = work.areas, work.persons, work.batch
    venues = VenueCodes(session, areas)
    organisations = dict(session.execute(select(col(Organisation.code), col(Organisation.id))).tuples().all())
    held = _held(session, terms.day)
    seen: dict[Any, str] = {}
    for line in lines:
        where = _where(line, areas, venues, faults)
        organisation = organisations.get(line.get("organisation"))
        if line.get("organisation") and organisation is None:
            faults.add(line.at("organisation"), Sentence("There is no organisation with this code."))
            continue
        if where is None:
            continue
        name, phone = line.get("name"), line.get("phone")
        if phone and phone.startswith("+861") and persons.has_other_name(name, phone):
            reason = Sentence("In the register or an earlier row this mobile phone is somebody's of another name.")
            faults.add(line.at("phone"), reason)
            continue
        key = (plain(name), phone, line.get("role"), *where, line.get("industry"))
        if key in seen:
            faults.add(line.at("name"), Sentence("The same stands in %(first)s already.", first=seen[key]))
            continue
        seen[key] = line.at("name")
        if key in held or (phone is None and _holds_without_phone(key, held)):
            batch.unchanged += 1
            continue
        if persons.is_importer(name, phone):
            faults.add(line.at("name"), OWN_POST)
            continue
        area_id, venue_id = where
        batch.add(
            Post, person_id=persons.id_of(name, phone), role=line.get("role"), area_id=area_id,
            venue_id=venue_id, organisation_id=organisation, industry=line.get("industry"),
            from_on=line.get("from_on") or terms.day, until_on=line.get("until_on"),
        )  # fmt: skip
        batch.new += 1
    return batch


def _where(line: Line, areas: Areas, venues: VenueCodes, faults: Faults) -> tuple[UUID | None, UUID | None] | None:
    if line.get("area"):
        area = areas.find(line.get("area"))
        if isinstance(area, Sentence):
            faults.add(line.at("area"), area)
            return None
        return area.id, None
    venue = venues.find(line.get("venue"), line.get("credit_code"))
    if isinstance(venue, Sentence):
        faults.add(line.at("venue" if line.get("venue") else "credit_code"), venue)
        return None
    return None, venue


def _held(session: Session, day: date) -> set[tuple[Any, ...]]:
    query = select(
        col(Person.name), col(Person.phone), col(Post.role), col(Post.area_id), col(Post.venue_id), col(Post.industry)
    ).join(Post, col(Post.person_id) == col(Person.id))
    rows = session.execute(query.where((col(Post.until_on).is_(None)) | (col(Post.until_on) >= day)))
    return {(plain(row.name), row.phone, row.role, row.area_id, row.venue_id, row.industry) for row in rows}


def _holds_without_phone(key: tuple[Any, ...], held: set[tuple[Any, ...]]) -> bool:
    # Without a phone the name and the very same post are all there is to know somebody by.
    return any((one[0], *one[2:]) == (key[0], *key[2:]) for one in held)
