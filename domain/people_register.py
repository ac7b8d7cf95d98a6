"""People and the posts they hold: entered, changed and ended by those who manage people.

Nothing is deleted: a post ends on a day. Nobody gives themselves a post, the last administrator cannot be taken away,
and an administrator's account is never opened by one colleague alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlmodel import Session, col

from domain import (
    access,
    catalogue,
    organisations,
    people,
    register_lock,
    register_log,
    second_person,
    venue_people,
)
from domain.access import OutOfReach
from domain.actors import ROLE_LABELS, VENUE_SIDE, Actor, Role
from domain.cases import FieldRefused
from domain.forms import Form, LabelledChoice, choice_field, line_field, select_field, text_field
from domain.identifiers import mask_phone, new_id
from domain.language import N_, Sentence
from domain.models import Account, Area, Person, Post, Venue
from domain.register_forms import Day, Phone
from domain.register_lock import NotNow
from domain.rights import RIGHTS, Right
from domain.second_person import FIRST_LOCK, GUARDED
from domain.workflow import FieldRefusal

SHORTEST_NAME = 2


class PostRole(LabelledChoice):
    """The posts there are to hold."""

    HANDLER = "handler", ROLE_LABELS[Role.HANDLER].zh, ROLE_LABELS[Role.HANDLER].en
    WARDEN = "warden", ROLE_LABELS[Role.WARDEN].zh, ROLE_LABELS[Role.WARDEN].en
    INSPECTOR = "inspector", ROLE_LABELS[Role.INSPECTOR].zh, ROLE_LABELS[Role.INSPECTOR].en
    OPERATOR = "operator", ROLE_LABELS[Role.OPERATOR].zh, ROLE_LABELS[Role.OPERATOR].en
    CREW = "crew", ROLE_LABELS[Role.CREW].zh, ROLE_LABELS[Role.CREW].en
    SUPERVISOR = "supervisor", ROLE_LABELS[Role.SUPERVISOR].zh, ROLE_LABELS[Role.SUPERVISOR].en
    LEADER = "leader", ROLE_LABELS[Role.LEADER].zh, ROLE_LABELS[Role.LEADER].en
    OWNER = "owner", ROLE_LABELS[Role.OWNER].zh, ROLE_LABELS[Role.OWNER].en
    MANAGER = "manager", ROLE_LABELS[Role.MANAGER].zh, ROLE_LABELS[Role.MANAGER].en
    OFFICER = "officer", ROLE_LABELS[Role.OFFICER].zh, ROLE_LABELS[Role.OFFICER].en
    ADMINISTRATOR = "administrator", ROLE_LABELS[Role.ADMINISTRATOR].zh, ROLE_LABELS[Role.ADMINISTRATOR].en
    AUDITOR = "auditor", ROLE_LABELS[Role.AUDITOR].zh, ROLE_LABELS[Role.AUDITOR].en


class Speaks(LabelledChoice):
    """In which language somebody is written to."""

    CHINESE = "zh_CN", "中文", "Chinese"
    ENGLISH = "en", "英文", "English"


class PersonForm(Form):
    """Who somebody is."""

    name: str = line_field(N_("Name"), limit=60)
    phone: Phone | None = line_field(
        N_("Phone"), limit=40, required=False, hint=N_("Messages and sign-in codes go there")
    )
    language: Speaks = choice_field(N_("Language of messages"))


class PresentPhone(LabelledChoice):
    """What becomes of the phone somebody has, when no other is given."""

    KEEP = "keep", "保留", "Keep it"
    REMOVE = "remove", "删除", "Take it away"


class PersonChange(PersonForm):
    """Who somebody is, with the phone only where it changes: the present one is not shown."""

    phone: Phone | None = line_field(N_("New phone"), limit=40, required=False, hint=N_("Empty: as it is"))
    present: PresentPhone = Field(
        PresentPhone.KEEP, title=N_("Present phone"), json_schema_extra={"widget": "choice", "optional": True}
    )


WHOLE_CITY = "*"
"""Chosen as the area of a post that holds everywhere; no area has this code."""


class PostForm(Form):
    """A post: a role, and where and when it holds."""

    role: PostRole = choice_field(N_("Role"))
    area: str | None = select_field(
        N_("Area"), of="areas", required=False, hint=N_("With all below it; left empty only for a post at a venue")
    )
    venue: str | None = line_field(
        N_("Venue code"), limit=20, required=False, widget="venue", hint=N_("For posts at a venue")
    )
    organisation: str | None = select_field(N_("Organisation"), of="organisations", required=False)
    industry: str | None = select_field(
        N_("Industry"), of="industries", required=False, hint=N_("Narrows the post to venues of one industry")
    )
    from_on: Day | None = Field(None, title=N_("First day"), json_schema_extra={"widget": "date", "optional": True})
    until_on: Day | None = Field(None, title=N_("Last day"), json_schema_extra={"widget": "date", "optional": True})


class NewcomerForm(PostForm, PersonForm):
    """Somebody new, with a first post and, if a user name is given, an account."""

    username: str | None = line_field(
        N_("User name"), limit=40, required=False, hint=N_("Without one the person cannot sign in")
    )


class EndPostForm(Form):
    """A post ends."""

    until_on: Day | None = Field(
        None, title=N_("Last day"), json_schema_extra={"widget": "date", "optional": True, "hint": N_("Empty: today")}
    )
    reason: str = text_field(N_("Reason"), limit=300)


def refuse(field: str, reason: Sentence) -> FieldRefused:
    """Return the refusal of one field of a form."""
    return FieldRefused(FieldRefusal(field, reason))


# Whom somebody may know of here.


def visible(actor: Actor, right: Right = Right.SEE_PEOPLE, *, day: date | None = None) -> ColumnElement[bool]:
    """Return the condition on `person` that leaves whom this actor may know of as one who has `right`.

    Every post counts that a person ever held; with `day` those that are not over then.
    """
    if actor.grants is None:
        return true() if actor.plays(Role.SYSTEM) else false()
    able = [grant for grant in actor.grants if grant.role in RIGHTS[right] and grant.venue_id is None]
    if any(grant.area_path is None and grant.industry is None for grant in able):
        return true()
    reached = [_reached(grant.area_path, grant.industry) for grant in able]
    if not reached:
        return false()
    areas, venues, posts = Area.__table__, Venue.__table__, Post.__table__  # type: ignore[attr-defined]
    there = (
        select(posts.c.person_id)
        .outerjoin(venues, venues.c.id == posts.c.venue_id)
        .outerjoin(areas, areas.c.id == func.coalesce(posts.c.area_id, venues.c.area_id))
        .where(or_(*reached))
    )
    if day is not None:
        there = there.where(or_(posts.c.until_on.is_(None), posts.c.until_on >= day))
    return col(Person.id).in_(there)


def _reached(path: str | None, industry: str | None) -> ColumnElement[bool]:
    areas, venues, posts = Area.__table__, Venue.__table__, Post.__table__  # type: ignore[attr-defined]
    inside: ColumnElement[bool] = func.substr(areas.c.path, 1, len(path)) == path if path is not None else true()
    if industry is None:
        return inside
    return inside & (func.coalesce(posts.c.industry, venues.c.industry) == industry)


def seen_by(session: Session, actor: Actor, person_id: UUID, right: Right = Right.SEE_PEOPLE) -> Person:
    """Return the person; raises `OutOfReach` for whom this actor may not know of."""
    query = select(Person).where(col(Person.id) == person_id, visible(actor, right))
    person: Person | None = session.execute(query).scalar_one_or_none()
    if person is None:
        raise OutOfReach(str(person_id))
    return person


def managed_by(session: Session, actor: Actor, person_id: UUID, *, day: date) -> Person:
    """Return a person this actor may change; raises `OutOfReach`, `NotPermitted`."""
    seen_by(session, actor, person_id)
    access.require(session, actor, Right.MANAGE_PEOPLE, anywhere=True)
    query = select(Person).where(col(Person.id) == person_id, visible(actor, Right.MANAGE_PEOPLE))
    person: Person | None = session.execute(query.with_for_update()).scalar_one_or_none()
    if person is None or not _manages_all_of(session, actor, person, day):
        raise access.NotPermitted(Right.MANAGE_PEOPLE)
    return person


def _manages_all_of(session: Session, actor: Actor, person: Person, day: date) -> bool:
    """Return whether the actor's right covers every post the person holds, will hold or covers for a colleague.

    Else a district's administrator would open the account of the city's, who once held a post in that district.
    """
    if actor.grants is None:
        return True
    held = select(Post).where(
        col(Post.person_id) == person.id, or_(col(Post.until_on).is_(None), col(Post.until_on) >= day)
    )
    covered = [post for post, _ in people.held_by(session, person.id, day=day)]
    return all(
        reaches(session, actor, Right.MANAGE_PEOPLE, post) for post in [*session.execute(held).scalars(), *covered]
    )


def reaches(session: Session, actor: Actor, right: Right, post: Post) -> bool:
    """Return whether the actor has `right` where a post holds."""
    place = access.place_of(session, area_id=post.area_id, venue_id=post.venue_id)
    return access.may(actor, right, replace(place, industry=post.industry or place.industry))


# People.


def was_entered(session: Session, form_id: UUID, *, actor: Actor) -> bool:
    """Return whether this actor's form was sent before; of two clicks the second waits for the first."""
    if actor.person_id is not None:
        register_lock.held(session, Person, actor.person_id)
    if session.get(Person, form_id) is None:
        return False
    if not register_lock.made_by(session, form_id, actor.person_id):
        raise OutOfReach(str(form_id))
    return True


