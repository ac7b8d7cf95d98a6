"""Puts the demo city's areas, people, venues, posts and accounts into the register, in a few statements."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session

from domain import passwords
from domain.actors import Role
from domain.demo import city, ground, premises, roster
from domain.identifiers import new_id
from domain.models import Account, Area, AreaBoundary, Organisation, Person, Post, Venue
from domain.people import local_day

SINCE = timedelta(days=400)
"""How long before the load everything exists, so that the history finds everybody in their posts."""


def enter(session: Session, *, at: datetime) -> None:
    """Insert the whole register; the caller has made sure that nothing of it is there."""
    since = local_day(at - SINCE)
    areas = {area.code: new_id() for area in city.AREAS}
    people = {person.key: new_id() for person in roster.people()}
    venues = {venue.name: new_id() for venue in city.VENUES}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (Area, _areas(areas)),
        (AreaBoundary, ground.boundaries(areas, at - SINCE)),
        (Organisation, ground.organisations(areas, since)),
        (
            Person,
            [{"id": people[p.key], "name": p.name, "phone": p.phone, "language": "zh_CN"} for p in roster.people()],
        ),
        (Venue, _venues(venues, areas, people, since)),
        (Post, _posts(people, areas, venues, since)),
        (Account, _accounts(people)),
        *premises.rows(venues, people, since=since, at=at - SINCE),
    ]
    for model, values in rows:
        session.connection().execute(insert(model), values)


def _areas(ids: dict[str, UUID]) -> list[dict[str, Any]]:
    paths: dict[str, str] = {}
    rows = []
    for area in city.AREAS:
        paths[area.code] = f"{paths.get(area.parent or '', '')}{area.code}/"
        rows.append(
            {
                "id": ids[area.code],
                "code": area.code,
                "name": area.name,
                "name_en": area.name_en,
                "level": area.level,
                "parent_id": ids[area.parent] if area.parent else None,
                "path": paths[area.code],
            }
        )
    return rows


def _venues(ids: dict[str, UUID], areas: dict[str, UUID], people: dict[str, UUID], since: date) -> list[dict[str, Any]]:
    owners = {
        post.venue: people[person.key] for person in roster.people() for post in person.posts if post.role is Role.OWNER
    }
    rows = []
    for venue in city.VENUES:
        lat, lon = city.position(venue)
        rows.append(
            {
                "id": ids[venue.name],
                "code": roster.venue_code(venue.name),
                "name": venue.name,
                "name_en": venue.name_en,
                "class_code": venue.class_code,
                "address": venue.address,
                "area_id": areas[venue.grid],
                "lat": lat,
                "lon": lon,
                "way_out": venue.way_out,
                "owner_id": owners[venue.name],
                "opened_on": since,
                "closed_on": None,
                **premises.facts(venue),
            }
        )
    return rows


def _posts(
    people: dict[str, UUID], areas: dict[str, UUID], venues: dict[str, UUID], since: date
) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "person_id": people[person.key],
            "role": post.role.value,
            "area_id": areas[post.area] if post.area else None,
            "venue_id": venues[post.venue] if post.venue else None,
            "from_on": since,
            "until_on": None,
        }
        for person in roster.people()
        for post in person.posts
    ]


def _accounts(people: dict[str, UUID]) -> list[dict[str, Any]]:
    # One hash for all: they share one published password, so salts of their own would protect nothing.
    password_hash = passwords.hash_password(roster.PASSWORD)
    return [
        {
            "id": new_id(),
            "person_id": people[person.key],
            "username": person.key,
            "password_hash": password_hash,
        }
        for person in roster.people()
        if person.has_account
    ]
