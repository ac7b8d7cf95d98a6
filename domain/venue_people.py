"""Who answers for a venue: owner, manager, officers by real name, for a time. The post is the truth of who owns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlmodel import Session, col

from domain import access, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import ROLE_LABELS, VENUE_SIDE, Actor, Role
from domain.cases import FieldRefused
from domain.identifiers import mask_phone, new_id
from domain.language import Label, Sentence
from domain.models import Person, Post, Venue
from domain.register_forms import Appointment, EndOfPost, Reveal, VenuePost
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open
from domain.workflow import FieldRefusal

KIND = "post"
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_POSTS: Any = Post.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who held, holds or will hold a post at a venue."""

    post: Post
    person: Person

    @property
    def role(self) -> Label:
        """Return the post in words."""
        return ROLE_LABELS[Role(self.post.role)]

    def holds_on(self, day: date) -> bool:
        """Return whether the post is held on `day`."""
        return self.post.from_on <= day and (self.post.until_on is None or self.post.until_on >= day)


def of(session: Session, venue_id: UUID) -> Sequence[Holder]:
    """Return everybody who ever held a post at the venue: by post, the latest first."""
    order = [Role.OWNER.value, Role.MANAGER.value, Role.OFFICER.value]
    rows = session.execute(
        select(Post, Person).join(Person, col(Person.id) == Post.person_id).where(col(Post.venue_id) == venue_id)
    ).all()
    found = [Holder(row.Post, row.Person) for row in rows if Role(row.Post.role) in VENUE_SIDE]
    found.sort(key=lambda one: (one.post.from_on, one.post.id), reverse=True)
    return sorted(found, key=lambda one: order.index(one.post.role))


def appoint(
    session: Session, venue_id: UUID, form: Appointment, *, actor: Actor, at: datetime, post_id: UUID | None = None
) -> Post:
    """Give somebody a post at a venue; a person with the same name and phone is the same person.

    A new owner ends the post of the one before on the day before. `post_id`: of a form; sent twice, it counts once.
    """
    access.require(session, actor, Right.KEEP_VENUES, venue_id=venue_id)
    venue = held_open(session, venue_id)
    if post_id is not None and (there := session.get(Post, post_id)) is not None:
        if there.venue_id != venue_id:
            raise OutOfReach(str(post_id))
        return there
    day = people.local_day(at)
    from_on = form.from_on or day
    if from_on < venue.opened_on:
        raise _refused("from_on", Sentence("The venue is in the register since %(day)s.", day=venue.opened_on))
    if form.until_on is not None and form.until_on < from_on:
        raise _refused("until_on", Sentence("The last day is before the first."))
    person = _person(session, form, actor=actor, at=at)
    if person.id == actor.person_id:
        raise _refused("name", Sentence("Nobody gives themselves a post: a colleague does it."))
    held = [one for one in of(session, venue_id) if one.post.role == form.role and _overlaps(one.post, from_on, form)]
    if any(one.person.id == person.id for one in held):
        raise _refused("name", Sentence("They hold this post in that time already."))
    if form.role is VenuePost.OWNER:
        _end_former_owners(session, [one.post for one in held], from_on, actor=actor, at=at, venue=venue)
    post = Post(id=post_id or new_id(), person_id=person.id, role=form.role.value, venue_id=venue_id, from_on=from_on,
                until_on=form.until_on)  # fmt: skip
    session.add(post)
    session.flush()
    data = {"venue_id": venue_id, "venue": venue.name, "person_id": person.id, "person": person.name,
            "role": post.role, "from_on": from_on, "until_on": form.until_on}  # fmt: skip
    register_log.record(session, KIND, post.id, "appoint", actor=actor, at=at,
                        data={**data, "note": form.note} if form.note else data)  # fmt: skip
    keep_owner(session, venue, day=day)
    return post


def end(
    session: Session, venue_id: UUID, post_id: UUID, form: EndOfPost, *, actor: Actor, at: datetime,
    version: int | None = None,
) -> None:  # fmt: skip
    """End a post at a venue on its last day; raises `NotNow` when it has ended."""
    access.require(session, actor, Right.KEEP_VENUES, venue_id=venue_id)
    venue = held_open(session, venue_id)
    post = register_lock.held(session, Post, post_id)
    if post is None or post.venue_id != venue_id:
        raise OutOfReach(str(post_id))
    register_lock.expect(session, post.id, version)
    day = people.local_day(at)
    last = form.until_on or day
    if post.until_on is not None and post.until_on < day:
        raise NotNow(Sentence("This post has ended."))
    if last < post.from_on:
        raise _refused("until_on", Sentence("The post begins on %(day)s.", day=post.from_on))
    if post.until_on is not None and last > post.until_on:
        reason = Sentence("The post ends on %(day)s; a longer one is a new post.", day=post.until_on)
        raise _refused("until_on", reason)
    data = {"until_on": [post.until_on, last], "venue_id": venue_id, "venue": venue.name, "role": post.role,
            "reason": form.reason}  # fmt: skip
    post.until_on = last
    session.flush()
    register_log.record(session, KIND, post.id, "end", actor=actor, at=at, data=data)
    keep_owner(session, venue, day=day)


