"""The table of states and transitions every process is made of, and the pure questions asked of it.

It decides; it changes nothing: `domain.cases.fire` is the only code that moves a case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from domain.actors import Actor, Role
from domain.clocks import Limit
from domain.language import Label, Sentence


class CaseView(Protocol):
    """What a guard may look at: the case as it stands, never the form."""

    @property
    def id(self) -> UUID: ...
    @property
    def state(self) -> str: ...
    @property
    def assignees(self) -> tuple[UUID, ...]: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def opened_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """A form that does not fit the case: which field, and why, as a sentence a user may read."""

    field: str
    reason: Sentence


Guard = Callable[[CaseView, Actor, datetime], Sentence | None]
Check = Callable[[CaseView, Actor, Any, datetime], FieldRefusal | None]
Changes = Callable[[CaseView, Actor, Any, datetime], Mapping[str, Any]]
"""(case, actor, form, at) → new values of the case's columns; the key `facts` is merged into the old facts."""


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

    It keeps its first start when the case leaves and comes back, unless `restarts`. A `deadline` warns at
    `warn_at` of its length and fires `on_breach` when over, and again a quarter of its length later; a `timer` fires
    `on_breach` once and is no breach.
    """

    name: str
    zh: str
    en: str
    runs_in: frozenset[State] | set[State]
    limit: Callable[[CaseView], Limit | None]
    basis: str
    kind: Literal["statutory", "target", "timer"] = "target"
    warn_at: float | None = 0.75
    on_warn: str = "warn"
    on_breach: str = "escalate"
    restarts: bool = False

    @property
    def label(self) -> Label:
        """Return the name people see."""
        return Label(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Plan:
    """A transition that may happen: what it is, from where to where, by whom, when."""

    transition: Transition
    source: str
    target: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A next step as people see it: possible, or not with the reason."""

    transition: Transition
    reason: Sentence | None

    @property
    def enabled(self) -> bool:
        """Return whether the step can be taken now."""
        return self.reason is None