def enter(session: Session, form: PersonForm, *, actor: Actor, at: datetime, person_id: UUID | None = None) -> Person:
    """Enter somebody into the register; a phone that belongs to somebody else is refused."""
    access.require(session, actor, Right.MANAGE_PEOPLE, anywhere=True)
    _refuse_taken_phone(session, form.phone, but=None)
    person = Person(id=person_id or new_id(), name=form.name, phone=form.phone, language=form.language.value)
    session.add(person)
    session.flush()
    data = {"name": person.name, "phone": mask_phone(form.phone) if form.phone else None, "language": person.language}
    register_log.record(session, "person", person.id, "enter", actor=actor, at=at, data=data)
    return person


def change(session: Session, person_id: UUID, form: PersonChange, *, actor: Actor, at: datetime) -> None:
    """Change who somebody is. Nobody moves their own phone: sign-in codes go there."""
    person = managed_by(session, actor, person_id, day=people.local_day(at))
    phone = form.phone or (person.phone if form.present is PresentPhone.KEEP else None)
    moves = phone != person.phone
    if moves and person.id == actor.person_id:
        raise refuse("phone", Sentence("Another administrator changes your phone: your sign-in codes go there."))
    if moves:
        _refuse_taken_phone(session, phone, but=person.id)
        second_person.ask(session, person.id, FIRST_LOCK, actor=actor, at=at)
    before = _facts(person)
    person.name, person.phone, person.language = form.name, phone, form.language.value
    session.flush()
    changed = register_log.changes(before, _facts(person))
    if moves:  # two phones may look the same masked
        changed["phone"] = [before["phone"], _facts(person)["phone"]]
    if changed:
        register_log.record(session, "person", person.id, "change", actor=actor, at=at, data=changed)


