"""API tokens: a program acts for an account, with no more than its scopes; shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import register_log
from domain.actors import SYSTEM, Actor
from domain.language import Label, Sentence
from domain.models import Account, ApiToken, Person

TOKEN_PREFIX = "fl_"  # noqa: S105 - how secret scanners recognise ours
USED_EVERY = timedelta(minutes=5)
"""How exactly the last use is known; each request would otherwise be a write."""
LONGEST = timedelta(days=730)
EVERYTHING = "*"
HINT_LENGTH = 4


class Scope(StrEnum):
    """What a token lets its program do; never more than its account may."""

    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    IDENTITY_REVEAL = "identity:reveal"
    REGISTER_READ = "register:read"
    ERRANDS_READ = "errands:read"
    FIGURES_READ = "figures:read"
    POINTS_READ = "points:read"
    REPORTS_READ = "reports:read"


NAMED_ONLY = frozenset({Scope.IDENTITY_REVEAL})
"""Scopes that `*` does not include: nobody can ask a program for a fresh proof, so somebody chose it on purpose."""


SCOPE_LABELS: dict[Scope, Label] = {
    Scope.CASES_READ: Label("查看案件", "Read cases"),
    Scope.CASES_WRITE: Label("办理案件", "Take steps of cases"),
    Scope.IDENTITY_REVEAL: Label("经同意后查看举报人身份", "See who reported, once a second person agreed"),
    Scope.REGISTER_READ: Label("查看场所及其设施", "Read venues and their facilities"),
    Scope.ERRANDS_READ: Label("查看后台任务与下载文件", "Follow background tasks and fetch their files"),
    Scope.REPORTS_READ: Label("查看时限报表", "Read the reports of deadlines"),
    Scope.FIGURES_READ: Label("显示地图与驾驶舱的数字", "Show the numbers of the map and the cockpit"),
    Scope.POINTS_READ: Label("显示场所与案件的位置", "Show where venues and cases are"),
}


class UnknownToken(LookupError):
    """There is no such token of this account."""


class ScopeRefused(ValueError):
    """Something asked for is no scope, or the token would outlive what is allowed."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: `text` is shown this once and kept nowhere."""

    text: str
    id: str


@dataclass(frozen=True, slots=True)
class TokenShown:
    """A token as its list shows it."""

    id: str
    label: str
    hint: str
    scopes: frozenset[Scope] | None
    """None: whatever the account may, but for `NAMED_ONLY`."""
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


def digest(token: str) -> bytes:
    """Return what is kept of a token. It has 256 random bits: a plain hash is enough, and is found by index."""
    return hashlib.sha256(token.encode()).digest()


def public_id(token_hash: bytes) -> str:
    """Return a name for a session or token that may stand in a page; nothing can be done with it elsewhere."""
    return hashlib.sha256(b"public id:" + token_hash).hexdigest()[:20]


def scopes_of(text: str) -> frozenset[Scope] | None:
    """Return the scopes a row has; None: everything its account may. Names we no longer know are left out."""
    names = text.split()
    if EVERYTHING in names:
        return None
    return frozenset(scope for scope in Scope if scope.value in names)


def opens(scopes: frozenset[Scope] | None, scope: Scope) -> bool:
    """Return whether a token with these scopes is taken where `scope` is asked for."""
    return scope not in NAMED_ONLY if scopes is None else scope in scopes


def make(
    session: Session,
    account: Account,
    *,
    at: datetime,
    actor: Actor = SYSTEM,
    label: str = "",
    scopes: Iterable[str] | None = None,
    lasts: timedelta | None = None,
) -> NewToken:
    """Make a token for an account and return it: it cannot be shown again. Raises `ScopeRefused`.

    `scopes` None: everything the account may. `lasts` None: until it is revoked.
    """
    wanted = None if scopes is None else sorted(set(scopes))
    if wanted is not None and (not wanted or any(name not in list(Scope) for name in wanted)):
        raise ScopeRefused(Sentence("Choose at least one of the scopes there are."))
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        raise ScopeRefused(Sentence("A token lasts between one and %(days)s days.", days=LONGEST.days))
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        token_hash=digest(text), account_id=account.id, label=label[:60], made_at=at,
        scopes=EVERYTHING if wanted is None else " ".join(wanted), expires_at=at + lasts if lasts else None,
        hint=text[-HINT_LENGTH:], made_by=actor.person_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    data = {"token": public_id(row.token_hash), "label": row.label, "scopes": row.scopes, "expires_at": row.expires_at}
    register_log.record(session, "account", account.id, "token_made", actor=actor, at=at, data=data)
    return NewToken(text, public_id(row.token_hash))


def of_account(session: Session, account_id: UUID, *, at: datetime) -> list[TokenShown]:
    """Return the tokens of an account that are in force, the newest first."""
    query = select(ApiToken).where(col(ApiToken.account_id) == account_id, col(ApiToken.ended_at).is_(None))
    rows = session.execute(query.order_by(col(ApiToken.made_at).desc())).scalars()
    return [
        TokenShown(public_id(row.token_hash), row.label, row.hint, scopes_of(row.scopes), row.made_at, row.expires_at,
                   row.used_at)
        for row in rows
        if row.expires_at is None or row.expires_at > at
    ]  # fmt: skip


def revoke(session: Session, account_id: UUID, token_id: str, *, at: datetime, actor: Actor) -> None:
    """End a token at once. Raises `UnknownToken`."""
    query = select(ApiToken).where(col(ApiToken.account_id) == account_id, col(ApiToken.ended_at).is_(None))
    row = next((row for row in session.execute(query).scalars() if public_id(row.token_hash) == token_id), None)
    if row is None:
        raise UnknownToken(token_id)
    session.execute(update(ApiToken).where(col(ApiToken.token_hash) == row.token_hash).values(ended_at=at))
    data = {"token": token_id, "label": row.label}
    register_log.record(session, "account", account_id, "token_revoked", actor=actor, at=at, data=data)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose token it is, and what it lets its program do."""

    token: ApiToken
    account: Account
    person: Person


def find(session: Session, text: str, *, at: datetime) -> Found | None:
    """Return whose token this is; None when it is unknown, ended, expired, or its account is disabled."""
    row = session.execute(
        select(ApiToken, Account, Person)
        .join(Account, col(Account.id) == ApiToken.account_id)
        .join(Person, col(Person.id) == Account.person_id)
        .where(col(ApiToken.token_hash) == digest(text), col(ApiToken.ended_at).is_(None))
    ).one_or_none()
    if row is None or row.Account.disabled_at is not None:
        return None
    if row.ApiToken.expires_at is not None and row.ApiToken.expires_at <= at:
        return None
    return Found(row.ApiToken, row.Account, row.Person)


def is_use_worth_noting(token: ApiToken, *, at: datetime) -> bool:
    """Return whether its last use was written down long enough ago to write it down again."""
    return token.used_at is None or at - token.used_at >= USED_EVERY


def note_use(session: Session, token: ApiToken, *, at: datetime) -> None:
    """Write down that it was used."""
    session.execute(update(ApiToken).where(col(ApiToken.token_hash) == token.token_hash).values(used_at=at))
