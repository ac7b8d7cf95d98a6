"""Who holds which post where, and the actor that makes of a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain import sealed
from domain.actors import VENUE_SIDE, Actor, Covered, Grant, Role
from domain.models import Account, Area, Delegation, Person, Post
from domain.settings import city_zone


def local_day(at: datetime) -> date:
    """Return the city's calendar day at that moment."""
    return at.astimezone(city_zone()).date()


def posts_of(session: Session, person_id: UUID, *, day: date) -> list[Post]:
    """Return the posts a person holds on `day`."""
    return list(session.execute(select(Post).where(col(Post.person_id) == person_id, *valid_on(day))).scalars())


def valid_on(day: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on `post` that leave those held on `day`."""
    return (col(Post.from_on) <= day, or_(col(Post.until_on).is_(None), col(Post.until_on) >= day))


def held_by(
    session: Session, person_id: UUID, *, day: date, apart_from: UUID | None = None
) -> list[tuple[Post, str | None]]:
    """Return the posts a person holds or covers on `day`, each with the path of its area.

    `apart_from`: without what they cover for that person, or because that person arranged it.
    """
    covered = _covered_posts(person_id, day, apart_from)
    query = (
        select(Post, col(Area.path))
        .outerjoin(Area, col(Area.id) == Post.area_id)
        .where(or_(col(Post.person_id) == person_id, col(Post.id).in_(covered)), *valid_on(day))
    )
    return [(post, path) for post, path in session.execute(query)]


def actor_of(session: Session, person: Person, *, at: datetime, apart_from: UUID | None = None) -> Actor:
    """Return the actor a person is at that moment: the roles of all posts they hold or cover, and where they hold.

    `apart_from`: as if that person had arranged no cover, and none were for them.
    """
    return _actor(person, held_by(session, person.id, day=local_day(at), apart_from=apart_from))


def actors_of(session: Session, persons: Collection[Person], *, at: datetime) -> dict[UUID, Actor]:
    """Return the actor each of these people is at that moment, as `actor_of` does, in two queries for all."""
    day, ids = local_day(at), {person.id for person in persons}
    own = select(col(Post.person_id), Post, col(Area.path)).outerjoin(Area, col(Area.id) == col(Post.area_id))
    own = own.where(col(Post.person_id).in_(ids), *valid_on(day))
    covered = (
        select(col(Delegation.to_person_id), Post, col(Area.path))
        .join(Post, col(Post.person_id) == col(Delegation.from_person_id))
        .outerjoin(Area, col(Area.id) == col(Post.area_id))
        .where(col(Delegation.to_person_id).in_(ids), *_covers(Post), *in_force(day), *valid_on(day))
    )
    held: dict[UUID, dict[UUID, tuple[Post, str | None]]] = {person.id: {} for person in persons}
    for query in (own, covered) if ids else ():
        for person_id, post, path in session.execute(query):
            held[person_id][post.id] = (post, path)
    return {person.id: _actor(person, held[person.id].values()) for person in persons}


def _actor(person: Person, holds: Iterable[tuple[Post, str | None]]) -> Actor:
    held = list(holds)
    return Actor(
        frozenset(Role(post.role) for post, _ in held),
        person_id=person.id,
        name=person.name,
        phone_marks=sealed.marks(person.phone) if person.phone else frozenset(),
        venue_ids=frozenset(post.venue_id for post, _ in held if post.venue_id and Role(post.role) in VENUE_SIDE),
        grants=tuple(Grant(Role(post.role), path, post.venue_id, post.industry) for post, path in held),
        covers=frozenset(
            Covered(post.person_id, Role(post.role), post.venue_id) for post, _ in held if post.person_id != person.id
        ),
    )


NOT_COVERED = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""Posts that nobody holds for somebody else: a second one is appointed instead."""


def in_force(day: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on `delegation` that leave those in force on `day`."""
    runs = (col(Delegation.from_on) <= day, col(Delegation.until_on) >= day)
    return (*runs, col(Delegation.ended_at).is_(None))


def _covered_posts(person_id: UUID, day: date, apart_from: UUID | None) -> Any:  # noqa: ANN401 - a select of ids
    """Return the posts of colleagues that a person covers; cover is not passed on to a third."""
    covered = aliased(Post)
    arranged = col(Delegation.made_by).is_(None) | (col(Delegation.made_by) != apart_from)
    counts = () if apart_from is None else (arranged, col(Delegation.from_person_id) != apart_from)
    return (
        select(covered.id)  # type: ignore[call-overload]
        .join(Delegation, col(Delegation.from_person_id) == covered.person_id)
        .where(
            col(Delegation.to_person_id) == person_id,
            *_covers(covered),
            *in_force(day),
            *counts,
        )
    )


def _covers(post: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 - the table, or an alias of it
    """Return the conditions under which a delegation of a post's holder covers that post."""
    named = or_(col(Delegation.post_id).is_(None), col(Delegation.post_id) == post.id)
    return (named, col(post.role).not_in([role.value for role in NOT_COVERED]))


def _works_on(day: date) -> ColumnElement[bool]:
    """Return the condition on `person` that leaves who can sign in and holds a post of their own on `day`."""
    signs_in = select(col(Account.person_id)).where(col(Account.disabled_at).is_(None))
    holds_post = select(col(Post.person_id)).where(*valid_on(day))
    return and_(col(Person.id).in_(signs_in), col(Person.id).in_(holds_post))


def stand_ins(session: Session, holders: Iterable[tuple[Person, Post]], *, day: date) -> list[Person]:
    """Return who answers today for each of these posts: the holder, or whoever covers for them; each person once.

    A deputy who has left, without an open account or a post of their own, covers nobody.
    """
    pairs = list(holders)
    ids = {person.id for person, _ in pairs}
    found: dict[UUID, Person] = {}
    covering = list(
        session.execute(
            select(Delegation, Person)
            .join(Person, col(Person.id) == Delegation.to_person_id)
            .where(col(Delegation.from_person_id).in_(ids), *in_force(day), _works_on(day))
            .order_by(col(Delegation.made_at), col(Delegation.id))
        )
    ) if ids else []  # fmt: skip
    for person, post in pairs:
        instead = [
            row.Person
            for row in covering
            if row.Delegation.from_person_id == person.id
            and row.Delegation.post_id in (None, post.id)
            and Role(post.role) not in NOT_COVERED
        ]
        for one in instead or [person]:
            found.setdefault(one.id, one)
    return list(found.values())


def area_name(session: Session, area_id: UUID | None) -> str:
    """Return the name of an area; "" for none."""
    return session.execute(select(col(Area.name)).where(col(Area.id) == area_id)).scalar() or ""


def posted_at(session: Session, venue_id: UUID | None, *, day: date) -> frozenset[UUID]:
    """Return who holds a post at a venue on `day`: nobody of them looks into what is said of it."""
    if venue_id is None:
        return frozenset()
    query = select(col(Post.person_id)).where(col(Post.venue_id) == venue_id, *valid_on(day))
    return frozenset(session.execute(query).scalars())


def is_marked(person: Person, mark: str | None) -> bool:
    """Return whether a keyed mark is that of the person's own phone."""
    return bool(mark and person.phone and mark in sealed.marks(person.phone))


def holds(session: Session, person_id: UUID, roles: Iterable[Role | str], *, day: date) -> bool:
    """Return whether a person holds any of `roles` on `day`."""
    wanted = {str(role) for role in roles}
    return any(post.role in wanted for post, _ in held_by(session, person_id, day=day))


def with_role(session: Session, roles: Iterable[Role | str], *, day: date) -> list[Person]:
    """Return everybody who holds any of `roles` on `day`, by name."""
    query = select(Person).join(Post).where(Post.role.in_([str(r) for r in roles]), *valid_on(day)).distinct()  # type: ignore[attr-defined]
    return sorted(session.execute(query).scalars(), key=lambda person: person.name)


@dataclass(frozen=True, slots=True)
class Charge:
    """Who answers for an area in a post, and for which area they hold it."""

    people: tuple[Person, ...]
    area_id: UUID | None = None
    """None: they hold it for no area in particular, or nobody does."""


def in_charge(session: Session, role: Role, area_id: UUID | None, *, day: date) -> list[Person]:
    """Return who answers for an area in `role`, as `charge` finds them."""
    return list(charge(session, role, area_id, day=day).people)


def charge(session: Session, role: Role, area_id: UUID | None, *, day: date) -> Charge:
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
            .where(
                col(Post.role) == role.value, col(Post.venue_id).is_(None), col(Post.industry).is_(None), *valid_on(day)
            )
        )
    )
    area = session.get(Area, area_id) if area_id else None
    above = [row for row in found if row.Area is None or area is None or area.path.startswith(row.Area.path)]
    depths = [len(row.Area.path) if row.Area else 0 for row in above]
    depth = (max if area else min)(depths, default=0)
    nearest = [row for row, its_depth in zip(above, depths, strict=True) if its_depth == depth]
    nearest.sort(key=lambda row: (row.Post.from_on, row.Person.id))
    found_people = stand_ins(session, ((row.Person, row.Post) for row in nearest), day=day)
    return Charge(tuple(found_people), nearest[0].Post.area_id if nearest else None)


def away(session: Session, ids: Iterable[UUID], *, day: date) -> frozenset[UUID]:
    """Return who of these people has somebody covering for all they do on `day`."""
    query = select(col(Delegation.from_person_id)).where(
        col(Delegation.from_person_id).in_(list(ids)), col(Delegation.post_id).is_(None), *in_force(day)
    )
    return frozenset(session.execute(query).scalars())


def of_venue(session: Session, roles: Iterable[Role], venue_id: UUID, *, day: date) -> list[Person]:
    """Return who holds one of `roles` at a venue, in the order of `roles`."""
    wanted = [role.value for role in roles]
    rows = session.execute(
        select(Person, Post)
        .join(Post, Post.person_id == Person.id)  # type: ignore[arg-type]
        .where(Post.venue_id == venue_id, Post.role.in_(wanted), *valid_on(day))  # type: ignore[attr-defined, arg-type]
    ).all()
    ordered = sorted(rows, key=lambda row: (wanted.index(row.Post.role), row.Post.from_on, row.Person.id))
    return stand_ins(session, ((row.Person, row.Post) for row in ordered), day=day)
