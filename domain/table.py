"""The words a process is written in: State, Transition, Clock, what they may look at. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from domain.actors import Actor, Role
from domain.clocks import Limit
from domain.language import Label, Sentence
from domain.rulebook import Rules


class CaseView(Protocol):
    """What a guard may look at: the case as it stands, never the form."""

    @property
    def id(self) -> UUID:
        """Return whose identity it is."""

    @property
    def state(self) -> str:
        """Return the name of its state."""

    @property
    def assignees(self) -> tuple[UUID, ...]:
        """Return who works on it."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what its steps wrote down."""

    @property
    def opened_at(self) -> datetime:
        """Return when it began (UTC)."""

    @property
    def venue_id(self) -> UUID | None:
        """Return at which venue it is; None where there is no code."""


class TimedCase(CaseView, Protocol):
    """What a limit may look at: the case, and the rules in force when its clock began."""

    @property
    def rules(self) -> Rules:
        """Return the rules for a clock that begins, or began, then."""


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """A form that does not fit the case: which field, and why, as a sentence a user may read."""

    field: str
    reason: Sentence


Guard = Callable[[CaseView, Actor, datetime], Sentence | None]
Check = Callable[[CaseView, Actor, Any, datetime], FieldRefusal | None]
Changes = Callable[[CaseView, Actor, Any, datetime], Mapping[str, Any]]
"""(case, actor, form, at) → new values of the case's columns; the key `facts` is merged into the old."""


@dataclass(frozen=True, slots=True)
class State:
    """A condition a case can be in. `final` ends it."""

    name: str
    zh: str
    en: str
    final: bool = False

    @property
    def label(self) -> Label:
        """Return the name people see."""
        return Label(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Transition:
    """A step somebody may take. `target` None leaves the case in its state (a reminder, a comment)."""

    name: str
    zh: str
    en: str
    sources: frozenset[State] | set[State]
    target: State | None
    roles: frozenset[Role] | set[Role]
    guards: tuple[Guard, ...] = ()
    form: type[BaseModel] | None = None
    checks: tuple[Check, ...] = ()
    changes: Changes | None = None
    effects: tuple[str, ...] = ()
    """Promised in the outbox, carried out by the flow."""
    companions: tuple[str, ...] = ()
    """Carried out by the domain in the same transaction (a linked case's own entry)."""
    hint: Label | None = None
    quiet: bool = False
    """Not among the offers: the system fires it, or a page has a place of its own for it."""
    usual: bool = False
    """What normally comes next: pages put it first, and a case waits for whoever may do it."""
    recounts: bool = False
    """It counts the deadline of the clock that its form names anew, with what is known of the calendar now."""

    @property
    def label(self) -> Label:
        """Return the name people see."""
        return Label(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Opening:
    """How a case of this process begins."""

    name: str
    zh: str
    en: str
    target: State
    roles: frozenset[Role] | set[Role]
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """A limit that runs while the case is in one of `runs_in`.

    It keeps its first start when the case leaves and comes back; only entering one of `restarts_in` gives it
    a new one. `statutory` and `target` clocks warn at `warn_at` of their length, fire `on_breach` when over,
    and `on_handed_up` a quarter of their length later; a `timer` fires `on_breach` once and is no breach. A breach may
    lead elsewhere among `runs_in`: being late ends no deadline. In `pauses_in` it stands still, which needs a rule
    that allows it.
    """

    name: str
    zh: str
    en: str
    runs_in: frozenset[State] | set[State]
    fulfilled_in: frozenset[State] | set[State]
    """Where a case arrives that has done what the limit is for; leaving for elsewhere ends the clock unfulfilled."""
    limit: Callable[[TimedCase], Limit | None]
    basis: str
    kind: Literal["statutory", "target", "timer"] = "target"
    warn_at: float | None = 0.75
    on_warn: str = "warn"
    on_breach: str = "escalate"
    on_handed_up: str = "escalate"
    restarts_in: frozenset[State] | set[State] = frozenset()
    pauses_in: frozenset[State] | set[State] = frozenset()
    """Where the limit stands still; only with `pause_basis`."""
    pause_basis: str = ""
    """The article that lets it stand still, as the catalogue cites it."""

    @property
    def fires(self) -> tuple[str, ...]:
        """Return the steps it fires, by level: near where it warns, over, and for a deadline handed up."""
        if self.kind == "timer":
            return (self.on_breach,)
        return (*([self.on_warn] if self.warn_at is not None else []), self.on_breach, self.on_handed_up)

    @property
    def label(self) -> Label:
        """Return the name people see."""
        return Label(self.zh, self.en)