def _facts(person: Person) -> dict[str, Any]:
    return {"name": person.name, "phone": mask_phone(person.phone) if person.phone else None,
            "language": person.language}  # fmt: skip


def _refuse_taken_phone(session: Session, phone: str | None, *, but: UUID | None) -> None:
    if phone is None:
        return
    taken = select(col(Person.id)).where(col(Person.phone) == phone)
    if any(person_id != but for person_id in session.execute(taken).scalars()):
        raise refuse("phone", Sentence("This phone belongs to somebody else in the register."))


# Posts.


def appoint(session: Session, person_id: UUID, form: PostForm, *, actor: Actor, at: datetime) -> Post:
    """Give somebody a post. Raises `FieldRefused`, `OutOfReach`, `NotPermitted`."""
    if person_id == actor.person_id:
        raise refuse("role", Sentence("Nobody gives themselves a post: another administrator does it."))
    role, day = Role(form.role.value), people.local_day(at)
    from_on = form.from_on or day
    if form.until_on is not None and form.until_on < from_on:
        raise refuse("until_on", Sentence("The last day is before the first."))
    area_id, venue_id = _where(session, form, role)
    access.require(session, actor, Right.MANAGE_PEOPLE, area_id=area_id, venue_id=venue_id)
    if form.industry is not None and form.industry not in catalogue.industries():
        raise refuse("industry", Sentence("Please choose one of the given answers."))
    if role in GUARDED:
        second_person.refuse_own_creature(session, person_id, actor=actor, at=at)
    post = Post(
        id=new_id(), person_id=person_id, role=role.value, area_id=area_id, venue_id=venue_id, from_on=from_on,
        until_on=form.until_on, organisation_id=_organisation(session, form.organisation, actor),
        industry=form.industry,
    )  # fmt: skip
    if _holds_the_same(session, post):
        raise refuse("role", Sentence("They hold this post in that time already."))
    session.add(post)
    session.flush()
    person = session.get_one(Person, person_id)
    data = {"person_id": person_id, "person": person.name, "role": post.role, "area": form.area, "venue": form.venue,
            "industry": form.industry, "from_on": from_on, "until_on": form.until_on}  # fmt: skip
    register_log.record(session, "post", post.id, "appoint", actor=actor, at=at, data=data)
    venue_people.keep_owner_by(session, post, day=day)
    return post


