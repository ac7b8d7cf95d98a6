"""Whom a deadline tells and how: a table by kind of clock, level and gravity. Pure; sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from domain import catalogue
from domain.actors import Role
from domain.catalogue import Severity

LIFE_SAFETY_CLASSES = frozenset({"A24H", "IMMEDIATE"})
LIFE_SAFETY_SEVERITIES = frozenset({Severity.CRITICAL, Severity.EMERGENCY})
NOT_LOOKED_AT = frozenset({("hazard_report", "reported")})
"""(Process, state) in which nobody has said yet what the case is about."""


class Gravity(StrEnum):
    """Whether lives may depend on what a case is about."""

    ORDINARY = "ordinary"
    LIFE_SAFETY = "life_safety"


class Level(IntEnum):
    """How far a deadline is, as `ClockNotice.level` says it."""

    NEAR = 0
    """Three quarters of the time are over."""
    OVER = 1
    HANDED_UP = 2
    """Over by another quarter."""


class Way(StrEnum):
    """A way to reach somebody."""

    NOTICE = "notice"
    """Within the product; never disturbs, so it never waits."""
    SMS = "sms"
    VOICE = "voice"
    """Called until a key says that they know; after three calls a message instead."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Who is told at one level, and by which ways."""

    posts: tuple[Role, ...]
    """The first of these that anybody holds for the case's area, or for an area above it."""
    ways: frozenset[Way]
    assignees_first: bool = False
    """Whoever works on the case, before any post is asked."""


class Weighed(Protocol):
    """What of a case decides its gravity."""

    @property
    def process(self) -> str:
        """Return the name of its process."""

    @property
    def state(self) -> str:
        """Return the name of its state."""

    @property
    def hazard_code(self) -> str | None:
        """Return the hazard as far as it is known."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what its steps wrote down."""


def gravity_of(case: Weighed) -> Gravity:
    """Return the gravity of a case: by its hazard and the class it is verified in.

    A report that waits to be taken up counts as life-safety, whatever tile was chosen: nobody has looked yet whether
    it says that an exit is locked, or that something burns.
    """
    if (case.process, case.state) in NOT_LOOKED_AT:
        return Gravity.LIFE_SAFETY
    hazard = catalogue.hazards().get(case.hazard_code or "")
    if hazard is None:
        return Gravity.ORDINARY
    verify_class = case.facts.get("verify_class") or hazard.verify_class
    grave = verify_class in LIFE_SAFETY_CLASSES or hazard.severity in LIFE_SAFETY_SEVERITIES
    return Gravity.LIFE_SAFETY if grave else Gravity.ORDINARY


_WRITTEN = frozenset({Way.NOTICE, Way.SMS})
_CALLED = frozenset({Way.NOTICE, Way.VOICE})
_WORKS = Tier((Role.HANDLER, Role.SUPERVISOR), _WRITTEN, assignees_first=True)
_SUPERVISES = Tier((Role.SUPERVISOR, Role.LEADER), _WRITTEN)
_LEADS = Tier((Role.LEADER,), _WRITTEN)
_LEADS_AT_ONCE = Tier((Role.LEADER,), _CALLED)

PLAN: Mapping[tuple[str, Level, Gravity], Tier] = {
    ("statutory", Level.NEAR, Gravity.ORDINARY): _WORKS,
    ("statutory", Level.NEAR, Gravity.LIFE_SAFETY): _WORKS,
    ("statutory", Level.OVER, Gravity.ORDINARY): _SUPERVISES,
    ("statutory", Level.OVER, Gravity.LIFE_SAFETY): _SUPERVISES,
    ("statutory", Level.HANDED_UP, Gravity.ORDINARY): _LEADS,
    ("statutory", Level.HANDED_UP, Gravity.LIFE_SAFETY): _LEADS_AT_ONCE,
    ("target", Level.NEAR, Gravity.ORDINARY): _WORKS,
    ("target", Level.NEAR, Gravity.LIFE_SAFETY): _WORKS,
    ("target", Level.OVER, Gravity.ORDINARY): _SUPERVISES,
    ("target", Level.OVER, Gravity.LIFE_SAFETY): _SUPERVISES,
    ("target", Level.HANDED_UP, Gravity.ORDINARY): _LEADS,
    ("target", Level.HANDED_UP, Gravity.LIFE_SAFETY): _LEADS_AT_ONCE,
}
"""(Kind of the clock, level, gravity) → who is told, and how. A timer is no deadline and tells nobody."""


def tier(kind: str, level: int, gravity: Gravity) -> Tier:
    """Return who is told, and how; a level above the last is the last."""
    return PLAN[kind, Level(min(level, Level.HANDED_UP)), gravity]
