"""Who has which task, and who answers for a place: holders of posts, or whoever covers for them. Reads only.

For digests over a whole city: posts are read for many venues at once, those in charge of an area once per area.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import people
from domain.actors import Role
from domain.models import Delegation, Person, Post

MANAGERS = (Role.MANAGER, Role.OWNER)
OVERSEERS = (Role.WARDEN, Role.SUPERVISOR)
_CARRIERS = (Role.OFFICER, *MANAGERS, Role.WARDEN)


class Holders:
    """Who has which task: a person and who covers for them, or whoever holds its role at the venue or for the area."""

    def __init__(self, session: Session, at: datetime) -> None:
        self._session, self._at, self._day = session, at, people.local_day(at)
        self._of_venues: dict[tuple[UUID, str], tuple[UUID, ...]] = {}
        self._of_areas = in_charge(session, self._day, (Role.WARDEN,))
        self._deputies: dict[tuple[UUID, UUID | None], tuple[UUID, ...]] = {}
        """(person, venue of their post) → that person and who covers the post; venue None: a warden's."""

    def learn(self, tasks: Collection[Any]) -> None:
        """Read the posts of every venue with a task, and of everybody who has one in person."""
        for batch in batches({task.person_id for task in tasks if task.person_id is not None}):
            self._learn_persons(batch)
        for batch in batches({task.venue_id for task in tasks if not self._named(task) and not _is_wardens(task)}):
            held = _posts(self._session, batch, (Role.OFFICER, *MANAGERS), self._at)
            for venue_id in batch:
                for role in (Role.OFFICER, *MANAGERS):
                    nearest = (held.get((venue_id, one.value), ()) for one in (role, *MANAGERS))
                    self._of_venues[venue_id, role.value] = next((found for found in nearest if found), ())

    def of(self, task: Any) -> tuple[UUID, ...]:  # noqa: ANN401 - a row
        """Return who has a task; of a vacant post, and of who holds none there any more, the manager or the owner."""
        if named := self._named(task):
            return named
        if _is_wardens(task):
            return self._of_areas(task.area_id)
        found = self._of_venues.get((task.venue_id, task.role or Role.MANAGER.value), ())
        return found or ((task.person_id,) if task.person_id else ())

    def _named(self, task: Any) -> tuple[UUID, ...]:  # noqa: ANN401 - a row
        if task.person_id is None:
            return ()
        places = (self._deputies.get((task.person_id, place), ()) for place in (task.venue_id, None))
        return tuple(dict.fromkeys(person for listed in places for person in listed))

    def _learn_persons(self, ids: Collection[UUID]) -> None:
        roles = [role.value for role in _CARRIERS]
        query = select(Person, Post).join(Post, col(Post.person_id) == col(Person.id))
        here = (col(Person.id).in_(ids), col(Post.role).in_(roles), *people.valid_on(self._day))
        covered = _covered(self._session, ids, self._day)
        found: dict[tuple[UUID, UUID | None], list[UUID]] = defaultdict(list)
        for person, post in self._session.execute(query.where(*here)).tuples():
            deputies = people.stand_ins(self._session, [(person, post)], day=self._day) if person.id in covered else ()
            found[person.id, post.venue_id] += [person.id, *(one.id for one in deputies)]
        self._deputies |= {key: tuple(dict.fromkeys(listed)) for key, listed in found.items()}


def _is_wardens(task: Any) -> bool:  # noqa: ANN401 - a row
    return task.person_id is None and task.role == Role.WARDEN


def managers(session: Session, venues: Collection[UUID], at: datetime) -> dict[UUID, tuple[UUID, ...]]:
    """Return venue → its managers, or its owners where it has none."""
    found: dict[UUID, tuple[UUID, ...]] = {}
    for batch in batches(venues):
        held = _posts(session, batch, MANAGERS, at)
        for venue_id in batch:
            nearest = (held.get((venue_id, role.value), ()) for role in MANAGERS)
            found[venue_id] = next((one for one in nearest if one), ())
    return found


def in_charge(session: Session, day: date, roles: Sequence[Role] = OVERSEERS) -> Callable[[UUID], tuple[UUID, ...]]:
    """Return what says who answers for an area in these roles; an area is asked for once."""
    known: dict[UUID, tuple[UUID, ...]] = {}

    def of(area_id: UUID) -> tuple[UUID, ...]:
        if area_id not in known:
            held = (people.in_charge(session, role, area_id, day=day) for role in roles)
            known[area_id] = tuple(dict.fromkeys(person.id for some in held for person in some))
        return known[area_id]

    return of


def batches(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    """Yield ids in parts that fit one statement."""
    listed = list(ids)
    for start in range(0, len(listed), 500):
        yield listed[start : start + 500]


def _posts(
    session: Session, venues: Collection[UUID], roles: Collection[Role], at: datetime
) -> dict[tuple[UUID, str], tuple[UUID, ...]]:
    """Return (venue, role) → who answers for it that day: holders, or whoever covers for them."""
    day = people.local_day(at)
    query = select(col(Post.venue_id), col(Post.role), col(Post.person_id)).where(
        col(Post.venue_id).in_(venues), col(Post.role).in_([role.value for role in roles]), *people.valid_on(day)
    )
    found: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in session.execute(query.order_by(col(Post.from_on), col(Post.person_id))):
        found[row.venue_id, row.role].append(row.person_id)
    ids = {person for held in found.values() for person in held}
    covered = _covered(session, ids, day)
    for (venue_id, role), held in found.items():
        if covered.intersection(held):
            held[:] = [one.id for one in people.of_venue(session, [Role(role)], venue_id, day=day)]
    return {key: tuple(dict.fromkeys(held)) for key, held in found.items()}


def _covered(session: Session, ids: Collection[UUID], day: date) -> set[UUID]:
    query = select(col(Delegation.from_person_id)).where(col(Delegation.from_person_id).in_(ids), *people.in_force(day))
    return set(session.execute(query).scalars())
