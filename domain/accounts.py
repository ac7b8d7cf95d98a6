"""How people and programs prove who they are: passwords and server-side sign-ins. Tokens are in `domain.tokens`.

Signing in owns its transactions, because a refusal has to be counted too and the slow password hash must not
hold the database. Everything else works in the caller's.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import devices, passwords, people, product_settings, register_log, throttles, tokens
from domain.actors import SYSTEM, Actor, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Label, Sentence
from domain.models import Account, ApiToken, Person, SecondFactor, SignIn
from domain.settings import Settings
from domain.throttles import Policy
from domain.tokens import Scope

PER_ACCOUNT = Policy(free=5, longest=timedelta(minutes=1), forgets_after=timedelta(hours=12))
"""Short at its longest: else anybody could keep a colleague out."""
PER_ADDRESS = Policy(free=20, longest=timedelta(minutes=15), forgets_after=timedelta(hours=12))
"""A whole office may share an address."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the idle time is known; each request would otherwise be a write."""
FRESH_FOR = timedelta(minutes=10)
"""So long after a proof its person may do something grave without another."""
INITIAL_LASTS = timedelta(days=3)
REFUSALS_NOTED_EVERY = 5
"""Refused attempts at an account are counted, and every fifth in a row is written into its record."""


class WrongCredentials(Exception):
    """User name and password do not belong together; which of them is wrong is not said."""

    reason = Sentence("User name or password is wrong.")


WRONG_PASSWORD = Sentence("The password is wrong.")
"""For who is signed in: no name is given away."""


class UnknownAccount(LookupError):
    """There is no account with this user name."""


class AccountExists(Exception):
    """The user name is taken."""

    reason = Sentence("This user name is taken.")


class Step(StrEnum):
    """What is left to do before a sign-in counts."""

    SECOND = "second"
    """Give the code of the authenticator app."""
    ENROL = "enrol"
    """Set an authenticator app up: the deployment asks it of administrators."""
    PASSWORD = "password"  # noqa: S105 - the name of a step
    """Choose a password instead of the one an administrator gave."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who proved who they are, and the roles their posts give them at this moment."""

    account: Account
    person: Person
    actor: Actor
    csrf: str
    via: Literal["cookie", "token"]
    sign_in: SignIn | None = None
    left: Step | None = None
    """What is left to do before the sign-in counts; until then its person is nobody."""
    scopes: frozenset[Scope] | None = None
    """What a token lets its program do; None: whatever the account may."""

    def is_fresh(self, at: datetime) -> bool:
        """Return whether its person proved who they are a moment ago; never for a program."""
        return self.sign_in is not None and at - (self.sign_in.proven_at or self.sign_in.started_at) < FRESH_FOR


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new sign-in: `token` goes into the cookie and is kept nowhere else."""

    token: str
    account_id: UUID
    lasts: timedelta


WAYS = {
    "password": Label("密码", "password"),
    "code": Label("短信验证码", "code by SMS"),
    "provider": Label("统一身份认证", "single sign-on"),
}
"""How somebody proved who they are when they signed in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a sign-in lasts: without a request, and in any case."""

    idle: timedelta
    age: timedelta


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody signs in."""

    address: str
    agent: str = ""


def sign_in(
    database: Database, *, username: str, password: str, address: str, at: datetime, settings: Settings, agent: str = ""
) -> SignedIn:
    """Check a password and begin a sign-in.

    Raises `WrongCredentials` or `TooManyAttempts`. The attempt is counted before the password is looked at
    and taken back when it was right, so that guessing in parallel gains nothing.
    """
    name = folded(username)
    account_key, address_key = key_of("account", name), key_of("address", address)
    with database.write() as session:
        attempts = throttles.count(session, account_key, policy=PER_ACCOUNT, at=at)
        throttles.count(session, address_key, policy=PER_ADDRESS, at=at)
        account = session.execute(select(Account).where(col(Account.username) == name)).scalar_one_or_none()
    right = passwords.is_right(password, account.password_hash if account and _is_usable(account, at) else None)
    if account is None or not right:
        if account is not None and attempts % REFUSALS_NOTED_EVERY == 0:
            _note_refusals(database, account, attempts, address=address, at=at)
        raise WrongCredentials
    rehashed = passwords.hash_password(password) if passwords.needs_rehash(account.password_hash) else None
    with database.write() as session:
        throttles.forget(session, account_key)
        throttles.forgive(session, address_key, policy=PER_ADDRESS)
        if rehashed:
            session.execute(update(Account).where(col(Account.id) == account.id).values(password_hash=rehashed))
        caller = Caller(address, agent)
        return begin(session, account, way="password", caller=caller, at=at, settings=settings, refused=attempts - 1)


