"""What a table is refused for when it is made, and the pure questions asked of a sound one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.actors import SYSTEM, Actor, Role
from domain.clocks import Limit
from domain.forms import Form
from domain.language import Label, Sentence
from domain.processes import WORKFLOWS
from domain.processes.everywhere import ClockNotice
from domain.timing import Snapshot
from domain.workflow import (
    BrokenWorkflow,
    Clock,
    Opening,
    State,
    Transition,
    TransitionRefused,
    UnknownTransition,
    Workflow,
)

NEW = State("new", zh="新", en="New")
OPEN = State("open", zh="开", en="Open")
DONE = State("done", zh="完", en="Done", final=True)
ELSEWHERE = State("elsewhere", zh="别处", en="Elsewhere")
NOON = datetime(2026, 8, 23, 4, tzinfo=UTC)
HANDLER = Actor(frozenset({Role.HANDLER}), person_id=UUID(int=1))


def step(name: str, source: State, target: State | None, **changes: Any) -> Transition:
    given: dict[str, Any] = {"roles": {Role.HANDLER}, **changes}
    return Transition(name, zh=name, en=name, sources={source}, target=target, **given)


LATE = step("late", OPEN, None, roles={Role.SYSTEM}, form=ClockNotice)
OPENING = Opening("begin", zh="开始", en="Begin", target=NEW, roles={Role.HANDLER})
CLOCK = Clock("work", zh="办理", en="Work", runs_in={OPEN}, fulfilled_in={DONE},
              limit=lambda _: Limit.hours(1), basis="PRACTICE", warn_at=None, on_breach="late",
              on_handed_up="late")  # fmt: skip
LAPSED = State("lapsed", zh="逾期", en="Lapsed")
LAPSING = replace(CLOCK, runs_in={OPEN, LAPSED}, on_breach="lapse")


def table(**changes: Any) -> Workflow:
    """A sound little process, or one with something planted in it."""
    sound: dict[str, Any] = {
        "name": "errand", "prefix": "CS", "zh": "测试", "en": "Errand", "opening": OPENING,
        "states": (NEW, OPEN, DONE),
        "transitions": (
            step("start", NEW, OPEN, effects=("tell_handler",)),
            step("finish", OPEN, DONE),
            LATE,
        ),
        "effects": {"tell_handler": Label("告知", "Tell")}, "clocks": (CLOCK,),
    }  # fmt: skip
    return Workflow(**{**sound, **changes})


STEPS = table().transitions
LATE_ANYWHERE = replace(LATE, sources={OPEN, LAPSED})
LAPSE: dict[str, Any] = {
    "states": (NEW, OPEN, LAPSED, DONE), "clocks": (LAPSING,),
    "transitions": (
        *STEPS[:2], LATE_ANYWHERE, replace(LATE, name="lapse", target=LAPSED), step("amend", LAPSED, DONE),
    ),
}  # fmt: skip
"""Where a breach leads to a state of its own, in which the limit is as late as before."""

PLANTED = {
    "two states are named new": {"states": (NEW, replace(NEW, zh="又"), OPEN, DONE)},
    "the opening leads to the unlisted state elsewhere": {"opening": replace(OPENING, target=ELSEWHERE)},
    "the opening is open to nobody": {"opening": replace(OPENING, roles=frozenset())},
    "the opening promises the undeclared effect sing": {"opening": replace(OPENING, effects=("sing",))},
    "help is open to nobody": {"transitions": (*STEPS, step("help", OPEN, None, roles=frozenset()))},
    "help starts nowhere": {"transitions": (*STEPS, replace(step("help", OPEN, None), sources=frozenset()))},
    "go names the unlisted state elsewhere": {"transitions": (*STEPS, step("go", OPEN, ELSEWHERE))},
    "come names the unlisted state elsewhere": {"transitions": (*STEPS, step("come", ELSEWHERE, DONE))},
    "finish stands twice for open": {"transitions": (*STEPS, step("finish", OPEN, DONE, roles={Role.LEADER}))},
    "help promises the undeclared effect sing": {"transitions": (*STEPS, step("help", OPEN, None, effects=("sing",)))},
    "help promises tell_handler twice": {
        "transitions": (*STEPS, step("help", OPEN, None, effects=("tell_handler", "tell_handler")))
    },
    "help needs the undeclared companion dance": {
        "transitions": (*STEPS, step("help", OPEN, None, companions=("dance",)))
    },
    "no step promises the declared effect sing": {
        "effects": {"tell_handler": Label("告知", "Tell"), "sing": Label("唱", "Sing")}
    },
    "no step needs the declared companion dance": {"companions": frozenset({"dance"})},
    "elsewhere cannot be reached": {"states": (NEW, OPEN, DONE, replace(ELSEWHERE, final=True))},
    "open is a dead end that is not final": {"transitions": (STEPS[0], LATE), "states": (NEW, OPEN)},
    "two clocks are named work": {"clocks": (CLOCK, CLOCK)},
    "clock work runs in no listed state": {"clocks": (replace(CLOCK, runs_in=frozenset()),)},
    "clock work is fulfilled in no state that it leads to": {"clocks": (replace(CLOCK, fulfilled_in={NEW}),)},
    "clock work restarts in a state it does not run in": {"clocks": (replace(CLOCK, restarts_in={NEW}),)},
    "clock work is a timer, which never warns": {
        "clocks": (replace(CLOCK, kind="timer", warn_at=0.5, on_warn="late"),)
    },
    "clock work fires late, which is impossible in new": {"clocks": (replace(CLOCK, runs_in={NEW, OPEN}),)},
    "clock work fires warn, which is impossible in open": {"clocks": (replace(CLOCK, warn_at=0.75),)},
    "clock work fires finish, which the system may not": {"clocks": (replace(CLOCK, on_breach="finish"),)},
    "clock work fires rise, which is impossible in open": {"clocks": (replace(CLOCK, on_handed_up="rise"),)},
    "clock work fires late, which is impossible in lapsed": {
        **LAPSE,
        "transitions": (*LAPSE["transitions"][:2], LATE, *LAPSE["transitions"][3:]),
    },
    "clock work fires lapse, which is impossible in lapsed": {
        **LAPSE,
        "transitions": (*LAPSE["transitions"], step("give_up", NEW, LAPSED)),
    },
    "clock work fires late, whose form does not take the clock's notice": {
        "transitions": (*STEPS[:2], replace(LATE, form=Form))
    },
}


@pytest.mark.parametrize("fault", PLANTED)
def test_broken_table_is_refused_when_it_is_made(fault: str) -> None:
    with pytest.raises(BrokenWorkflow) as refused:
        table(**PLANTED[fault])

    assert fault in str(refused.value).removeprefix("errand: ").split("; ")


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(BrokenWorkflow, match=r"errand: .*work is a timer.*") as refused:
        table(opening=replace(OPENING, roles=frozenset()), clocks=(replace(CLOCK, kind="timer", warn_at=0.5),))

    assert str(refused.value).startswith("errand: the opening is open to nobody; ")


def test_sound_table_is_taken() -> None:
    assert [t.name for t in table().leaving("open")] == ["finish", "late"]


def test_breach_may_lead_to_where_only_the_next_level_is_possible() -> None:
    assert table(**LAPSE).clocks[0].fires == ("lapse", "late")


def case(state: str) -> Snapshot:
    return Snapshot(UUID(int=9), state, (), {}, NOON)


def test_plan_says_from_where_to_where_by_whom_and_when() -> None:
    plan = table().plan(case("new"), "start", actor=HANDLER, at=NOON)

    assert (plan.source, plan.target, plan.actor, plan.at) == ("new", "open", HANDLER, NOON)


def test_step_without_target_stays_where_it_is() -> None:
    plan = table().plan(case("open"), "late", actor=SYSTEM, at=NOON)

    assert plan.target == "open"


@pytest.mark.parametrize(
    ("state", "name", "roles"),
    [
        ("open", "finish", {Role.CREW}),
        ("new", "finish", {Role.CREW}),
        ("open", "finish", set()),
    ],
)
def test_step_of_other_roles_is_a_matter_of_permission(state: str, name: str, roles: set[Role]) -> None:
    with pytest.raises(TransitionRefused) as refused:
        table().plan(case(state), name, actor=Actor(frozenset(roles)), at=NOON)

    assert refused.value.permission


def test_step_out_of_place_is_a_matter_of_the_moment() -> None:
    with pytest.raises(TransitionRefused) as refused:
        table().plan(case("new"), "finish", actor=HANDLER, at=NOON)

    assert not refused.value.permission


def test_unknown_step_is_told_from_a_refused_one() -> None:
    with pytest.raises(UnknownTransition):
        table().plan(case("new"), "sing", actor=HANDLER, at=NOON)


def test_step_of_another_role_in_this_state_is_a_matter_of_permission() -> None:
    split = table(transitions=(*STEPS, step("finish", NEW, DONE, roles={Role.LEADER})))

    with pytest.raises(TransitionRefused) as refused:
        split.plan(case("new"), "finish", actor=HANDLER, at=NOON)

    assert refused.value.permission
    assert "New" in str(refused.value)


def test_guard_speaks_through_plan_and_offers_alike() -> None:
    sentence = Sentence("This case is assigned to somebody else.")
    guarded = table(transitions=(STEPS[0], replace(STEPS[1], guards=(lambda *_: None, lambda *_: sentence)), LATE))

    with pytest.raises(TransitionRefused) as refused:
        guarded.plan(case("open"), "finish", actor=HANDLER, at=NOON)
    offer = guarded.offers(case("open"), HANDLER, at=NOON)[0]

    assert (refused.value.reason, refused.value.permission) == (sentence, False)
    assert (offer.transition.name, offer.enabled, offer.reason) == ("finish", False, sentence)


def test_quiet_steps_are_not_offered() -> None:
    hushed = table(transitions=(STEPS[0], replace(STEPS[1], quiet=True), LATE))

    assert hushed.offers(case("open"), HANDLER, at=NOON) == []
    assert hushed.plan(case("open"), "finish", actor=HANDLER, at=NOON).target == "done"


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=lambda w: w.name)
def test_names_fit_their_columns(workflow: Workflow) -> None:
    assert max(len(state.name) for state in workflow.states) <= 32
    assert max(len(t.name) for t in workflow.transitions) <= 40
    assert max(len(effect) for effect in workflow.effects) <= 40
    assert max(len(clock.name) for clock in workflow.clocks) <= 24
    assert max(len(role.value) for role in Role) <= 16
