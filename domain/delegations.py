"""Holiday cover: for some days somebody holds a colleague's posts as well. What that lets them do: `domain.people`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, or_, select, true, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain import access, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import ROLE_LABELS, VENUE_SIDE, Actor, Role
from domain.forms import Form, select_field, text_field
from domain.identifiers import new_id
from domain.language import N_, Label, Sentence
from domain.models import Account, Area, Case, Delegation, Person, Post, TimelineEntry
from domain.people_register import reaches, refuse, visible
from domain.processes.identity import GRANTERS, REQUESTS
from domain.register_forms import Day
from domain.register_lock import NotNow
from domain.rights import RIGHTS, Right

LONGEST = timedelta(days=90)
"""Longer than that a post is given to somebody, not covered."""


MOST_OFFERED = 500
"""Posts to choose among; who is looked for beyond them is found by name."""


class CoverDays(Form):
    """Who covers, on which days."""

    to_person: str = select_field(N_("Who covers"), of="deputies")
    from_on: Day = Field(..., title=N_("First day of cover"), json_schema_extra={"widget": "date"})
    until_on: Day = Field(..., title=N_("Last day of cover"), json_schema_extra={"widget": "date"})
    reason: str = text_field(N_("Reason"), limit=300)


class OwnCoverForm(CoverDays):
    """Who covers for oneself."""

    post: str | None = select_field(
        N_("Which post"), of="posts", required=False, hint=N_("None: all that may be covered")
    )


class CoverForm(CoverDays):
    """Who covers for a colleague."""

    from_person: str = select_field(N_("For whom"), of="colleagues")


@dataclass(frozen=True, slots=True)
class Cover:
    """One cover as lists show it."""

    delegation: Delegation
    absent: Person
    deputy: Person
    post: Label | None
    """None: every post that may be covered."""

    def is_over(self, day: date) -> bool:
        """Return whether it is in force no more."""
        return self.delegation.ended_at is not None or self.delegation.until_on < day


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody to choose, with what they hold."""

    person: Person
    roles: tuple[Label, ...]


def arrange_own(session: Session, form: OwnCoverForm, *, actor: Actor, at: datetime) -> Delegation:
    """Have a colleague cover for oneself. Raises `FieldRefused`."""
    if actor.person_id is None:
        raise access.NotPermitted(Right.DELEGATE)
    post_id = _chosen(form.post, "post") if form.post else None
    own = _coverable(session, actor.person_id, *_days(form, at))
    covered = [post for post in own if post_id in (None, post.id)]
    if own and not covered:
        raise refuse("post", Sentence("Please choose one of the given answers."))
    rows = _arrange(session, form, absent_id=actor.person_id, covered={post_id: covered}, actor=actor, at=at)
    return rows[0]


def arrange(session: Session, form: CoverForm, *, actor: Actor, at: datetime) -> list[Delegation]:
    """Have one colleague cover for another: each post that lies in the actor's reach, and no other.

    Raises `FieldRefused`, `NotPermitted`. Nobody makes themselves somebody's deputy: a right one gives oneself.
    """
    access.require(session, actor, Right.DELEGATE, anywhere=True)
    absent_id = _chosen(form.from_person, "from_person")
    reached = visible(actor, Right.DELEGATE, day=people.local_day(at))
    if not session.execute(select(col(Person.id)).where(col(Person.id) == absent_id, reached)).first():
        raise refuse("from_person", Sentence("Please choose one of the given answers."))
    if form.to_person == str(actor.person_id) and absent_id != actor.person_id:
        raise refuse("to_person", Sentence("Nobody makes themselves a deputy: the colleague or another does it."))
    posts = _coverable(session, absent_id, *_days(form, at))
    covered: dict[UUID | None, list[Post]] = {
        post.id: [post] for post in posts if reaches(session, actor, Right.DELEGATE, post)
    }
    return _arrange(session, form, absent_id=absent_id, covered=covered, actor=actor, at=at)


def _days(form: CoverDays, at: datetime) -> tuple[date, date]:
    """Return the first and the last day that are still to come. Raises `FieldRefused`."""
    day = people.local_day(at)
    if form.until_on < form.from_on or form.until_on < day:
        raise refuse("until_on", Sentence("The last day is before the first, or over already."))
    if form.until_on - form.from_on > LONGEST:
        raise refuse("until_on", Sentence("A cover lasts at most %(days)s days.", days=LONGEST.days))
    return max(form.from_on, day), form.until_on


