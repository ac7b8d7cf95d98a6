"""Slows down guessing and flooding: a key (an account, an address) that failed or sent too often has to wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.language import Sentence
from domain.models import Throttle

_THROTTLE: Any = Throttle.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Policy:
    """How many failures are free, and how the wait grows: doubling from a second up to `longest`."""

    free: int
    longest: timedelta
    forgets_after: timedelta

    def wait(self, failures: int) -> timedelta:
        """Return how long a key with so many failures has to wait."""
        beyond = failures - self.free
        if beyond <= 0:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(beyond, 20)), self.longest)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a key may do in a stretch of time, which begins with the first thing it does."""

    most: int
    within: timedelta


class TooManyAttempts(Exception):
    """The key has to wait until `until`."""

    def __init__(self, until: datetime, *, at: datetime) -> None:
        self.until = until
        self.seconds = max(1, round((until - at).total_seconds() + 0.5))
        """Whole seconds to wait, rounded up."""
        self.reason = Sentence("Too many attempts. Please wait %(seconds)s seconds.", seconds=self.seconds)
        super().__init__(str(self.reason))


class AllowanceSpent(TooManyAttempts):
    """The key did as much as it may until `until`."""

    def __init__(self, until: datetime, *, at: datetime) -> None:
        super().__init__(until, at=at)
        minutes = -(-self.seconds // 60)
        self.reason = Sentence("Too much came from this connection. Please wait %(minutes)s min.", minutes=minutes)


def refuse_blocked(session: Session, *keys: str, at: datetime) -> None:
    """Raise `TooManyAttempts` when any of `keys` still has to wait."""
    query = select(_THROTTLE.c.blocked_until).where(_THROTTLE.c.key.in_(keys), _THROTTLE.c.blocked_until > at)
    if waits := list(session.execute(query).scalars()):
        raise TooManyAttempts(max(waits), at=at)


def count(session: Session, key: str, *, policy: Policy, at: datetime) -> int:
    """Count a failure of `key` and return how many it has now.

    Raises `TooManyAttempts`, and counts nothing, while it still has to wait.

    Looking and counting happen under the row's lock, so that attempts made at the same moment come one by one.
    """
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_THROTTLE).values(key=key, failures=0, since=at)
    row = None
    while row is None:  # somebody who was right may remove the row between the two statements
        session.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
        row = session.execute(select(_THROTTLE).where(_THROTTLE.c.key == key).with_for_update()).one_or_none()
    if row.blocked_until is not None and row.blocked_until > at:
        raise TooManyAttempts(row.blocked_until, at=at)
    forgotten = at - row.since > policy.forgets_after
    failures = 1 if forgotten else row.failures + 1
    wait = policy.wait(failures)
    session.execute(
        update(_THROTTLE)
        .where(_THROTTLE.c.key == key)
        .values(failures=failures, since=at, blocked_until=at + wait if wait else None)
    )
    return failures


def spend(session: Session, key: str, *, allowance: Allowance, at: datetime, count: int = 1) -> None:
    """Take `count` from what `key` may do; raises `AllowanceSpent` when that is more than is left.

    The caller's transaction then rolls back, so that what was refused is not counted. One statement: the row's lock
    is held until the transaction ends.
    """
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    is_over = _THROTTLE.c.since <= at - allowance.within
    statement = dialect.insert(_THROTTLE).values(key=key, failures=count, since=at)
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "failures": case((is_over, count), else_=_THROTTLE.c.failures + count),
            "since": case((is_over, literal(at, _THROTTLE.c.since.type)), else_=_THROTTLE.c.since),
        },
    ).returning(_THROTTLE.c.failures, _THROTTLE.c.since)
    row = session.execute(statement).one()
    if row.failures > allowance.most:
        raise AllowanceSpent(row.since + allowance.within, at=at)


def forgive(session: Session, key: str, *, policy: Policy) -> None:
    """Take one failure of `key` back, and the wait it brought."""
    row = session.execute(select(_THROTTLE).where(_THROTTLE.c.key == key).with_for_update()).one_or_none()
    if row is None:
        return
    failures = max(0, row.failures - 1)
    blocked_until = row.blocked_until if policy.wait(failures) else None
    session.execute(
        update(_THROTTLE).where(_THROTTLE.c.key == key).values(failures=failures, blocked_until=blocked_until)
    )


def forget(session: Session, key: str) -> None:
    """Forget every failure of `key`."""
    session.execute(delete(_THROTTLE).where(_THROTTLE.c.key == key))


def forget_old(session: Session, *, before: datetime) -> int:
    """Remove rows nobody added to since `before`; return how many. For the nightly tidying."""
    removed: Any = session.execute(delete(_THROTTLE).where(_THROTTLE.c.since < before))
    return int(removed.rowcount)
