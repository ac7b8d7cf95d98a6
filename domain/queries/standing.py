"""How the whole stands at a moment: its parts, its promises, its cases; for probes, scrapers and page headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from domain import outbox
from domain.heartbeats import ALIVE_WITHIN
from domain.models import Case, Heartbeat, Outbox
from domain.parts import FAILING, RESTARTING, STARTING, PartStatus

PARTS = ("worker", "prefect", "gateway", "exchange")
RUNNING, STOPPED, NONE = "running", "stopped", "none"
"""`none`: no such part ever gave a sign of life. Of Prefect the worker has words of its own."""
LOST = frozenset({STOPPED, RESTARTING, FAILING})
"""Conditions of a part that should be there and is not."""
PREFECT_IS_FINE = frozenset({NONE, RUNNING, STARTING, "joined", "off"})

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
            parts["prefect"] = str(sign.data["prefect"])  # it is the one that talks to Prefect
    return Standing(parts, ages, outbox.oldest_due(session, at=at))


def as_supervised(now: Standing, supervised: Mapping[str, PartStatus]) -> Standing:
    """Return the standing with what the supervisor of `fireline run` knows better.

    It sees a death at once, where a heartbeat only grows old, and it sees parts that give no sign of their own.
    """
    parts = dict(now.parts)
    for name, seen in supervised.items():
        if name not in parts:
            continue
        if seen.state != RUNNING:
            parts[name] = seen.state
        elif parts[name] == NONE:
            parts[name] = STARTING if name == "worker" else RUNNING  # a worker beats as soon as it works
    return replace(now, parts=parts)


def cases_by_state(session: Session) -> list[tuple[str, str, int]]:
    """Return (process, state, number of open cases); closed ones are not counted, so an index is enough."""
    query = (
        select(_CASES.c.process, _CASES.c.state, func.count())
        .where(_CASES.c.closed_at.is_(None))
        .group_by(_CASES.c.process, _CASES.c.state)
        .order_by(_CASES.c.process, _CASES.c.state)
    )
    return [(process, state, int(number)) for process, state, number in session.execute(query)]


def promises_by_state(session: Session, *, at: datetime) -> dict[str, int]:
    """Return how many promises are due and how many are held for a person."""
    due = select(func.count()).where(_OUTBOX.c.state == "pending", _OUTBOX.c.due_at <= at)
    held = select(func.count()).where(_OUTBOX.c.state == "held")
    return {"due": int(session.execute(due).scalar_one()), "held": int(session.execute(held).scalar_one())}
