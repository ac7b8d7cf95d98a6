"""Finds what contradicts itself in a process's table; `Workflow` refuses to be made of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from domain.actors import Role
from domain.table import Clock, Opening, State, Transition

NOTICE = frozenset({"clock", "level", "due_at"})
"""What a clock hands to the step it fires (`domain.sweep`)."""


class Table(Protocol):
    """The parts of a process that can contradict each other."""

    @property
    def opening(self) -> Opening:
        """Return how a case begins."""

    @property
    def states(self) -> tuple[State, ...]:
        """Return every state."""

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Return every step."""

    @property
    def effects(self) -> Mapping[str, object]:
        """Return the declared effects."""

    @property
    def companions(self) -> frozenset[str]:
        """Return the declared companions."""

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Return the clocks."""


def faults(table: Table) -> Iterator[str]:
    """Yield each contradiction as a clause an author understands; nothing for a sound table."""
    known = set(table.states)
    for name in _repeated(state.name for state in table.states):
        yield f"two states are named {name}"
    yield from _opening_faults(table, known)
    for step in table.transitions:
        yield from _step_faults(table, step, known)
    yield from _repeated(f"{t.name} stands twice for {s.name}" for t in table.transitions for s in t.sources)
    yield from _state_faults(table, known)
    promised = {effect for step in table.transitions for effect in step.effects} | set(table.opening.effects)
    for effect in sorted(set(table.effects) - promised):
        yield f"no step promises the declared effect {effect}"
    needed = {companion for step in table.transitions for companion in step.companions}
    for companion in sorted(table.companions - needed):
        yield f"no step needs the declared companion {companion}"
    for name in _repeated(clock.name for clock in table.clocks):
        yield f"two clocks are named {name}"
    for clock in table.clocks:
        yield from _clock_faults(table, clock, known)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _opening_faults(table: Table, known: set[State]) -> Iterator[str]:
    opening = table.opening
    if opening.target not in known:
        yield f"the opening leads to the unlisted state {opening.target.name}"
    if not opening.roles:
        yield "the opening is open to nobody"
    for effect in set(opening.effects) - set(table.effects):
        yield f"the opening promises the undeclared effect {effect}"


def _step_faults(table: Table, step: Transition, known: set[State]) -> Iterator[str]:
    if not step.roles:
        yield f"{step.name} is open to nobody"
    if not step.sources:
        yield f"{step.name} starts nowhere"
    for state in {*step.sources, *([step.target] if step.target else [])} - known:
        yield f"{step.name} names the unlisted state {state.name}"
    for effect in _repeated(step.effects):  # its outbox key would be the same twice
        yield f"{step.name} promises {effect} twice"
    for effect in set(step.effects) - set(table.effects):
        yield f"{step.name} promises the undeclared effect {effect}"
    if step.recounts and (step.form is None or "clock" not in step.form.model_fields):
        yield f"{step.name} counts a deadline anew and does not say which"
    for companion in set(step.companions) - table.companions:
        yield f"{step.name} needs the undeclared companion {companion}"


def _state_faults(table: Table, known: set[State]) -> Iterator[str]:
    reached: set[State] = set()
    waiting = [table.opening.target]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += [t.target for t in table.transitions if t.target and state in t.sources]
    for state in sorted(known - reached, key=lambda state: state.name):
        yield f"{state.name} cannot be reached"
    for state in table.states:
        leaves = any(t.target not in (None, state) for t in table.transitions if state in t.sources)
        if not leaves and not state.final:
            yield f"{state.name} is a dead end that is not final"


def _pause_faults(clock: Clock, known: set[State]) -> Iterator[str]:
    if set(clock.pauses_in) - known or set(clock.pauses_in) & set(clock.runs_in):
        yield f"clock {clock.name} stands still in a state it runs in, or in none that is listed"
    if bool(clock.pauses_in) != bool(clock.pause_basis):
        yield f"clock {clock.name} stands still without a rule that allows it"


def _clock_faults(table: Table, clock: Clock, known: set[State]) -> Iterator[str]:
    if not clock.runs_in or set(clock.runs_in) - known:
        yield f"clock {clock.name} runs in no listed state"
    if set(clock.restarts_in) - set(clock.runs_in):
        yield f"clock {clock.name} restarts in a state it does not run in"
    yield from _pause_faults(clock, known)
    led_to = {step.target for step in table.transitions if not clock.runs_in.isdisjoint(step.sources)}
    if not clock.fulfilled_in or set(clock.fulfilled_in) & set(clock.runs_in) or set(clock.fulfilled_in) - led_to:
        yield f"clock {clock.name} is fulfilled in no state that it leads to"
    if clock.kind == "timer" and clock.warn_at is not None:
        yield f"clock {clock.name} is a timer, which never warns"
    for name in dict.fromkeys(clock.fires):
        states = _not_yet_over(table, clock) if name == clock.on_breach != clock.on_handed_up else set(clock.runs_in)
        for state in sorted(states, key=lambda state: state.name):
            step = next((t for t in table.transitions if t.name == name and state in t.sources), None)
            if step is None:
                yield f"clock {clock.name} fires {name}, which is impossible in {state.name}"
            elif Role.SYSTEM not in step.roles:
                yield f"clock {clock.name} fires {name}, which the system may not"
            elif step.form is not None and not set(step.form.model_fields) >= NOTICE:
                yield f"clock {clock.name} fires {name}, whose form does not take the clock's notice"


def _not_yet_over(table: Table, clock: Clock) -> set[State]:
    """Return where a clock can be over for the first time: not where nothing but its breach leads."""
    entered = {table.opening.target} | {
        step.target
        for step in table.transitions
        if step.target and step.name != clock.on_breach and step.sources - {step.target}
    }
    return entered & set(clock.runs_in)
