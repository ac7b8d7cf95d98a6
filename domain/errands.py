"""Promises without a case: made once, claimed under a lease, carried out by a worker, followed by who made them.

As with the promises of cases (`domain.outbox`), the claim is a lease: a worker that died is silent, its lease runs
out, and the errand is taken up again. Whoever carries one out settles it in the same transaction as its effect, so
that an effect and the settled errand are there together or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from domain import access
from domain.actors import Actor
from domain.errand_kinds import KINDS, kind_of
from domain.identifiers import new_id
from domain.language import N_, Label, Sentence
from domain.models import Errand
from domain.outbox import LeaseLost
from domain.rights import Right

BACKOFF_SECONDS = (2, 10, 60, 300)
"""Waits between tries after a passing failure; the last one repeats."""
GIVE_UP_AFTER = 6
"""Tries (about ten minutes) after which an errand is held for a person. A worker that dies of it counts as one."""
OPEN = frozenset({"pending", "running"})
DIED_OF_IT = N_("It was begun several times and never came to an end.")

_ERRAND: Any = Errand.__table__  # type: ignore[attr-defined]


class UnknownErrand(LookupError):
    """There is no such errand, or it is not the caller's to know of."""


class ErrandOver(Exception):
    """The errand has ended: it can neither be cancelled nor tried again."""

    reason = Sentence("This has ended already.")


class ErrandRefused(Exception):
    """It can never be done as it is (a file with errors): it fails at once, with the reason its maker reads."""

    def __init__(self, reason: Sentence | str, outcome: Mapping[str, Any] | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        """An English source string or a sentence; never anything personal."""
        self.outcome = dict(outcome or {})


@dataclass(frozen=True, slots=True)
class Made:
    """A file an errand made: where it lies, and how it is handed out."""

    storage_key: str
    file_name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Wish:
    """One of many errands to be promised."""

    key: str
    data: Mapping[str, Any]
    due_at: datetime | None = None


def promise(
    session: Session,
    kind: str,
    *,
    key: str,
    at: datetime,
    made_by: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    due_at: datetime | None = None,
    needs: str = "",
    input_key: str | None = None,
) -> Errand:
    """Promise an errand and return it; a second promise under the same `key` returns the first and changes nothing.

    `data` holds nothing personal in clear. `needs` names the `Right` that whoever fetches its file must have then.
    """
    kind_of(kind)
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(_ERRAND)
        .values(
            id=new_id(), kind=kind, key=key, made_by=made_by, made_at=at, due_at=due_at or at, data=dict(data or {}),
            needs=needs, state="pending", attempts=0, done=0, total=0, outcome={}, input_key=input_key,
            file_name="", media_type="",
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )  # fmt: skip
    session.info["promised"] = True
    errand: Errand = session.execute(select(Errand).where(col(Errand.key) == key)).scalar_one()
    return errand


def promise_many(session: Session, kind: str, wishes: Iterable[Wish], *, at: datetime) -> None:
    """Promise errands of the system's, many at once; one whose key was promised before changes nothing."""
    kind_of(kind)
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {"id": new_id(), "kind": kind, "key": wish.key, "made_at": at, "due_at": wish.due_at or at,
         "data": dict(wish.data), "needs": "", "state": "pending", "attempts": 0, "done": 0, "total": 0, "outcome": {},
         "file_name": "", "media_type": ""}
        for wish in wishes
    ]  # fmt: skip
    if rows:
        statement = dialect.insert(_ERRAND).on_conflict_do_nothing(index_elements=["key"])
        session.connection().execute(statement, rows)
        session.info["promised"] = True


def due(session: Session, kinds: Collection[str], *, at: datetime) -> bool:
    """Return whether any errand of these kinds waits to be claimed (a read; takes no lock)."""
    return session.execute(select(_ERRAND.c.id).where(*_free(kinds, at)).limit(1)).first() is not None


