"""Which of several answers to one item at one point stands. Pure.

Of one device the later stands: it is a correction, and its own count says which is later, whatever its clock says.
When another device says something else both are kept, the worst counts, and a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.audit import canonical

SEVERITY = {"fail": 3, "na": 2, "noted": 1, "pass": 0}
"""What is worse: that something is not fine, that nobody looked, that nobody judged, that it is fine."""


@dataclass(frozen=True, slots=True)
class Given:
    """One answer as far as it matters here."""

    id: UUID
    device: UUID
    seq: int
    at: datetime
    outcome: str
    value: Mapping[str, Any]
    settled_at: datetime | None = None
    """When a person decided against it."""

    @property
    def says(self) -> tuple[str, str]:
        """Return what it says, comparable: the outcome and the value."""
        return self.outcome, json.dumps(canonical(dict(self.value)), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one answer stands: whether it counts, and which it contradicts."""

    stands: bool
    against: UUID | None = None


Key = tuple[int, int, str]
"""(round, point, item)."""


def resolve_all(answers: Iterable[tuple[Key, Given]]) -> dict[UUID, Standing]:
    """Return how each of a task's answers stands."""
    groups: dict[Key, list[Given]] = {}
    for key, one in answers:
        groups.setdefault(key, []).append(one)
    return {one: how for group in groups.values() for one, how in resolve(group).items()}


def resolve(answers: Iterable[Given]) -> dict[UUID, Standing]:
    """Return how each of the answers to one item at one point stands; every one of them is kept."""
    known = list(answers)
    lost = Standing(stands=False)
    found = {one.id: lost for one in known}
    candidates = _candidates(known)
    if not candidates:
        return found
    worst = min(candidates, key=lambda one: (-SEVERITY[one.outcome], one.at, one.id))
    others = [one for one in candidates if one.says != worst.says]
    for one in others:
        found[one.id] = Standing(stands=False, against=worst.id)
    found[worst.id] = Standing(stands=True, against=others[0].id if others else None)
    return found


def _candidates(known: list[Given]) -> list[Given]:
    """Return the last word of each device, without what a person decided against."""
    latest: dict[UUID, Given] = {}
    for one in known:
        before = latest.get(one.device)
        if before is None or (one.seq, one.at, one.id) > (before.seq, before.at, before.id):
            latest[one.device] = one
    left = [one for one in latest.values() if one.settled_at is None]
    return sorted(left, key=lambda one: (one.at, one.id))