class TransitionRefused(Exception):
    """The step may not be taken; `reason` is a sentence a user may read."""

    def __init__(self, reason: Sentence, *, permission: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.permission = permission
        """True: this person may never do it; False: not in this state, not now."""


class UnknownTransition(TransitionRefused):
    """The process has no step of that name."""


class BrokenWorkflow(Exception):
    """The table contradicts itself; raised when it is made, so it cannot be imported."""


@dataclass(frozen=True)
class Workflow:
    """One process: its states, its transitions, its clocks. Refuses at construction what cannot work."""

    name: str
    prefix: str
    zh: str
    en: str
    opening: Opening
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    effects: Mapping[str, Label]
    """Every effect and companion the transitions name, with the words people see in timelines and task lists."""
    clocks: tuple[Clock, ...] = ()
    companions: frozenset[str] = frozenset()
    _by_source: dict[str, dict[str, list[Transition]]] = field(init=False, default_factory=dict, repr=False)
    _states: dict[str, State] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the table and refuse a broken one."""
        self._states.update({state.name: state for state in self.states})
        for state in self.states:
            steps: dict[str, list[Transition]] = defaultdict(list)
            for transition in self.transitions:
                if state in transition.sources:
                    steps[transition.name].append(transition)
            self._by_source[state.name] = dict(steps)
        if faults := list(self._faults()):
            raise BrokenWorkflow(f"{self.name}: " + "; ".join(faults))  # noqa: EM102, TRY003

    def _faults(self) -> Iterator[str]:
        known = set(self.states)
        if len(self._states) != len(self.states):
            yield "two states share a name"
        if self.opening.target not in known:
            yield f"the opening leads to the unlisted state {self.opening.target.name}"
        if not self.opening.roles:
            yield "the opening is open to nobody"
        for step in self.transitions:
            yield from self._step_faults(step, known)
        for state in known - self._reachable():
            yield f"{state.name} cannot be reached"
        for state in self.states:
            leaves = any(t.target not in (None, state) for t in self.leaving(state.name))
            if not leaves and not state.final:
                yield f"{state.name} is a dead end that is not final"
        for clock in self.clocks:
            yield from self._clock_faults(clock, known)

    def _step_faults(self, step: Transition, known: set[State]) -> Iterator[str]:
        if not step.roles:
            yield f"{step.name} is open to nobody"
        if not step.sources:
            yield f"{step.name} starts nowhere"
        for state in {*step.sources, *([step.target] if step.target else [])} - known:
            yield f"{step.name} names the unlisted state {state.name}"
        for source in step.sources:
            for other in self.transitions:
                same = other is not step and other.name == step.name and source in other.sources
                if same and set(other.roles) & set(step.roles):
                    yield f"{step.name} stands twice for {source.name} and the same role"
        for effect in {*step.effects, *self.opening.effects} - set(self.effects):
            yield f"{step.name} promises the undeclared effect {effect}"
        for companion in set(step.companions) - set(self.companions):
            yield f"{step.name} needs the undeclared companion {companion}"

    def _clock_faults(self, clock: Clock, known: set[State]) -> Iterator[str]:
        if not clock.runs_in or set(clock.runs_in) - known:
            yield f"clock {clock.name} runs in no listed state"
        fired = [clock.on_breach] if clock.warn_at is None else [clock.on_warn, clock.on_breach]
        for name in fired:
            for state in clock.runs_in:
                steps = self._by_source.get(state.name, {}).get(name, [])
                if not steps:
                    yield f"clock {clock.name} fires {name}, which is impossible in {state.name}"
                elif not any(Role.SYSTEM in step.roles for step in steps):
                    yield f"clock {clock.name} fires {name}, which the system may not"

    def _reachable(self) -> set[State]:
        reached, waiting = set(), [self.opening.target]
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            reached.add(state)
            waiting += [t.target for t in self.leaving(state.name) if t.target]
        return reached

    def state(self, name: str) -> State:
        """Return the state of that name."""
        return self._states[name]

    def leaving(self, state: str) -> list[Transition]:
        """Return every transition that starts in `state`, in the table's order."""
        return [step for steps in self._by_source.get(state, {}).values() for step in steps]

    def named(self, name: str) -> list[Transition]:
        """Return every transition of that name."""
        return [step for step in self.transitions if step.name == name]

    def plan(self, case: CaseView, name: str, *, actor: Actor, at: datetime) -> Plan:
        """Return what would happen, or raise `TransitionRefused` with the reason."""
        steps = self._by_source[case.state].get(name)
        if not steps:
            raise self._refusal(case, name, actor)
        for step in steps:
            if actor.roles.isdisjoint(step.roles):
                continue
            if reason := first_reason(step, case, actor, at):
                raise TransitionRefused(reason)
            return Plan(step, case.state, (step.target.name if step.target else case.state), actor, at)
        raise self._refusal(case, name, actor)

    def _refusal(self, case: CaseView, name: str, actor: Actor) -> TransitionRefused:
        steps = self.named(name)
        if not steps:
            return UnknownTransition(Sentence("There is no step called “%(name)s” here.", name=name))
        if not any(actor.plays(*step.roles) for step in steps):
            reason = Sentence("Your role may not do this: %(step)s.", step=steps[0].label)
            return TransitionRefused(reason, permission=True)
        here = self.state(case.state)
        if any(here in step.sources for step in steps):
            reason = Sentence("In the state “%(state)s” this is for another role: %(step)s.",
                              state=here.label, step=steps[0].label)  # fmt: skip
            return TransitionRefused(reason, permission=True)
        reason = Sentence("Not possible in the state “%(state)s”: %(step)s.",
                          state=here.label, step=steps[0].label)  # fmt: skip
        return TransitionRefused(reason)

    def offers(self, case: CaseView, actor: Actor, *, at: datetime) -> list[Offer]:
        """Return the next steps this actor's roles know of, each live or with the reason why not."""
        return [
            Offer(step, first_reason(step, case, actor, at))
            for step in self.leaving(case.state)
            if not step.quiet and actor.plays(*step.roles)
        ]


def first_reason(step: Transition, case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Return the first guard's objection, or None when the way is clear."""
    for guard in step.guards:
        if reason := guard(case, actor, at):
            return reason
    return None