def _is_usable(account: Account, at: datetime) -> bool:
    return account.disabled_at is None and (account.initial_until is None or at < account.initial_until)


def _note_refusals(database: Database, account: Account, count: int, *, address: str, at: datetime) -> None:
    data = {"count": count, "address": devices.shortened(address)}
    with database.write() as session:
        register_log.record(session, "account", account.id, "sign_in_refused", actor=SYSTEM, at=at, data=data)


def begin(
    session: Session,
    account: Account,
    *,
    way: Literal["password", "code", "provider"],
    caller: Caller,
    at: datetime,
    settings: Settings,
    refused: int = 0,
) -> SignedIn:
    """Begin a sign-in of somebody who has proved who they are, and write it into the account's record."""
    token = secrets.token_urlsafe(32)
    row = SignIn(
        token_hash=tokens.digest(token), account_id=account.id, csrf=secrets.token_urlsafe(24), started_at=at,
        seen_at=at, way=way, address=devices.shortened(caller.address), agent=caller.agent[:200],
    )  # fmt: skip
    session.add(row)
    session.flush()
    data = {"way": way, "session": tokens.public_id(row.token_hash), "address": row.address}
    if refused:
        data["refused_before"] = str(refused)
    register_log.record(session, "account", account.id, "signed_in", actor=owner_of(session, account), at=at, data=data)
    return SignedIn(token, account.id, limits(session, settings).age)


def owner_of(session: Session, account: Account) -> Actor:
    """Return who the account belongs to, for its own record; without roles, which it does not need."""
    person = session.get_one(Person, account.person_id)
    return Actor(frozenset(), person_id=person.id, name=person.name)


def identity_of_session(database: Database, token: str, *, at: datetime, settings: Settings) -> Identity | None:
    """Return whose sign-in the token is; None when it is unknown, ended, idle too long or too old.

    Whoever asks has to look at `left`: a sign-in of which a step is left does not count yet.
    """
    with database.read() as session:
        row = session.execute(
            select(SignIn, Account, Person, col(SecondFactor.confirmed_at))
            .join(Account, col(Account.id) == SignIn.account_id)
            .join(Person, col(Person.id) == Account.person_id)
            .outerjoin(SecondFactor, col(SecondFactor.account_id) == Account.id)
            .where(col(SignIn.token_hash) == tokens.digest(token))
        ).one_or_none()
        if row is None or not _is_live(row.SignIn, row.Account, at, limits(session, settings)):
            return None
        actor = people.actor_of(session, row.Person, at=at)
    if at - row.SignIn.seen_at >= SEEN_EVERY:
        _note_seen(database, row.SignIn.token_hash, at)
    left = _left(row.SignIn, row.Account, actor, has_factor=row.confirmed_at is not None, settings=settings)
    return Identity(row.Account, row.Person, actor, row.SignIn.csrf, "cookie", sign_in=row.SignIn, left=left)


def _left(sign_in_row: SignIn, account: Account, actor: Actor, *, has_factor: bool, settings: Settings) -> Step | None:
    if has_factor and sign_in_row.second_at is None:
        return Step.SECOND
    if not has_factor and settings.administrators_need_a_second_factor and actor.plays(Role.ADMINISTRATOR):
        return Step.ENROL
    if account.initial_until is not None and sign_in_row.way == "password":
        return Step.PASSWORD
    return None


def _is_live(sign_in_row: SignIn, account: Account, at: datetime, most: Limits) -> bool:
    if sign_in_row.ended_at is not None or account.disabled_at is not None:
        return False
    idle = at - sign_in_row.seen_at
    age = at - sign_in_row.started_at
    return idle < most.idle and age < most.age


def limits(session: Session, settings: Settings) -> Limits:
    """Return how long a sign-in lasts now."""
    idle = product_settings.value(session, "session_idle_minutes", settings=settings)
    age = product_settings.value(session, "session_hours", settings=settings)
    return Limits(timedelta(minutes=idle), timedelta(hours=age))


def _note_seen(database: Database, token_hash: bytes, at: datetime) -> None:
    later = col(SignIn.seen_at) < at  # two requests at once: the clock never goes back
    with database.write() as session:
        session.execute(update(SignIn).where(col(SignIn.token_hash) == token_hash, later).values(seen_at=at))


def sign_out(session: Session, token: str, *, at: datetime) -> None:
    """End the sign-in of this token; harmless when there is none."""
    mine = (col(SignIn.token_hash) == tokens.digest(token), col(SignIn.ended_at).is_(None))
    session.execute(update(SignIn).where(*mine).values(ended_at=at))


