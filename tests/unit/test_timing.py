"""What a step does to clocks, on a process made up for it: pauses, returns, other limits, a calendar that arrives."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain import clocks, timing
from domain.actors import Role
from domain.clocks import Calendar, Limit, Unit
from domain.processes import everywhere
from domain.rulebook import OwnLimit, Rulebook
from domain.timing import Reading, Snapshot
from domain.workflow import BrokenWorkflow, Clock, Opening, State, Transition, Workflow

CITY = ZoneInfo("Asia/Shanghai")
OPEN = State("open", zh="办理中", en="Open")
WAITING = State("waiting", zh="等待鉴定", en="Waiting")
ASIDE = State("aside", zh="搁置", en="Aside")
AGAIN = State("again", zh="重新办理", en="Again")
DONE = State("done", zh="办结", en="Done", final=True)
STATES = (OPEN, WAITING, ASIDE, AGAIN, DONE)


def city(text: str) -> datetime:
    """Return the moment of "2026-08-20 13:58" in the city."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY)


def limit_of(case: Any) -> Limit | None:
    """Return the limit of the class the case is in; none for a case of no class."""
    rule = case.facts.get("rule", "CMP-21")
    return case.rules.limit(rule) if rule else None


def step(name: str, source: State, target: State) -> Transition:
    return Transition(name, zh=name, en=name, sources={source}, target=target, roles={Role.HANDLER})


def workflow(**changes: Any) -> Workflow:
    """Return the process; `changes` are to its one clock."""
    clock: dict[str, Any] = {
        "runs_in": {OPEN, AGAIN}, "fulfilled_in": {DONE}, "limit": limit_of, "basis": "CMP-21", "kind": "statutory",
        "pauses_in": {WAITING}, "pause_basis": "XFT 23", "restarts_in": {AGAIN}, **changes,
    }  # fmt: skip
    return Workflow(
        name="made_up", prefix="MU", zh="测试", en="Made up",
        opening=Opening("begin", zh="开始", en="Begin", target=OPEN, roles={Role.HANDLER}),
        states=STATES,
        transitions=(
            step("ask", OPEN, WAITING), step("answer", WAITING, OPEN), step("end", OPEN, DONE),
            step("put_aside", OPEN, ASIDE), step("take_up", ASIDE, OPEN), step("begin_anew", ASIDE, AGAIN),
            step("finish", AGAIN, DONE),
            *everywhere.steps(STATES, assigned=(), reminders=frozenset({Role.HANDLER})),
        ),
        effects=everywhere.EFFECTS_WITHOUT_ASSIGNMENT, companions=frozenset({"release_held"}),
        clocks=(Clock("work", zh="办理", en="Work", **clock),),
    )  # fmt: skip


class Trip:
    """One case on its way: each step is a state and a moment."""

    def __init__(self, book: Rulebook | None = None) -> None:
        self.table, self.book = workflow(), book or Rulebook()
        self.stored: dict[str, Any] = {}
        self.state: str | None = None
        self.facts: dict[str, Any] = {}
        self.decided: dict[str, Any] = {}

    def go(self, state: State, at: str, *, recount: str | None = None, **facts: Any) -> Reading:
        self.facts = {**self.facts, **facts}
        moment = city(at)
        after = Snapshot(UUID(int=1), state.name, (), self.facts, moment)
        readings = timing.turn(
            self.table, self.stored, source=self.state, after=after, at=moment, reconsider=bool(facts),
            book=lambda: self.book, recount=recount,
        )  # fmt: skip
        self.decided = timing.decided(self.stored, readings)
        self.stored = {**self.stored, **{name: reading.stored() for name, reading in readings.items()}}
        self.state = state.name
        return self.work

    @property
    def work(self) -> Reading:
        return Reading.of(self.stored["work"])


def test_pause_stands_still_and_its_days_do_not_count() -> None:
    trip = Trip()
    trip.go(OPEN, "2026-08-20 10:00")

    asked = trip.go(WAITING, "2026-08-21 10:00")
    back = trip.go(OPEN, "2026-08-25 10:00")

    assert asked.is_paused
    assert timing.next_moment(trip.table.clocks[0], asked) is None
    assert back.pauses == ((city("2026-08-21 10:00"), city("2026-08-25 10:00")),)
    assert back.due_at == city("2026-08-27 17:30"), "the 21st and the 24th ended in the pause"


def test_clock_that_ends_in_a_pause_is_ended_with_it() -> None:
    trip = Trip()
    trip.table = workflow(runs_in={OPEN}, restarts_in=frozenset(), fulfilled_in={DONE, ASIDE})
    trip.go(OPEN, "2026-08-20 10:00")
    trip.go(WAITING, "2026-08-21 10:00")

    gone = trip.go(DONE, "2026-08-22 10:00")

    assert (gone.running, gone.fulfilled, gone.stopped_at) == (False, True, city("2026-08-22 10:00"))
    assert gone.pauses == ((city("2026-08-21 10:00"), city("2026-08-22 10:00")),)


def test_coming_back_keeps_the_start_and_the_time_away_counts() -> None:
    trip = Trip()
    first = trip.go(OPEN, "2026-08-20 10:00")
    aside = trip.go(ASIDE, "2026-08-21 10:00")

    back = trip.go(OPEN, "2026-08-24 10:00")

    assert (aside.running, aside.fulfilled) == (False, False)
    assert (back.started_at, back.due_at, back.run) == (first.started_at, first.due_at, 1)
    assert trip.decided == {}, "nothing new was decided"