def _arrange(
    session: Session,
    form: CoverDays,
    *,
    absent_id: UUID,
    covered: Mapping[UUID | None, list[Post]],
    actor: Actor,
    at: datetime,
) -> list[Delegation]:
    """Enter one cover per key of `covered`: a post, or None for all of the person's."""
    deputy_id = _chosen(form.to_person, "to_person")
    if deputy_id == absent_id:
        raise refuse("to_person", Sentence("Somebody else has to cover."))
    posts = [post for held in covered.values() for post in held]
    if not posts:
        raise refuse("post", Sentence("There is no post to cover on that day."))
    if not _may_cover(session, deputy_id, posts, _days(form, at)[0]):
        raise refuse("to_person", Sentence("Only a colleague of the same side, with an account and a post, covers."))
    if any(Role(post.role) in GRANTERS for post in posts) and _waits_for_consent(session, actor):
        raise refuse(
            "to_person",
            Sentence("You have asked who a reporter is: until that is decided you choose nobody who may agree to it."),
        )
    absent = register_lock.held(session, Person, absent_id)  # two forms at once: the second sees the first's rows
    names = absent.name if absent else "", session.get_one(Person, deputy_id).name
    rows = []
    for post_id, held in covered.items():
        row = Delegation(
            id=new_id(), from_person_id=absent_id, to_person_id=deputy_id, post_id=post_id, from_on=form.from_on,
            until_on=form.until_on, reason=form.reason, made_by=actor.person_id, made_at=at,
        )  # fmt: skip
        if _is_there(session, row):
            continue
        session.add(row)
        session.flush()
        data = {"absent": names[0], "deputy": names[1], "roles": sorted({post.role for post in held}),
                "from_on": form.from_on, "until_on": form.until_on, "reason": form.reason}  # fmt: skip
        register_log.record(session, "delegation", row.id, "add", actor=actor, at=at, data=data)
        rows.append(row)
    if not rows:
        raise refuse("from_on", Sentence("This cover is arranged already for some of these days."))
    return rows


def _waits_for_consent(session: Session, actor: Actor) -> bool:
    """Return whether the actor's request to see who a reporter is waits at some case for a second person."""
    asked = select(col(TimelineEntry.case_id)).where(
        col(TimelineEntry.actor_id) == actor.person_id, col(TimelineEntry.transition) == "request_identity"
    )
    waiting = select(col(Case.facts)).where(col(Case.id).in_(asked), col(Case.asked_at).is_not(None))
    return any(str(actor.person_id) in (facts.get(REQUESTS) or {}) for facts in session.execute(waiting).scalars())