def end_all(session: Session, account_id: UUID, *, at: datetime) -> None:
    """End every sign-in and token of an account: the person left, or a device was lost."""
    for table in (SignIn, ApiToken):
        mine = (col(table.account_id) == account_id, col(table.ended_at).is_(None))
        session.execute(update(table).where(*mine).values(ended_at=at))


def identity_of_token(database: Database, token: str, *, at: datetime) -> Identity | None:
    """Return whose API token this is; None when it is unknown, expired or was ended."""
    with database.read() as session:
        found = tokens.find(session, token, at=at)
        if found is None:
            return None
        actor = people.actor_of(session, found.person, at=at)
    if tokens.is_use_worth_noting(found.token, at=at):
        with database.write() as session:
            tokens.note_use(session, found.token, at=at)
    scopes = tokens.scopes_of(found.token.scopes)
    return Identity(found.account, found.person, actor, "", "token", scopes=scopes)


def add_token(session: Session, username: str, *, at: datetime, label: str = "") -> str:
    """Make an API token that may do whatever its account may, and return it. Raises `UnknownAccount`."""
    return tokens.make(session, by_username(session, username), at=at, label=label).text


def by_username(session: Session, username: str) -> Account:
    """Return the account; raises `UnknownAccount`."""
    query = select(Account).where(col(Account.username) == folded(username))
    account: Account | None = session.execute(query).scalar_one_or_none()
    if account is None:
        raise UnknownAccount(username)
    return account


def add_account(
    session: Session,
    *,
    username: str,
    password: str,
    person_id: UUID,
) -> Account:
    """Give a person an account and return it; raises `AccountExists`, `PasswordRefused`.

    Whoever calls this writes it into the register's record, together with why.
    """
    name = folded(username)
    if session.execute(select(col(Account.id)).where(col(Account.username) == name)).first():
        raise AccountExists(name)
    passwords.check_new(password, username=name)
    account = Account(id=new_id(), person_id=person_id, username=name, password_hash=passwords.hash_password(password))
    session.add(account)
    session.flush()
    return account


def change_password(database: Database, identity: Identity, *, old: str, new: str, at: datetime) -> None:
    """Let somebody choose their password, and end their other sessions.

    Raises `WrongCredentials` for the old one, `PasswordRefused` for the new one, `TooManyAttempts`.
    """
    account = identity.account
    check_password(database, account, old, at=at)
    passwords.check_new(new, username=account.username)
    if new == old:
        raise passwords.PasswordRefused(Sentence("This is the password you have now. Choose another."))
    values = {"password_hash": passwords.hash_password(new), "initial_until": None, "password_at": at}
    with database.write() as session:
        session.execute(update(Account).where(col(Account.id) == account.id).values(**values))
        live = update(SignIn).where(col(SignIn.account_id) == account.id, col(SignIn.ended_at).is_(None))
        if identity.sign_in is not None:
            this = col(SignIn.token_hash) == identity.sign_in.token_hash
            session.execute(update(SignIn).where(this).values(proven_at=at))
            live = live.where(~this)
        session.execute(live.values(ended_at=at))
        actor = owner_of(session, account)
        register_log.record(session, "account", account.id, "password_changed", actor=actor, at=at)


def check_password(database: Database, account: Account, password: str, *, at: datetime) -> None:
    """Check the password of somebody who is signed in, counted like a sign-in.

    Raises `WrongCredentials`, `TooManyAttempts`.
    """
    key = key_of("account", account.username)
    with database.write() as session:
        throttles.count(session, key, policy=PER_ACCOUNT, at=at)
    if not passwords.is_right(password, account.password_hash):
        raise WrongCredentials
    with database.write() as session:
        throttles.forget(session, key)


def give_initial_password(session: Session, account: Account, *, actor: Actor, at: datetime) -> str:
    """Set a password to sign in with once and return it, to be told its owner; ends their sessions and tokens."""
    password = passwords.make_initial()
    values = {"password_hash": passwords.hash_password(password), "initial_until": at + INITIAL_LASTS}
    session.execute(update(Account).where(col(Account.id) == account.id).values(**values))
    end_all(session, account.id, at=at)
    data = {"until": at + INITIAL_LASTS}
    register_log.record(session, "account", account.id, "initial_password_given", actor=actor, at=at, data=data)
    return password


def folded(typed: str) -> str:
    """Return a user name as it is kept."""
    return typed.replace("\x00", "").strip().casefold()  # PostgreSQL takes no NUL


def key_of(kind: str, text: str) -> str:
    """Return what a throttle counts by; hashed, because people type passwords into the user name field."""
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"