def _where(session: Session, form: PostForm, role: Role) -> tuple[UUID | None, UUID | None]:
    if role in VENUE_SIDE:
        if not form.venue:
            raise refuse("venue", Sentence("This post is at a venue: write its code."))
        code = form.venue.strip().upper()
        venue_id = session.execute(select(col(Venue.id)).where(col(Venue.code) == code)).scalar()
        if venue_id is None:
            raise refuse("venue", Sentence("No venue has this code."))
        return None, venue_id
    if form.venue:
        raise refuse("venue", Sentence("This post is for an area, not at a venue: leave this empty."))
    if not form.area:
        raise refuse("area", Sentence("Choose the area the post is for, or the whole city."))
    if form.area == WHOLE_CITY:
        return None, None
    row = session.execute(select(col(Area.id), col(Area.ended_on)).where(col(Area.code) == form.area)).first()
    if row is None:
        raise refuse("area", Sentence("There is no area with this code."))
    if row.ended_on is not None:
        raise refuse("area", Sentence("That area is used no more."))
    return row.id, None


def _organisation(session: Session, code: str | None, actor: Actor) -> UUID | None:
    if not code:
        return None
    try:
        return organisations.within(session, actor, code).id
    except organisations.UnknownOrganisation:
        raise refuse("organisation", Sentence("Please choose one of the given answers.")) from None


def _holds_the_same(session: Session, post: Post) -> bool:
    same = select(Post).where(col(Post.person_id) == post.person_id, col(Post.role) == post.role)
    return any(
        (held.area_id, held.venue_id, held.industry) == (post.area_id, post.venue_id, post.industry)
        and (held.until_on is None or held.until_on >= post.from_on)
        and (post.until_on is None or post.until_on >= held.from_on)
        for held in session.execute(same).scalars()
    )


def end_post(
    session: Session, person_id: UUID, post_id: UUID, form: EndPostForm, *, actor: Actor, at: datetime
) -> None:
    """End a post on its last day; it is never made longer. Raises `FieldRefused`, `NotNow`, `OutOfReach`."""
    if session.execute(select(col(Post.role)).where(col(Post.id) == post_id)).scalar() == Role.ADMINISTRATOR:
        _hold_administrators(session)
    post = session.get(Post, post_id, populate_existing=True, with_for_update=True)
    if post is None or post.person_id != person_id:
        raise OutOfReach(str(post_id))
    access.require(session, actor, Right.MANAGE_PEOPLE, area_id=post.area_id, venue_id=post.venue_id)
    day = people.local_day(at)
    last = form.until_on or day
    if post.until_on is not None and post.until_on < day:
        raise NotNow(Sentence("This post has ended."))
    if last < post.from_on:
        raise refuse("until_on", Sentence("The post begins on %(day)s.", day=post.from_on))
    if post.until_on is not None and last > post.until_on:
        raise refuse("until_on", Sentence("The post ends on %(day)s; a longer one is a new post.", day=post.until_on))
    if post.role == Role.ADMINISTRATOR:
        refuse_last_administrator(session, but_post=post.id, day=day)
    before, post.until_on = post.until_on, last
    session.flush()
    data = {"until_on": [before, last], "role": post.role, "reason": form.reason}
    register_log.record(session, "post", post.id, "end", actor=actor, at=at, data=data)
    venue_people.keep_owner_by(session, post, day=day)


def _hold_administrators(session: Session) -> None:
    """Hold all their posts in one order: two who end each other's wait, and neither is thrown out for a deadlock."""
    theirs = select(col(Post.id)).where(col(Post.role) == Role.ADMINISTRATOR.value).order_by(col(Post.id))
    session.execute(theirs.with_for_update()).all()


def refuse_last_administrator(
    session: Session, *, day: date, but_post: UUID | None = None, but_person: UUID | None = None
) -> None:
    """Raise `NotNow` unless somebody else stays administrator of everything, without a last day, and can sign in.

    The posts are held until the end of the transaction, so that two cannot take each other away at once.
    """
    query = (
        select(Post, col(Area.path))
        .outerjoin(Area, col(Area.id) == Post.area_id)
        .where(
            col(Post.role) == Role.ADMINISTRATOR.value, col(Post.venue_id).is_(None), col(Post.industry).is_(None),
            col(Post.from_on) <= day, col(Post.until_on).is_(None),
        )
        .order_by(col(Post.id))
        .with_for_update(of=Post)
    )  # fmt: skip
    holders = {
        row.Post.person_id
        for row in session.execute(query)
        if (row.path is None or row.path.count("/") == 1)
        and row.Post.id != but_post
        and row.Post.person_id != but_person
    }
    usable = select(col(Account.id)).where(col(Account.person_id).in_(holders), col(Account.disabled_at).is_(None))
    if session.execute(usable.limit(1)).first() is None:
        raise NotNow(Sentence("This is the last administrator of everything: appoint another first."))