def test_state_that_restarts_gives_a_new_run() -> None:
    trip = Trip()
    trip.go(OPEN, "2026-08-20 10:00")
    trip.go(ASIDE, "2026-08-21 10:00")

    anew = trip.go(AGAIN, "2026-08-24 10:00")

    assert (anew.started_at, anew.run, anew.due_at) == (city("2026-08-24 10:00"), 2, city("2026-08-27 17:30"))
    assert trip.decided["work"]["due_at"] == city("2026-08-27 17:30").astimezone(ZoneInfo("UTC")).isoformat()


def test_another_class_counts_from_the_first_start() -> None:
    trip = Trip()
    trip.go(OPEN, "2026-08-20 10:00")

    stricter = trip.go(OPEN, "2026-08-20 15:00", rule="CMP-20")
    looser = trip.go(OPEN, "2026-08-20 16:00", rule="CMP-21")

    assert stricter.due_at == city("2026-08-21 10:00")
    assert looser.due_at == city("2026-08-25 17:30")


@pytest.mark.parametrize(("rule", "level"), [("CMP-21", 0), ("CMP-20", 1)])
def test_warning_is_said_again_only_for_a_later_deadline(rule: str, level: int) -> None:
    trip = Trip()
    trip.go(OPEN, "2026-08-20 10:00", rule="CMP-20" if rule == "CMP-21" else "CMP-21")
    trip.stored["work"]["level"] = timing.WARNED

    assert trip.go(OPEN, "2026-08-20 15:00", rule=rule).level == level


def test_case_that_has_no_limit_any_more_does_not_run_and_says_so() -> None:
    trip = Trip()
    trip.go(OPEN, "2026-08-20 10:00")

    without = trip.go(OPEN, "2026-08-20 15:00", rule="")
    said, trip.decided = trip.decided, {}
    still = trip.go(OPEN, "2026-08-20 16:00", rule="")
    again = trip.go(OPEN, "2026-08-20 17:00", rule="CMP-21")

    assert (without.running, without.withdrawn, said) == (False, True, {"work": None})
    assert still == without
    assert (again.running, again.withdrawn, again.started_at) == (True, False, city("2026-08-20 10:00"))
    assert trip.decided["work"]["rule"] == "CMP-21"


def test_rules_are_those_of_the_start() -> None:
    later = OwnLimit("CMP-21", 1, Unit.WORKING_DAY, city("2026-08-20 12:00"))
    trip = Trip(Rulebook(own=(later,)))
    trip.go(OPEN, "2026-08-20 10:00")

    kept = trip.go(OPEN, "2026-08-20 15:00", touched=True)

    assert kept.due_at == city("2026-08-25 17:30")


def test_calendar_that_arrives_moves_a_deadline_only_by_the_step_for_it() -> None:
    trip = Trip()
    before = trip.go(OPEN, "2026-12-30 10:00")
    known = clocks.packaged()
    off = dict.fromkeys([city(f"2027-01-0{day} 00:00").date() for day in (1, 4)], False)
    trip.book = replace(trip.book, calendar=Calendar(known.years | {2027}, {**known.differing, **off}))

    in_passing = trip.go(OPEN, "2026-12-31 10:00", touched=True)
    counted = trip.go(OPEN, "2026-12-31 11:00", recount="work")

    assert (before.due_at, before.provisional) == (city("2027-01-04 17:30"), True)
    assert in_passing == before
    assert (counted.due_at, counted.provisional) == (city("2027-01-06 17:30"), False)
    assert trip.decided["work"]["due_at"] == counted.due_at.isoformat()


def test_calendar_that_arrives_while_a_clock_is_stopped_does_not_move_it_when_it_goes_on() -> None:
    trip = Trip()
    before = trip.go(OPEN, "2026-12-30 10:00")
    trip.go(DONE, "2026-12-30 11:00")
    known = clocks.packaged()
    trip.book = replace(trip.book, calendar=Calendar(known.years | {2027}, {city("2027-01-04 00:00").date(): False}))

    back = trip.go(OPEN, "2026-12-31 10:00", touched=True)
    counted = trip.go(OPEN, "2026-12-31 11:00", recount="work")

    assert back == before
    assert counted.due_at > before.due_at


def test_reading_is_the_same_after_it_was_stored() -> None:
    trip = Trip(Rulebook(own=(OwnLimit("CMP-21", 1, Unit.WORKING_DAY, city("2026-08-01 00:00")),)))
    trip.go(OPEN, "2026-08-20 10:00")
    trip.go(WAITING, "2026-08-20 11:00")

    for reading in (trip.work, replace(trip.work, withdrawn=True, running=False, fulfilled=True, level=2)):
        assert Reading.of(reading.stored()) == reading


def test_pause_without_an_article_is_refused() -> None:
    with pytest.raises(BrokenWorkflow, match="stands still without a rule"):
        workflow(pause_basis="")


def test_limit_of_no_time_still_ends_after_it_began() -> None:
    trip = Trip()

    due = trip.go(OPEN, "2026-08-20 10:00", rule="COR-10").due_at

    assert due - city("2026-08-20 10:00") == timedelta(microseconds=1)
