"""How people and programs prove who they are: passwords, server-side sign-ins, API tokens.

Signing in owns its transactions, because a refusal has to be counted too and the slow password hash must not
hold the database. Everything else works in the caller's.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import passwords, people, throttles
from domain.actors import Actor
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Account, ApiToken, Person, SignIn
from domain.settings import Settings
from domain.throttles import Policy

PER_ACCOUNT = Policy(free=5, longest=timedelta(minutes=1), forgets_after=timedelta(hours=12))
"""Short at its longest: else anybody could keep a colleague out."""
PER_ADDRESS = Policy(free=20, longest=timedelta(minutes=15), forgets_after=timedelta(hours=12))
"""A whole office may share an address."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the idle time is known; each request would otherwise be a write."""
TOKEN_PREFIX = "fl_"  # noqa: S105 - how secret scanners recognise ours


class WrongCredentials(Exception):
    """User name and password do not belong together; which of them is wrong is not said."""

    reason = Sentence("User name or password is wrong.")


class UnknownAccount(LookupError):
    """There is no account with this user name."""


class AccountExists(Exception):
    """The user name is taken."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who proved who they are, and the roles their posts give them at this moment."""

    account: Account
    person: Person
    actor: Actor
    csrf: str
    via: Literal["cookie", "token"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new sign-in: `token` goes into the cookie and is kept nowhere else."""

    token: str
    account_id: UUID
    lasts: timedelta


def sign_in(
    database: Database, *, username: str, password: str, address: str, at: datetime, settings: Settings
) -> SignedIn:
    """Check a password and begin a sign-in.

    Raises `WrongCredentials` or `TooManyAttempts`. The attempt is counted before the password is looked at
    and taken back when it was right, so that guessing in parallel gains nothing.
    """
    name = _name(username)
    account_key, address_key = _key("account", name), _key("address", address)
    with database.write() as session:
        throttles.count(session, account_key, policy=PER_ACCOUNT, at=at)
        throttles.count(session, address_key, policy=PER_ADDRESS, at=at)
        account = session.execute(select(Account).where(col(Account.username) == name)).scalar_one_or_none()
    usable = account is not None and account.disabled_at is None
    right = passwords.is_right(password, account.password_hash if account and usable else None)
    if account is None or not right:
        raise WrongCredentials
    rehashed = passwords.hash_password(password) if passwords.needs_rehash(account.password_hash) else None
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        throttles.forget(session, account_key)
        throttles.forgive(session, address_key, policy=PER_ADDRESS)
        if rehashed:
            session.execute(update(Account).where(col(Account.id) == account.id).values(password_hash=rehashed))
        session.add(
            SignIn(token_hash=_digest(token), account_id=account.id, csrf=secrets.token_urlsafe(24),
                   started_at=at, seen_at=at)
        )  # fmt: skip
    return SignedIn(token, account.id, timedelta(hours=settings.session_hours))


def identity_of_session(database: Database, token: str, *, at: datetime, settings: Settings) -> Identity | None:
    """Return whose sign-in the token is; None when it is unknown, ended, idle too long or too old."""
    with database.read() as session:
        row = session.execute(
            select(SignIn, Account, Person)
            .join(Account, col(Account.id) == SignIn.account_id)
            .join(Person, col(Person.id) == Account.person_id)
            .where(col(SignIn.token_hash) == _digest(token))
        ).one_or_none()
        if row is None or not _is_live(row.SignIn, row.Account, at, settings):
            return None
        actor = people.actor_of(session, row.Person, at=at)
    if at - row.SignIn.seen_at >= SEEN_EVERY:
        _note_seen(database, row.SignIn.token_hash, at)
    return Identity(row.Account, row.Person, actor, row.SignIn.csrf, "cookie")


def _is_live(sign_in_row: SignIn, account: Account, at: datetime, settings: Settings) -> bool:
    if sign_in_row.ended_at is not None or account.disabled_at is not None:
        return False
    idle = at - sign_in_row.seen_at
    age = at - sign_in_row.started_at
    return idle < timedelta(minutes=settings.session_idle_minutes) and age < timedelta(hours=settings.session_hours)


def _note_seen(database: Database, token_hash: bytes, at: datetime) -> None:
    later = col(SignIn.seen_at) < at  # two requests at once: the clock never goes back
    with database.write() as session:
        session.execute(update(SignIn).where(col(SignIn.token_hash) == token_hash, later).values(seen_at=at))


def sign_out(session: Session, token: str, *, at: datetime) -> None:
    """End the sign-in of this token; harmless when there is none."""
    mine = (col(SignIn.token_hash) == _digest(token), col(SignIn.ended_at).is_(None))
    session.execute(update(SignIn).where(*mine).values(ended_at=at))


def end_all(session: Session, account_id: UUID, *, at: datetime) -> None:
    """End every sign-in and token of an account: the person left, or a device was lost."""
    for table in (SignIn, ApiToken):
        mine = (col(table.account_id) == account_id, col(table.ended_at).is_(None))
        session.execute(update(table).where(*mine).values(ended_at=at))


def identity_of_token(database: Database, token: str, *, at: datetime) -> Identity | None:
    """Return whose API token this is; None when it is unknown or was ended."""
    with database.read() as session:
        row = session.execute(
            select(Account, Person)
            .join(ApiToken, col(ApiToken.account_id) == Account.id)
            .join(Person, col(Person.id) == Account.person_id)
            .where(col(ApiToken.token_hash) == _digest(token), col(ApiToken.ended_at).is_(None))
        ).one_or_none()
        if row is None or row.Account.disabled_at is not None:
            return None
        return Identity(row.Account, row.Person, people.actor_of(session, row.Person, at=at), "", "token")


def add_token(session: Session, username: str, *, at: datetime, label: str = "") -> str:
    """Make an API token and return it: it cannot be shown again. Raises `UnknownAccount`."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    account = by_username(session, username)
    session.add(ApiToken(token_hash=_digest(token), account_id=account.id, label=label, made_at=at))
    session.flush()
    return token


def by_username(session: Session, username: str) -> Account:
    """Return the account; raises `UnknownAccount`."""
    name = _name(username)
    query = select(Account).where(col(Account.username) == name)
    account: Account | None = session.execute(query).scalar_one_or_none()
    if account is None:
        raise UnknownAccount(username)
    return account


def add_account(session: Session, *, username: str, password: str, person_id: UUID) -> Account:
    """Give a person an account and return it; raises `AccountExists`, `PasswordRefused`."""
    name = _name(username)
    if session.execute(select(col(Account.id)).where(col(Account.username) == name)).first():
        raise AccountExists(name)
    passwords.check_new(password, username=name)
    account = Account(id=new_id(), person_id=person_id, username=name, password_hash=passwords.hash_password(password))
    session.add(account)
    session.flush()
    return account


def _name(typed: str) -> str:
    return typed.replace("\x00", "").strip().casefold()  # PostgreSQL takes no NUL


def _digest(token: str) -> bytes:
    # The token has 256 random bits: a plain hash is enough, and is found by index.
    return hashlib.sha256(token.encode()).digest()


def _key(kind: str, text: str) -> str:
    # Hashed, because people type passwords into the user name field.
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"
