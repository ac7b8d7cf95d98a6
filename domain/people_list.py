"""People with their posts and accounts: a list by name, and one person whole."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from domain import people, people_register, provider_links, second_factors, sessions, tokens
from domain.actors import ROLE_LABELS, Actor, Role
from domain.language import Label
from domain.models import Account, Area, Organisation, Person, Post, Venue
from domain.rights import Right
from domain.settings import Settings

PAGE_SIZE = 50
SHORTEST_PHONE = 7
"""Digits; fewer are no telephone number."""
_POSTS: Any = Post.__table__  # type: ignore[attr-defined]
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]


class BadCursor(ValueError):
    """The cursor is not one this list gave out."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom somebody asks for; a field left alone asks for all."""

    typed: str = ""
    """Part of a name, of a user name, or a whole phone number."""
    role: str = ""
    area: str = ""
    """Code of an area; posts below it count."""
    state: str = ""
    """working (holds a post now), former (none now), disabled (an account is closed), without (no account)."""


STATES = {
    "working": Label("在任", "Hold a post"),
    "former": Label("无任职", "Hold none now"),
    "disabled": Label("账号已停用", "Account closed"),
    "without": Label("无账号", "Without an account"),
}


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post with where it holds, in words."""

    post: Post
    role: Label
    place: str
    """Area or venue; "" for everywhere."""
    organisation: str
    holds_now: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the list."""

    person: Person
    posts: tuple[PostShown, ...]
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of those after them; None on the last page."""

    rows: tuple[Row, ...]
    next_cursor: str | None


def page(session: Session, actor: Actor, wanted: Wanted, *, day: date, cursor: str = "", size: int = PAGE_SIZE) -> Page:
    """Return people this actor may know of, by name."""
    conditions = [people_register.visible(actor), *_conditions(wanted, day)]
    if cursor:
        name, last = _read_cursor(cursor)
        after = and_(col(Person.name) == name, col(Person.id) > last)
        conditions.append(or_(col(Person.name) > name, after))
    query = select(Person).where(*conditions).order_by(col(Person.name), col(Person.id)).limit(size + 1)
    found = list(session.execute(query).scalars())
    shown = found[:size]
    ids = [person.id for person in shown]
    posts = _posts(session, ids, day=day)
    held = _accounts(session, ids)
    rows = tuple(
        Row(
            person,
            tuple(post for post in posts.get(person.id, ()) if post.holds_now),
            tuple(held.get(person.id, ())),
        )
        for person in shown
    )
    return Page(rows, _cursor(shown[-1]) if len(found) > size else None)


def _conditions(wanted: Wanted, day: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    typed = wanted.typed.strip()
    accounts = select(col(Account.person_id))
    if typed:
        conditions.append(_typed(typed, accounts))
    held = (
        _POSTS.c.from_on <= day,
        or_(_POSTS.c.until_on.is_(None), _POSTS.c.until_on >= day),
    )
    if wanted.role or wanted.area or wanted.state in ("working", "former"):
        posts = select(_POSTS.c.person_id).where(*held)
        if wanted.role:
            posts = posts.where(_POSTS.c.role == wanted.role)
        if wanted.area:
            path = select(_AREAS.c.path).where(_AREAS.c.code == wanted.area).scalar_subquery()
            areas = select(_AREAS.c.id).where(func.substr(_AREAS.c.path, 1, func.length(path)) == path)
            venues = select(_VENUES.c.id).where(_VENUES.c.area_id.in_(areas))
            posts = posts.where(or_(_POSTS.c.area_id.in_(areas), _POSTS.c.venue_id.in_(venues)))
        among = col(Person.id).in_(posts)
        conditions.append(~among if wanted.state == "former" else among)
    if wanted.state == "disabled":
        conditions.append(col(Person.id).in_(accounts.where(col(Account.disabled_at).is_not(None))))
    if wanted.state == "without":
        conditions.append(col(Person.id).not_in(accounts))
    return conditions


def _typed(typed: str, accounts: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a select of people's ids
    """Return the condition for what was typed: a telephone number by itself is found by its index."""
    digits = "".join(character for character in typed if character.isdigit())
    if len(digits) >= SHORTEST_PHONE and not any(character.isalpha() for character in typed):
        return col(Person.phone).in_([typed, digits, f"+{digits}", f"+86{digits}"])
    like = f"%{typed.replace('~', '~~').replace('%', '~%').replace('_', '~_')}%"
    name = col(Person.name)
    # PostgreSQL folds every name it compares so; names without letters that have capitals need none of it.
    named = name.ilike(like, escape="~") if typed.lower() != typed.upper() else name.like(like, escape="~")
    return or_(named, col(Person.id).in_(accounts.where(col(Account.username).like(like.casefold(), escape="~"))))


def _posts(session: Session, ids: list[UUID], *, day: date) -> dict[UUID, list[PostShown]]:
    query = (
        select(Post, col(Area.name), col(Venue.name), col(Organisation.name))
        .outerjoin(Area, col(Area.id) == Post.area_id)
        .outerjoin(Venue, col(Venue.id) == Post.venue_id)
        .outerjoin(Organisation, col(Organisation.id) == Post.organisation_id)
        .where(col(Post.person_id).in_(ids))
        .order_by(col(Post.from_on).desc(), col(Post.id).desc())
    )
    found: dict[UUID, list[PostShown]] = {}
    for post, area, venue, organisation in session.execute(query):
        is_over = post.until_on is not None and post.until_on < day
        shown = PostShown(
            post, ROLE_LABELS[Role(post.role)], venue or area or "", organisation or "",
            post.from_on <= day and not is_over, is_over,
        )  # fmt: skip
        found.setdefault(post.person_id, []).append(shown)
    return found


def _accounts(session: Session, ids: list[UUID]) -> dict[UUID, list[Account]]:
    found: dict[UUID, list[Account]] = {}
    query = select(Account).where(col(Account.person_id).in_(ids)).order_by(col(Account.username))
    for account in session.execute(query).scalars():
        found.setdefault(account.person_id, []).append(account)
    return found


@dataclass(frozen=True, slots=True)
class AccountShown:
    """An account, how it is signed in to, and from where now."""

    account: Account
    has_app: bool
    subject: str
    """At the sign-in service; "" when none is linked."""
    sessions: tuple[sessions.SessionShown, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class PersonShown:
    """A person whole, as far as the caller may see."""

    person: Person
    posts: tuple[PostShown, ...]
    accounts: tuple[AccountShown, ...]
    subjects: tuple[UUID, ...]
    """The person, their posts and accounts: what is on record of one of them concerns the person."""


def one(session: Session, actor: Actor, person_id: UUID, *, at: datetime, settings: Settings) -> PersonShown:
    """Return a person; raises `OutOfReach`."""
    person = people_register.seen_by(session, actor, person_id, Right.SEE_PEOPLE)
    posts = _posts(session, [person.id], day=people.local_day(at)).get(person.id, [])
    held = _accounts(session, [person.id]).get(person.id, [])
    shown = []
    for account in held:
        link = provider_links.of_account(session, account.id)
        live = sessions.of_account(session, account.id, at=at, settings=settings)
        count = len(tokens.of_account(session, account.id, at=at))
        has_app = second_factors.is_confirmed(session, account.id)
        shown.append(AccountShown(account, has_app, link.subject if link else "", tuple(live), count))
    subjects = [person.id, *(one.post.id for one in posts), *(account.id for account in held)]
    return PersonShown(person, tuple(posts), tuple(shown), tuple(subjects))


def _cursor(person: Person) -> str:
    return base64.urlsafe_b64encode(json.dumps([person.name, person.id.hex]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, last = json.loads(base64.urlsafe_b64decode(padded.encode()))
        if not isinstance(name, str) or "\x00" in name:
            raise BadCursor(cursor[:20])
        return name, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as wrong:
        raise BadCursor(cursor[:20]) from wrong