def claim(
    session: Session, kinds: Collection[str], *, worker: str, at: datetime, lease: timedelta, most: int
) -> list[Errand]:
    """Take up to `most` due errands of these kinds for `worker` until `at + lease`, oldest first, and return them."""
    chosen = select(_ERRAND.c.id).where(*_free(kinds, at)).order_by(_ERRAND.c.due_at, _ERRAND.c.id).limit(most)
    if session.get_bind().dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    ids = list(session.execute(chosen).scalars())
    if not ids:
        return []
    session.execute(
        update(_ERRAND)
        .where(_ERRAND.c.id.in_(ids))
        .values(state="running", leased_by=worker, leased_until=at + lease, attempts=_ERRAND.c.attempts + 1)
    )
    rows = select(Errand).where(_ERRAND.c.id.in_(ids)).order_by(_ERRAND.c.due_at, _ERRAND.c.id)
    return list(session.execute(rows.execution_options(populate_existing=True)).scalars())


def _free(kinds: Collection[str], at: datetime) -> tuple[Any, ...]:
    return (
        _ERRAND.c.kind.in_(kinds),
        _ERRAND.c.state.in_(OPEN),
        _ERRAND.c.due_at <= at,
        or_(_ERRAND.c.leased_until.is_(None), _ERRAND.c.leased_until <= at),
    )


def _mine(errand: Errand, worker: str) -> Any:  # noqa: ANN401 - a clause of SQLAlchemy's
    return (_ERRAND.c.id == errand.id) & (_ERRAND.c.leased_by == worker) & (_ERRAND.c.state == "running")


def _change(session: Session, errand: Errand, worker: str, **values: Any) -> None:  # noqa: ANN401 - column values
    if session.execute(update(_ERRAND).where(_mine(errand, worker)).values(**values)).rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(errand.key)


def extend(session: Session, errand: Errand, *, worker: str, until: datetime) -> None:
    """Keep the lease while the work takes longer. Raises `LeaseLost`, also when the errand was cancelled."""
    _change(session, errand, worker, leased_until=until)


def progress(session: Session, errand: Errand, *, worker: str, done: int, total: int) -> None:
    """Say how far it is. Raises `LeaseLost`, also when the errand was cancelled."""
    _change(session, errand, worker, done=done, total=total)


def settle(
    session: Session,
    errand: Errand,
    *,
    worker: str,
    at: datetime,
    outcome: Mapping[str, Any],
    file: Made | None = None,
) -> None:
    """Record that it was done; in the transaction of its effect. Raises `LeaseLost`: everything is then rolled back."""
    made = {"storage_key": file.storage_key, "file_name": file.file_name, "media_type": file.media_type} if file else {}
    _end(session, errand, worker, {"state": "done", "settled_at": at, "outcome": dict(outcome), **made})


def fail(
    session: Session,
    errand: Errand,
    *,
    worker: str,
    at: datetime,
    reason: Sentence | str,
    outcome: Mapping[str, Any] | None = None,
) -> None:
    """Record that it cannot be done, with the reason for who made it. Raises `LeaseLost`."""
    said = {**(outcome or {}), **told(reason)}
    _end(session, errand, worker, {"state": "failed", "settled_at": at, "outcome": said})


def hold(session: Session, errand: Errand, *, worker: str, at: datetime, reason: Sentence | str) -> None:
    """Leave it to a person, who may have it tried again. Raises `LeaseLost`."""
    said = {**errand.outcome, **told(reason)}
    _end(session, errand, worker, {"state": "held", "settled_at": at, "outcome": said})


def retry(
    session: Session, errand: Errand, *, worker: str, at: datetime, reason: str, until: datetime | None = None
) -> bool:
    """Put it back for later, not before `until`; after `GIVE_UP_AFTER` tries it is held: False. Raises `LeaseLost`."""
    if errand.attempts >= GIVE_UP_AFTER:
        hold(session, errand, worker=worker, at=at, reason=reason)
        return False
    wait = BACKOFF_SECONDS[min(errand.attempts - 1, len(BACKOFF_SECONDS) - 1)]
    due_at = max(at + timedelta(seconds=wait), until or at)
    _end(session, errand, worker, {"state": "pending", "due_at": due_at, "outcome": {**errand.outcome, **told(reason)}})
    return True


