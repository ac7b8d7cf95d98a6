"""How the whole stands at a moment: its parts, its promises, its cases; for probes, scrapers and page headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from domain import apart, errands, outbox
from domain.heartbeats import ALIVE_WITHIN
from domain.models import Case, Heartbeat, Outbox
from domain.parts import FAILING, RESTARTING, STARTING, PartStatus, parts_status

PARTS = ("worker", "prefect", "gateway", "exchange")
RUNNING, STOPPED, NONE = "running", "stopped", "none"
"""`none`: no such part ever gave a sign of life. Of Prefect the worker has words of its own."""
LOST = frozenset({STOPPED, RESTARTING, FAILING})
"""Conditions of a part that should be there and is not."""
AWAY = "away"
PREFECT_IS_FINE = frozenset({NONE, RUNNING, STARTING, "joined", "off"})
PREFECT_STARTS_WITHIN = timedelta(seconds=60)
"""Its server takes 11 to 17 s to start, several times that on a busy machine; who starts for longer is away."""

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_OUTBOX: Any = Outbox.__table__  # type: ignore[attr-defined]
_BEATS: Any = Heartbeat.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Standing:
    """Each part's condition, and how long the oldest promise that is due has waited."""

    parts: dict[str, str]
    ages_seconds: dict[str, float]
    """Since each part's last sign of life."""
    oldest_due_seconds: float

    @property
    def promises_are_kept(self) -> bool:
        """Return whether somebody carries out what requests promise."""
        return self.parts["worker"] == RUNNING

    @property
    def prefect_is_away(self) -> bool:
        """Return whether the work goes on without a Prefect that should be there."""
        return self.parts["prefect"] not in PREFECT_IS_FINE

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the parts that should be there and are not, Prefect apart."""
        return tuple(name for name, state in self.parts.items() if name != "prefect" and state in LOST)

    @property
    def status(self) -> str:
        """Return `down` while promises are not kept, `degraded` when the work goes on without some part, else `ok`."""
        if not self.promises_are_kept:
            return "down"
        return "degraded" if self.prefect_is_away or self.lost else "ok"


def whole(session: Session, *, at: datetime, data_dir: Path) -> Standing:
    """Return how the parts stand, by their own signs and by the supervisor of `fireline run` if one is at work there.

    Every place that tells people or programs how Fireline is asks here, so that no two of them differ.
    """
    return as_supervised(standing(session, at=at), parts_status(data_dir), at=at)


def standing(session: Session, *, at: datetime) -> Standing:
    """Return how the parts stand, by the freshest sign of life of each."""
    parts = dict.fromkeys(PARTS, NONE)
    ages: dict[str, float] = {}
    signs = select(_BEATS.c.part, _BEATS.c.at, _BEATS.c.data).where(_BEATS.c.part.in_(PARTS))
    for sign in session.execute(signs.order_by(_BEATS.c.at)):
        alive = at - sign.at <= ALIVE_WITHIN
        parts[sign.part] = RUNNING if alive else STOPPED
        ages[sign.part] = (at - sign.at).total_seconds()
        if sign.part == "worker" and alive and "prefect" in sign.data:
            parts["prefect"] = _as_the_worker_says(sign.data, at=at)  # it is the one that talks to Prefect
    oldest = max(outbox.oldest_due(session, at=at), errands.oldest_due(session, at=at))
    return Standing(parts, ages, oldest)


def _as_the_worker_says(data: Mapping[str, Any], *, at: datetime) -> str:
    state = str(data["prefect"])
    return AWAY if state == STARTING and "since" in data and _is_long_ago(str(data["since"]), at=at) else state


def _is_long_ago(since: str, *, at: datetime) -> bool:
    return at - datetime.fromisoformat(since) > PREFECT_STARTS_WITHIN


def as_supervised(now: Standing, supervised: Mapping[str, PartStatus], *, at: datetime) -> Standing:
    """Return the standing with what the supervisor of `fireline run` knows better.

    It sees a death at once, where a heartbeat only grows old, and it sees parts that give no sign of their own.
    """
    parts = dict(now.parts)
    for name, seen in supervised.items():
        if name not in parts:
            continue
        if seen.state != RUNNING:
            parts[name] = _as_supervised_prefect(seen, at=at) if name == "prefect" else seen.state
        elif parts[name] == NONE:
            parts[name] = STARTING if name == "worker" else RUNNING  # a worker beats as soon as it works
    return replace(now, parts=parts)


def _as_supervised_prefect(seen: PartStatus, *, at: datetime) -> str:
    """Return Prefect's condition: it starts once; afterwards it was there, died, and is missed until it is back."""
    if seen.state != STARTING:
        return seen.state
    if seen.restarts:
        return RESTARTING
    return AWAY if _is_long_ago(seen.since, at=at) else STARTING


def cases_by_state(session: Session) -> list[tuple[str, str, int]]:
    """Return (process, state, number of open cases), without routine ones; an index of open cases is enough."""
    query = (
        select(_CASES.c.process, _CASES.c.state, func.count())
        .where(_CASES.c.closed_at.is_(None), apart.not_routine(_CASES.c))
        .group_by(_CASES.c.process, _CASES.c.state)
        .order_by(_CASES.c.process, _CASES.c.state)
    )
    return [(process, state, int(number)) for process, state, number in session.execute(query)]


def promises_by_state(session: Session, *, at: datetime) -> dict[str, int]:
    """Return how many promises are due and how many are held for a person."""
    due = select(func.count()).where(_OUTBOX.c.state == "pending", _OUTBOX.c.due_at <= at)
    held = select(func.count()).where(_OUTBOX.c.state == "held")
    return {"due": int(session.execute(due).scalar_one()), "held": int(session.execute(held).scalar_one())}
