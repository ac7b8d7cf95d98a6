"""One's own sign-ins: which there are, ending them, and proving again who one is before something grave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import accounts, devices, register_log, second_factors, tokens
from domain.accounts import Identity
from domain.actors import Actor
from domain.database import Database
from domain.language import Label, Sentence
from domain.models import Account, SignIn
from domain.settings import Settings


class UnknownSession(LookupError):
    """There is no such session of this account, or it has ended."""


@dataclass(frozen=True, slots=True)
class SessionShown:
    """A session as its owner's list shows it."""

    id: str
    device: str | Sentence
    address: str
    way: Label
    started_at: datetime
    seen_at: datetime
    has_second: bool
    is_this: bool


def of_account(
    session: Session, account_id: UUID, *, at: datetime, settings: Settings, this: SignIn | None = None
) -> list[SessionShown]:
    """Return the sessions of an account that are in force, the one used last first."""
    most = accounts.limits(session, settings)
    live = (
        col(SignIn.account_id) == account_id,
        col(SignIn.ended_at).is_(None),
        col(SignIn.seen_at) > at - most.idle,
        col(SignIn.started_at) > at - most.age,
    )
    rows = session.execute(select(SignIn).where(*live).order_by(col(SignIn.seen_at).desc())).scalars()
    return [
        SessionShown(
            tokens.public_id(row.token_hash), devices.device_of(row.agent), row.address, accounts.WAYS[row.way],
            row.started_at, row.seen_at, row.second_at is not None,
            this is not None and row.token_hash == this.token_hash,
        )
        for row in rows
    ]  # fmt: skip


def end(session: Session, account_id: UUID, session_id: str, *, actor: Actor, at: datetime) -> None:
    """End one session. Raises `UnknownSession`."""
    query = select(SignIn).where(col(SignIn.account_id) == account_id, col(SignIn.ended_at).is_(None))
    row = next(
        (row for row in session.execute(query).scalars() if tokens.public_id(row.token_hash) == session_id), None
    )
    if row is None:
        raise UnknownSession(session_id)
    session.execute(update(SignIn).where(col(SignIn.token_hash) == row.token_hash).values(ended_at=at))
    data = {"session": session_id}
    register_log.record(session, "account", account_id, "session_ended", actor=actor, at=at, data=data)


def end_others(session: Session, account_id: UUID, *, actor: Actor, at: datetime, but: SignIn | None = None) -> int:
    """End every session of an account but one, and return how many."""
    live = update(SignIn).where(col(SignIn.account_id) == account_id, col(SignIn.ended_at).is_(None))
    if but is not None:
        live = live.where(col(SignIn.token_hash) != but.token_hash)
    ended = session.connection().execute(live.values(ended_at=at)).rowcount
    data = {"count": ended}
    register_log.record(session, "account", account_id, "sessions_ended", actor=actor, at=at, data=data)
    return ended


def prove(database: Database, identity: Identity, *, password: str, code: str, at: datetime) -> None:
    """Prove again who one is, by the app's code where there is an app, else by the password.

    Raises `WrongCredentials`, `WrongCode`, `TooManyAttempts`.
    """
    account = identity.account
    if has_app(database, account):
        second_factors.check(database, account, code, actor=identity.actor, at=at)
    else:
        accounts.check_password(database, account, password, at=at)
    note(database, identity, at=at, second=False)


def give_second(database: Database, identity: Identity, code: str, *, at: datetime) -> None:
    """Finish a sign-in with the second factor. Raises `WrongCode`, `TooManyAttempts`."""
    second_factors.check(database, identity.account, code, actor=identity.actor, at=at)
    note(database, identity, at=at, second=True)


def note(database: Database, identity: Identity, *, at: datetime, second: bool) -> None:
    """Write down that the present session's person has just proved who they are."""
    if identity.sign_in is None:
        return
    values = {"proven_at": at, **({"second_at": at} if second else {})}
    with database.write() as session:
        mine = col(SignIn.token_hash) == identity.sign_in.token_hash
        session.execute(update(SignIn).where(mine).values(**values))


def has_app(database: Database, account: Account) -> bool:
    """Return whether the account has a confirmed authenticator app."""
    with database.read() as session:
        return second_factors.is_confirmed(session, account.id)
