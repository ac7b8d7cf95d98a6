"""Who holds which post where, and the actor that makes of a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from domain import sealed
from domain.actors import VENUE_SIDE, Actor, Role
from domain.models import Area, Person, Post
from domain.settings import city_zone


def local_day(at: datetime) -> date:
    """Return the city's calendar day at that moment."""
    return at.astimezone(city_zone()).date()


def posts_of(session: Session, person_id: UUID, *, day: date) -> list[Post]:
    """Return the posts a person holds on `day`."""
    return list(session.execute(select(Post).where(col(Post.person_id) == person_id, *_valid(day))).scalars())


def _valid(day: date) -> tuple[ColumnElement[bool], ...]:
    return (col(Post.from_on) <= day, or_(col(Post.until_on).is_(None), col(Post.until_on) >= day))


def actor_of(session: Session, person: Person, *, at: datetime) -> Actor:
    """Return the actor a person is at that moment: the roles of all posts they hold, and their venues."""
    posts = posts_of(session, person.id, day=local_day(at))
    return Actor(
        frozenset(Role(post.role) for post in posts),
        person_id=person.id,
        name=person.name,
        phone_marks=sealed.marks(person.phone) if person.phone else frozenset(),
        venue_ids=frozenset(post.venue_id for post in posts if post.venue_id and Role(post.role) in VENUE_SIDE),
    )


def is_marked(person: Person, mark: str | None) -> bool:
    """Return whether a keyed mark is that of the person's own phone."""
    return bool(mark and person.phone and mark in sealed.marks(person.phone))


def holds(session: Session, person_id: UUID, roles: Iterable[Role | str], *, day: date) -> bool:
    """Return whether a person holds any of `roles` on `day`."""
    wanted = {str(role) for role in roles}
    return any(post.role in wanted for post in posts_of(session, person_id, day=day))


def with_role(session: Session, roles: Iterable[Role | str], *, day: date) -> list[Person]:
    """Return everybody who holds any of `roles` on `day`, by name."""
    query = select(Person).join(Post).where(Post.role.in_([str(r) for r in roles]), *_valid(day)).distinct()  # type: ignore[attr-defined]
    return sorted(session.execute(query).scalars(), key=lambda person: person.name)


def in_charge(session: Session, role: Role, area_id: UUID | None, *, day: date) -> list[Person]:
    """Return who holds `role` for an area: for itself, else for the nearest area above it, else for no area at all.

    While the area is unknown (`area_id` None) those at the top answer: the posts for no area, else those nearest to
    the root of the areas, the city's desk. Several holders are ordered by the start of their post, then by id, so that
    the answer is always the same.
    """
    found = list(
        session.execute(
            select(Person, Post, Area)
            .join(Post, Post.person_id == Person.id)  # type: ignore[arg-type]
            .outerjoin(Area, Area.id == Post.area_id)  # type: ignore[arg-type]
            .where(Post.role == role.value, Post.venue_id.is_(None), *_valid(day))  # type: ignore[union-attr, arg-type]
        )
    )
    area = session.get(Area, area_id) if area_id else None
    above = [row for row in found if row.Area is None or area is None or area.path.startswith(row.Area.path)]
    depths = [len(row.Area.path) if row.Area else 0 for row in above]
    depth = (max if area else min)(depths, default=0)
    nearest = [row for row, its_depth in zip(above, depths, strict=True) if its_depth == depth]
    nearest.sort(key=lambda row: (row.Post.from_on, row.Person.id))
    return list({row.Person.id: row.Person for row in nearest}.values())


def of_venue(session: Session, roles: Iterable[Role], venue_id: UUID, *, day: date) -> list[Person]:
    """Return who holds one of `roles` at a venue, in the order of `roles`."""
    wanted = [role.value for role in roles]
    rows = session.execute(
        select(Person, Post)
        .join(Post, Post.person_id == Person.id)  # type: ignore[arg-type]
        .where(Post.venue_id == venue_id, Post.role.in_(wanted), *_valid(day))  # type: ignore[attr-defined, arg-type]
    ).all()
    ordered = sorted(rows, key=lambda row: (wanted.index(row.Post.role), row.Post.from_on, row.Person.id))
    unique = {row.Person.id: row.Person for row in ordered}
    return list(unique.values())