def postpone(
    session: Session, errand: Errand, *, worker: str, until: datetime, reason: Sentence | str | None = None
) -> None:
    """Put it aside until something outside has happened; no try is counted. Raises `LeaseLost`."""
    said = {**errand.outcome, **(told(reason) if reason else {})}
    values = {"state": "pending", "due_at": until, "attempts": _ERRAND.c.attempts - 1, "outcome": said}
    _end(session, errand, worker, values)


def give_back(session: Session, errand: Errand, *, worker: str) -> None:
    """Return a claim at once (a worker that stops); no try is counted. Raises `LeaseLost`."""
    _end(session, errand, worker, {"state": "pending", "attempts": _ERRAND.c.attempts - 1})


def _end(session: Session, errand: Errand, worker: str, values: dict[str, Any]) -> None:
    _change(session, errand, worker, leased_by=None, leased_until=None, **values)


def told(reason: Sentence | str) -> dict[str, Any]:
    """Return a reason as it is kept in an outcome: its source string and what fills its places."""
    if isinstance(reason, Sentence):
        return {"reason": reason.text, "reason_params": {name: _kept(value) for name, value in reason.params.items()}}
    return {"reason": reason}


def reason_of(errand: Errand) -> Sentence | None:
    """Return why it failed, is held, or was put off; None when there is no such reason."""
    text = errand.outcome.get("reason")
    return Sentence(text, **_params(errand.outcome.get("reason_params", {}))) if text else None


def _kept(value: Any) -> str | dict[str, str]:  # noqa: ANN401 - whatever fills a place
    """Return what fills a place of a sentence as JSON; a name in both languages keeps both."""
    return {"zh": value.zh, "en": value.en} if isinstance(value, Label) else str(value)


def _params(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Label(**value) if isinstance(value, Mapping) else value for name, value in kept.items()}


def cancel(session: Session, errand_id: UUID, *, at: datetime) -> None:
    """Cancel it; a worker that is at it notices before it takes effect. Raises `UnknownErrand`, `ErrandOver`."""
    values = {"state": "cancelled", "settled_at": at, "leased_by": None, "leased_until": None}
    _decide(session, errand_id, OPEN | {"held"}, values)


def try_again(session: Session, errand_id: UUID, *, at: datetime) -> None:
    """Have a held errand tried again. Raises `UnknownErrand`, `ErrandOver`."""
    _decide(session, errand_id, {"held"}, {"state": "pending", "due_at": at, "settled_at": None, "attempts": 0})
    session.info["promised"] = True


def _decide(session: Session, errand_id: UUID, states: Collection[str], values: Mapping[str, Any]) -> None:
    here = (_ERRAND.c.id == errand_id) & _ERRAND.c.state.in_(states)
    if session.execute(update(_ERRAND).where(here).values(**values)).rowcount != 1:  # type: ignore[attr-defined]
        by_id(session, errand_id)
        raise ErrandOver


def note_run(session: Session, errand: Errand, *, flow_run_id: UUID, task_run_id: UUID | None) -> None:
    """Remember which Prefect run carries it out."""
    values = {"flow_run_id": flow_run_id, "task_run_id": task_run_id}
    session.execute(update(_ERRAND).where(_ERRAND.c.id == errand.id).values(**values))


def by_id(session: Session, errand_id: UUID) -> Errand:
    """Return the errand as it stands; raises `UnknownErrand`."""
    found = session.get(Errand, errand_id, populate_existing=True)
    if found is None:
        raise UnknownErrand(str(errand_id))
    return found


