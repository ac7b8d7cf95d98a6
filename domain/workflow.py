"""The table of states and transitions every process is made of, and the pure questions asked of it.

It decides; it changes nothing: `domain.cases.fire` is the only code that moves a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.actors import Actor
from domain.language import Label, Sentence
from domain.soundness import faults
from domain.table import CaseView, Changes, Check, Clock, FieldRefusal, Guard, Opening, State, Transition

__all__ = [
    "BrokenWorkflow",
    "CaseView",
    "Changes",
    "Check",
    "Clock",
    "FieldRefusal",
    "Guard",
    "Offer",
    "Opening",
    "Plan",
    "State",
    "Transition",
    "TransitionRefused",
    "UnknownTransition",
    "Workflow",
]


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
    """Every effect a step promises, with the words people see in timelines and task lists."""
    clocks: tuple[Clock, ...] = ()
    companions: frozenset[str] = frozenset()
    is_routine: bool = False
    """Planned by the tens of thousands a day: kept out of the lists and counts of cases, with pages of its own."""
    _by_source: dict[str, dict[str, Transition]] = field(init=False, default_factory=dict, repr=False)
    _states: dict[str, State] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the table and refuse a broken one."""
        self._states.update({state.name: state for state in self.states})
        for state in self.states:
            leaving = [step for step in self.transitions if state in step.sources]
            self._by_source[state.name] = {step.name: step for step in leaving}
        if found := list(faults(self)):
            raise BrokenWorkflow(f"{self.name}: " + "; ".join(found))

    def state(self, name: str) -> State:
        """Return the state of that name."""
        return self._states[name]

    def leaving(self, state: str) -> list[Transition]:
        """Return every transition that starts in `state`, in the table's order."""
        return list(self._by_source.get(state, {}).values())

    def named(self, name: str) -> list[Transition]:
        """Return every transition of that name."""
        return [step for step in self.transitions if step.name == name]

    def plan(self, case: CaseView, name: str, *, actor: Actor, at: datetime) -> Plan:
        """Return what would happen, or raise `TransitionRefused` with the reason."""
        step = self._by_source[case.state].get(name)
        if step is None or actor.roles.isdisjoint(step.roles):
            raise self._refusal(case, name, actor)
        if reason := first_reason(step, case, actor, at):
            raise TransitionRefused(reason)
        return Plan(step, case.state, (step.target.name if step.target else case.state), actor, at)

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
