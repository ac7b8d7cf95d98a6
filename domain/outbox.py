"""The promises transitions made: claimed under a lease, settled once, held for a person when in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlmodel import Session

from domain.models import Attempt, Outbox

BACKOFF_SECONDS = (1, 2, 5, 15, 60, 300)
"""Waits between tries of an effect that failed for a passing reason; the last one repeats."""
GIVE_UP_AFTER = 12
"""Tries (about an hour and a half) after which an effect is held for a person."""
LOOK_BACK = timedelta(days=1)
"""Tries of a promise lie closer together than this."""


class LeaseLost(Exception):
    """Another worker took the promise over while this one was silent."""


def due(session: Session, process: str, *, at: datetime) -> bool:
    """Return whether anything waits to be claimed (a read; takes no lock)."""
    return session.execute(select(Outbox.id).where(*_free(process, at)).limit(1)).first() is not None  # type: ignore[call-overload]


def claim(
    session: Session, process: str, *, worker: str, at: datetime, lease: timedelta, most: int = 50
) -> list[Outbox]:
    """Take up to `most` due promises for `worker` until `at + lease`, oldest first, and return them.

    Rows another claim holds at this moment are skipped, so any number of workers share the work.
    """
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    chosen = select(table.c.id).where(*_free(process, at)).order_by(table.c.due_at, table.c.id).limit(most)
    if session.get_bind().dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    ids = list(session.execute(chosen).scalars())
    if not ids:
        return []
    session.execute(
        update(table)
        .where(table.c.id.in_(ids))
        .values(leased_by=worker, leased_until=at + lease, attempts=table.c.attempts + 1)
    )
    rows = session.execute(select(Outbox).where(table.c.id.in_(ids)).order_by(table.c.due_at, table.c.id)).scalars()
    return list(rows)


def _free(process: str, at: datetime) -> tuple[Any, ...]:
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    return (
        table.c.process == process,
        table.c.state == "pending",
        table.c.due_at <= at,
        or_(table.c.leased_until.is_(None), table.c.leased_until <= at),
    )


def settle(session: Session, row: Outbox, *, worker: str, at: datetime, outcome: Mapping[str, Any]) -> None:
    """Record that the promise was kept. Raises `LeaseLost` when it is no longer this worker's."""
    _finish(session, row, worker, {"state": "done", "settled_at": at, "outcome": dict(outcome)})


def hold(
    session: Session, row: Outbox, *, worker: str, at: datetime, reason: str, outcome: Mapping[str, Any] | None = None
) -> None:
    """Leave the promise to a person, with the reason they read (an English source string)."""
    _finish(session, row, worker, {"state": "held", "settled_at": at, "outcome": {**(outcome or {}), "reason": reason}})


def retry(
    session: Session, row: Outbox, *, worker: str, at: datetime, reason: str, until: datetime | None = None
) -> None:
    """Put the promise back for later, not before `until`; after `GIVE_UP_AFTER` tries it is held."""
    if row.attempts >= GIVE_UP_AFTER:
        hold(session, row, worker=worker, at=at, reason=reason, outcome=row.outcome)
        return
    wait = BACKOFF_SECONDS[min(row.attempts - 1, len(BACKOFF_SECONDS) - 1)]
    due_at = max(at + timedelta(seconds=wait), until or at)
    _finish(session, row, worker, {"due_at": due_at, "outcome": {**row.outcome, "last_error": reason}})


def postpone(session: Session, row: Outbox, *, worker: str, until: datetime, outcome: Mapping[str, Any]) -> None:
    """Put the promise aside until something outside has happened (a call is ringing); no try is counted."""
    _finish(
        session, row, worker, {"due_at": until, "outcome": {**row.outcome, **outcome}, "attempts": Outbox.attempts - 1}
    )


def hurry(session: Session, row_id: UUID, *, at: datetime) -> None:
    """Make a promise that was put aside due at once: what it waited for has happened."""
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    waiting = (table.c.id == row_id) & (table.c.state == "pending") & (table.c.due_at > at)
    session.execute(update(table).where(waiting).values(due_at=at))
    session.info["promised"] = True


def doubt(session: Session, row_id: UUID, *, at: datetime, reason: str) -> bool:
    """Hand a kept promise to a person after all: the message was taken by the provider and never arrived.

    Return False when it was not settled; whoever settles it sees the attempt, because both hold its row.
    """
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    row = locked(session, row_id)
    if row is None or row.state != "done":
        return False
    values = {"state": "held", "settled_at": at, "outcome": {**row.outcome, "reason": reason}}
    session.execute(update(table).where(table.c.id == row_id).values(**values))
    return True


def locked(session: Session, row_id: UUID) -> Outbox | None:
    """Return a promise as it stands now and keep others from changing it until the end of the transaction."""
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    query = select(Outbox).where(table.c.id == row_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def give_back(session: Session, row: Outbox, *, worker: str) -> None:
    """Return an untouched claim at once (a worker that stops)."""
    _finish(session, row, worker, {"attempts": Outbox.attempts - 1})


def extend(session: Session, row: Outbox, *, worker: str, until: datetime) -> None:
    """Keep the lease while the work takes longer. Raises `LeaseLost`."""
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    mine = (table.c.id == row.id) & (table.c.leased_by == worker) & (table.c.state == "pending")
    if session.execute(update(table).where(mine).values(leased_until=until)).rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(row.key)


def _finish(session: Session, row: Outbox, worker: str, values: dict[str, Any]) -> None:
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    mine = (table.c.id == row.id) & (table.c.leased_by == worker) & (table.c.state == "pending")
    statement = update(table).where(mine).values(leased_by=None, leased_until=None, **values)
    if session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(row.key)


def release_held(session: Session, row_id: UUID, *, again: bool, at: datetime, note: str) -> bool:
    """Try a held promise again or drop it, as a person decided. Return False when it was not held any more.

    The decision is about the tries there were: what becomes of a later one is a new question.
    """
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    row = session.get(Outbox, row_id)
    if row is None:
        return False
    tries = session.execute(select(Attempt.id).where(Attempt.outbox_id == row_id)).scalars()  # type: ignore[call-overload]
    decided = {"decision": "again" if again else "dropped", "decided_on": sorted(map(str, tries)), "note": note}
    values: dict[str, Any] = {"outcome": {**row.outcome, **decided}}
    values |= {"state": "pending", "due_at": at, "settled_at": None, "attempts": 0} if again else {"state": "dropped"}
    session.info["promised"] = again
    held = (table.c.id == row_id) & (table.c.state == "held")
    return bool(session.execute(update(table).where(held).values(**values)).rowcount == 1)  # type: ignore[attr-defined]


def is_decided(row: Outbox, attempt_id: UUID) -> bool:
    """Return whether a person, knowing of this try and not its end, has said that the message is to be sent again."""
    return row.outcome.get("decision") == "again" and str(attempt_id) in row.outcome.get("decided_on", ())


def note_run(session: Session, row_id: UUID, *, flow_run_id: UUID | None, task_run_id: UUID | None) -> None:
    """Remember which Prefect run carried the promise out, for the link on the case page."""
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    session.execute(update(table).where(table.c.id == row_id).values(flow_run_id=flow_run_id, task_run_id=task_run_id))


def oldest_due(session: Session, *, at: datetime) -> float:
    """Return for how many seconds the oldest due promise has been waiting; 0 when none is."""
    table: Any = Outbox.__table__  # type: ignore[attr-defined]
    waiting = (table.c.state == "pending") & (table.c.due_at <= at)
    oldest = session.execute(select(table.c.due_at).where(waiting).order_by(table.c.due_at).limit(1)).scalar()
    return max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