def _chosen(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise refuse(field, Sentence("Please choose one of the given answers.")) from None


def _coverable(session: Session, person_id: UUID, first: date, last: date) -> list[Post]:
    """Return the posts of a person held on one of these days at least, without those nobody covers."""
    held = select(Post).where(
        col(Post.person_id) == person_id, col(Post.from_on) <= last,
        or_(col(Post.until_on).is_(None), col(Post.until_on) >= first),
    )  # fmt: skip
    posts = session.execute(held.order_by(col(Post.from_on), col(Post.id))).scalars()
    return [post for post in posts if Role(post.role) not in people.NOT_COVERED]


def _may_cover(session: Session, deputy_id: UUID, covered: list[Post], day: date) -> bool:
    """Return whether the deputy can sign in and stands on the side of what they cover: office, or that very venue."""
    usable = select(col(Account.id)).where(col(Account.person_id) == deputy_id, col(Account.disabled_at).is_(None))
    if session.execute(usable).first() is None:
        return False
    held = people.posts_of(session, deputy_id, day=day)
    in_office = any(Role(post.role) not in VENUE_SIDE for post in held)
    at_venues = {post.venue_id for post in held if post.venue_id}
    return bool(held) and all(
        post.venue_id in at_venues if Role(post.role) in VENUE_SIDE else in_office for post in covered
    )


def _is_there(session: Session, row: Delegation) -> bool:
    same = select(Delegation).where(
        col(Delegation.from_person_id) == row.from_person_id, col(Delegation.to_person_id) == row.to_person_id,
        col(Delegation.ended_at).is_(None), col(Delegation.from_on) <= row.until_on,
        col(Delegation.until_on) >= row.from_on,
    )  # fmt: skip
    return any(other.post_id in (None, row.post_id) for other in session.execute(same).scalars())


def end(session: Session, delegation_id: UUID, *, actor: Actor, at: datetime) -> None:
    """End a cover now: by who is covered for, who covers, or who arranges cover. Raises `OutOfReach`, `NotNow`."""
    row = session.get(Delegation, delegation_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise OutOfReach(str(delegation_id))
    if actor.person_id not in (row.from_person_id, row.to_person_id):
        today = people.local_day(at)
        covered = [session.get_one(Post, row.post_id)] if row.post_id else _coverable(
            session, row.from_person_id, today, max(today, row.until_on)
        )  # fmt: skip
        if not any(reaches(session, actor, Right.DELEGATE, post) for post in covered):
            raise OutOfReach(str(delegation_id))
    if row.ended_at is not None or row.until_on < people.local_day(at):
        raise NotNow(Sentence("This has ended already."))
    session.execute(update(Delegation).where(col(Delegation.id) == row.id).values(ended_at=at))
    register_log.record(session, "delegation", row.id, "end", actor=actor, at=at)


def of_person(session: Session, person_id: UUID, *, since: date) -> list[Cover]:
    """Return the covers a person takes part in that last at least until `since`, the next first."""
    mine = or_(col(Delegation.from_person_id) == person_id, col(Delegation.to_person_id) == person_id)
    return _listed(session, mine, since)


def all_of(session: Session, actor: Actor, *, since: date) -> list[Cover]:
    """Return the covers for whom this actor arranges cover, the next first."""
    reached = select(col(Person.id)).where(visible(actor, Right.DELEGATE, day=since))
    return _listed(session, col(Delegation.from_person_id).in_(reached), since)


def _listed(session: Session, which: ColumnElement[bool], since: date) -> list[Cover]:
    absent, deputy = aliased(Person), aliased(Person)
    query = (
        select(Delegation, absent, deputy, col(Post.role))
        .join(absent, absent.id == Delegation.from_person_id)  # type: ignore[arg-type]
        .join(deputy, deputy.id == Delegation.to_person_id)  # type: ignore[arg-type]
        .outerjoin(Post, col(Post.id) == Delegation.post_id)
        .where(which, col(Delegation.until_on) >= since)
        .order_by(col(Delegation.from_on), col(Delegation.id))
        .limit(500)
    )
    return [
        Cover(row[0], row[1], row[2], ROLE_LABELS[Role(row[3])] if row[3] else None) for row in session.execute(query)
    ]


def coverable_posts(session: Session, person_id: UUID, *, day: date) -> list[Post]:
    """Return the posts of a person that somebody may cover on `day`."""
    return _coverable(session, person_id, day, day)


def colleagues_of(session: Session, person_id: UUID, *, day: date) -> ColumnElement[bool]:
    """Return the condition on `person` that leaves who may cover for somebody: those they work with.

    Of the office: their organisation's people and whoever has a post in their areas or above them. Of a venue: its
    people, who learn nothing here of who works for the city.
    """
    held = people.posts_of(session, person_id, day=day)
    there: list[ColumnElement[bool]] = [col(Post.venue_id).in_([post.venue_id for post in held if post.venue_id])]
    office = [post for post in held if Role(post.role) not in VENUE_SIDE]
    if office:
        bodies = [post.organisation_id for post in office if post.organisation_id]
        paths = {access.place_of(session, area_id=post.area_id, venue_id=None).area_path for post in office}
        there.append(and_(_IS_OFFICE, or_(col(Post.organisation_id).in_(bodies), _near(paths))))
    return and_(col(Person.id) != person_id, or_(*there))


def deputies_within(actor: Actor, *, day: date) -> ColumnElement[bool]:
    """Return the condition on `person` that leaves whom this actor may make a deputy: in their areas, or above."""
    paths = {grant.area_path for grant in actor.grants or () if grant.role in RIGHTS[Right.DELEGATE]}
    near = or_(visible(actor, Right.DELEGATE, day=day), and_(_IS_OFFICE, _near(paths)))
    return and_(col(Person.id) != actor.person_id, near)


_IS_OFFICE = col(Post.role).not_in([role.value for role in VENUE_SIDE])


def _near(paths: Collection[str | None]) -> ColumnElement[bool]:
    """Return the condition on `post` for those in these areas, below or above them; None: everywhere."""
    if None in paths:
        return true()
    near: list[ColumnElement[bool]] = [col(Post.area_id).is_(None)]
    for path in sorted(path for path in paths if path is not None):
        parts = path.rstrip("/").split("/")
        above = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
        near += [
            col(Post.area_id).in_(access.below(path)),
            col(Post.area_id).in_(select(col(Area.id)).where(col(Area.path).in_(above))),
        ]
    return or_(*near)


def are_cut(offered: list[Candidate]) -> bool:
    """Return whether there are more than these to choose among."""
    return sum(len(one.roles) for one in offered) >= MOST_OFFERED


def candidates(
    session: Session, *, day: date, only: ColumnElement[bool] | None = None, typed: str = ""
) -> list[Candidate]:
    """Return who can sign in and holds a post on `day`, by name, `MOST_OFFERED` posts at most.

    `only` narrows it by a condition on `person` and `post`, `typed` to those whose name has one of its words.
    """
    query = (
        select(Person, col(Post.role))
        .join(Post, col(Post.person_id) == Person.id)
        .join(Account, col(Account.person_id) == Person.id)
        .where(
            col(Account.disabled_at).is_(None), col(Post.from_on) <= day,
            or_(col(Post.until_on).is_(None), col(Post.until_on) >= day),
        )
        .order_by(col(Person.name), col(Person.id))
        .limit(MOST_OFFERED)
    )  # fmt: skip
    if only is not None:
        query = query.where(only)
    if typed.strip("\x00 "):
        query = query.where(
            or_(*(col(Person.name).contains(name, autoescape=True) for name in typed.replace("\x00", "").split()))
        )
    found: dict[UUID, tuple[Person, set[str]]] = {}
    for person, role in session.execute(query):
        found.setdefault(person.id, (person, set()))[1].add(role)
    return [
        Candidate(person, tuple(ROLE_LABELS[Role(role)] for role in sorted(roles))) for person, roles in found.values()
    ]