def of_maker(session: Session, person_id: UUID, errand_id: UUID) -> Errand:
    """Return an errand this person made; raises `UnknownErrand` for anybody else's as if it did not exist."""
    found = by_id(session, errand_id)
    if found.made_by != person_id:
        raise UnknownErrand(str(errand_id))
    return found


REACH, RIGHT = "reach", "right"
"""Of an outcome: the digest of the reach it was made with, and the right it holds by."""


class ReachChanged(access.NotPermitted):
    """What an errand found lay within its maker's reach then; who reaches elsewhere now asks for a new one."""

    def __init__(self, right: Right) -> None:
        super().__init__(right)
        self.reason = Sentence("Your posts have changed since this was made, and what they reach. Ask for it again.")


def require_within(errand: Errand, actor: Actor) -> None:
    """Raise `ReachChanged` unless the actor reaches now what they reached when it was made."""
    if not is_within(errand, actor):
        raise ReachChanged(_right_of(errand))


def is_within(errand: Errand, actor: Actor) -> bool:
    """Return whether the actor reaches now what they reached when the errand's file and findings were made."""
    return REACH not in errand.outcome or errand.outcome[REACH] == access.reach(actor, _right_of(errand))


def _right_of(errand: Errand) -> Right:
    return Right(errand.outcome.get(RIGHT) or errand.needs)


def made_by(
    session: Session, person_id: UUID, *, before: tuple[datetime, UUID] | None = None, most: int
) -> list[Errand]:
    """Return what a person asked for, newest first; `before` is the last one of the page before."""
    query = select(Errand).where(col(Errand.made_by) == person_id)
    if before is not None:
        at, errand_id = before
        earlier = (col(Errand.made_at) == at) & (col(Errand.id) < errand_id)
        query = query.where((col(Errand.made_at) < at) | earlier)
    query = query.order_by(col(Errand.made_at).desc(), col(Errand.id).desc())
    return list(session.execute(query.limit(most)).scalars())


def oldest_due(session: Session, *, at: datetime) -> float:
    """Return for how many seconds the oldest due short errand has waited; long ones may wait for each other."""
    short = [name for name, kind in KINDS.items() if not kind.is_long]
    waiting = (_ERRAND.c.kind.in_(short), _ERRAND.c.state == "pending", _ERRAND.c.due_at <= at)
    oldest = session.execute(select(_ERRAND.c.due_at).where(*waiting).order_by(_ERRAND.c.due_at).limit(1)).scalar()
    return max(0.0, (at - oldest).total_seconds()) if oldest else 0.0


def still_needed(session: Session) -> list[str]:
    """Return the keys of the files that errands which are not over were given."""
    open_ones = _ERRAND.c.state.in_(OPEN | {"held"}) & _ERRAND.c.input_key.is_not(None)
    return list(session.execute(select(_ERRAND.c.input_key).where(open_ones)).scalars())


def forget_old(session: Session, *, before: datetime) -> int:
    """Remove errands that ended before that moment, and return how many."""
    return session.connection().execute(delete(_ERRAND).where(_ERRAND.c.settled_at < before)).rowcount


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with what an errand was given: where (a cell, a row), and why."""

    where: str
    reason: Sentence


def complaint(where: str, reason: Sentence | str) -> dict[str, Any]:
    """Return a complaint as it is kept among an outcome's `errors`."""
    return {"where": where, **told(reason)}


def complaints_of(errand: Errand) -> list[Complaint]:
    """Return what was wrong with what it was given, in the order in which it was kept."""
    return [
        Complaint(str(kept["where"]), Sentence(kept["reason"], **_params(kept.get("reason_params", {}))))
        for kept in errand.outcome.get("errors", ())
    ]


def said_of(errand: Errand) -> Sentence | None:
    """Return what its function says of how it went (`said` and `said_params` of the outcome); None when nothing."""
    text = errand.outcome.get("said")
    return Sentence(text, **errand.outcome.get("said_params", {})) if text else None