def reveal_phone(
    session: Session, venue_id: UUID, person_id: UUID, form: Reveal, *, actor: Actor, at: datetime
) -> str | None:
    """Return the phone of somebody who holds or held a post at the venue; the look and its reason are recorded."""
    access.require(session, actor, Right.REVEAL_PHONES, venue_id=venue_id)
    found = next((one.person for one in of(session, venue_id) if one.person.id == person_id), None)
    if found is None:
        raise OutOfReach(str(person_id))
    data = {"venue_id": venue_id, "reason": form.reason}
    register_log.record(session, "person", person_id, "reveal_phone", actor=actor, at=at, data=data)
    return found.phone


def keep_owner(session: Session, venue: Venue, *, day: date) -> None:
    """Bring the venue's owner in step with who holds the post on `day`."""
    venue.owner_id = session.execute(select(_owner_on(day)).where(col(Venue.id) == venue.id)).scalar()
    session.flush()


def keep_owner_by(session: Session, post: Post, *, day: date) -> None:
    """Bring the owner of a post's venue in step when it is an owner's post; for those who appoint elsewhere."""
    venue = session.get(Venue, post.venue_id) if post.venue_id and post.role == Role.OWNER.value else None
    if venue is not None and venue.closed_on is None:
        keep_owner(session, venue, day=day)


def keep_owners(session: Session, *, at: datetime) -> int:
    """Bring every open venue's owner in step with who holds the post today; return how many were not.

    A post that begins or ends later than the day it was entered changes nothing then; the daily timetable calls this.
    """
    owner = _owner_on(people.local_day(at))
    posted = exists().where(_POSTS.c.venue_id == _VENUES.c.id, _POSTS.c.role == Role.OWNER.value)
    stale = update(_VENUES).where(
        _VENUES.c.closed_on.is_(None), posted, owner.is_distinct_from(_VENUES.c.owner_id)
    )  # fmt: skip
    moved = session.connection().execute(stale.values(owner_id=owner))
    session.expire_all()
    return moved.rowcount


def _owner_on(day: date) -> Any:  # noqa: ANN401 - a scalar subquery
    posts = _POSTS.alias("held")
    return (
        select(posts.c.person_id)
        .where(
            posts.c.venue_id == _VENUES.c.id, posts.c.role == Role.OWNER.value, posts.c.from_on <= day,
            or_(posts.c.until_on.is_(None), posts.c.until_on >= day),
        )
        .order_by(posts.c.from_on.desc(), posts.c.id.desc())
        .limit(1)
        .correlate(_VENUES)
        .scalar_subquery()
    )  # fmt: skip


def _person(session: Session, form: Appointment, *, actor: Actor, at: datetime) -> Person:
    query = select(Person).where(col(Person.phone) == form.phone).order_by(col(Person.id))
    known: list[Person] = list(session.execute(query).scalars())
    same = [person for person in known if person.name == form.name]
    if same:
        return same[0]
    if known:
        raise _refused("phone", Sentence("This phone belongs to somebody of another name in the register."))
    person = Person(id=new_id(), name=form.name, phone=form.phone)
    session.add(person)
    session.flush()
    data = {"name": person.name, "phone": mask_phone(form.phone)}
    register_log.record(session, "person", person.id, "enter", actor=actor, at=at, data=data)
    return person


def _overlaps(post: Post, from_on: date, form: Appointment) -> bool:
    begins_after = form.until_on is not None and post.from_on > form.until_on
    ended_before = post.until_on is not None and post.until_on < from_on
    return not (begins_after or ended_before)


def _end_former_owners(
    session: Session, posts: Sequence[Post], from_on: date, *, actor: Actor, at: datetime, venue: Venue
) -> None:
    last = from_on - timedelta(days=1)
    for post in posts:
        if post.from_on > last:
            reason = Sentence("Somebody else is responsible from %(day)s on; end that post first.", day=post.from_on)
            raise _refused("from_on", reason)
        data = {"until_on": [post.until_on, last], "venue_id": venue.id, "venue": venue.name, "role": post.role,
                "replaced": True}  # fmt: skip
        post.until_on = last
        session.flush()
        register_log.record(session, KIND, post.id, "end", actor=actor, at=at, data=data)


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))
