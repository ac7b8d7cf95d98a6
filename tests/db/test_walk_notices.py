"""Bugs planted on purpose: the random walk has to fall over each of them, else its invariants prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, settings
from sqlalchemy import bindparam, update

from domain import audit, cases, ledger, sweep, timing, workflow
from domain.database import Database
from domain.models import Case
from tests.db.test_walk import CALM, walk
from tests.walk import PressesAnything, PressesLiveButtons
from tests.world import World

LOOKED_FOR = settings(max_examples=60, stateful_step_count=40, derandomize=True, phases=[Phase.generate],
                      report_multiple_bugs=False, **CALM)  # fmt: skip

Plant = Callable[[pytest.MonkeyPatch], None]
_promises, _running, _entry, _ring = cases._promises, timing._running, cases._entry, sweep.ring


def an_effect_is_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cases, "_promises", lambda *about: _promises(*about)[1:])


def a_clock_is_not_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timing, "_stopped", lambda _, old, *__: old)


def a_clock_starts_anew_whenever_it_is_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timing, "_running", lambda clock, _, **about: _running(clock, None, **about))


def the_clocks_rows_are_not_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cases, "clock_rows", lambda *_: [])


def the_nearest_deadline_is_a_timers(patch: pytest.MonkeyPatch) -> None:
    def nearest(_: Any, stored: Any) -> Any:
        running = [timing.Reading.of(reading).due_at for reading in stored.values() if reading["running"]]
        return min(running, default=None)

    patch.setattr(timing, "nearest", nearest)


def the_lock_is_missing(patch: pytest.MonkeyPatch) -> None:
    table = Case.__table__
    values = {name: bindparam(name) for name in ledger.CHANGING}
    unlocked = update(table).where(table.c.id == bindparam("_id")).values(**values, version=bindparam("_new_version"))
    patch.setattr(ledger, "_MOVE", unlocked)


def guards_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow, "first_reason", lambda *_: None)


def buttons_do_not_ask_the_guards(patch: pytest.MonkeyPatch) -> None:
    def offers(self: workflow.Workflow, case: Any, actor: Any, *, at: Any) -> list[workflow.Offer]:
        del at
        steps = [step for step in self.leaving(case.state) if not step.quiet and actor.plays(*step.roles)]
        return [workflow.Offer(step, None) for step in steps]

    patch.setattr(workflow.Workflow, "offers", offers)


def an_entry_says_another_state(patch: pytest.MonkeyPatch) -> None:
    def entry(case_id: Any, seq: int, passage: tuple[str, Any, str], **rest: Any) -> dict[str, Any]:
        name, source, target = passage
        return _entry(case_id, seq, (name, source, "assigned" if name == "decline" else target), **rest)

    patch.setattr(cases, "_entry", entry)


def the_chain_is_not_carried_on(patch: pytest.MonkeyPatch) -> None:
    whole = audit.entry_hash
    patch.setattr(
        cases, "audit", SimpleNamespace(GENESIS=audit.GENESIS, entry_hash=lambda _, e: whole(audit.GENESIS, e))
    )


def what_a_reporter_writes_is_not_sealed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cases, "sealed_fields", lambda _: {})


def a_clock_forgets_that_it_spoke(patch: pytest.MonkeyPatch) -> None:
    def ring(session: Any, case_id: Any, name: str, *, at: Any) -> Any:
        fired = _ring(session, case_id, name, at=at)
        if fired == "warn":
            case = cases.reload(session, case_id)
            case.clocks = {**case.clocks, name: {**case.clocks[name], "level": 0}}
            session.flush()
        return fired

    patch.setattr(sweep, "ring", ring)


CAUGHT: dict[Plant, str] = {
    an_effect_is_dropped: "the outbox holds exactly what was promised",
    a_clock_is_not_stopped: "the clocks that run, since when and until when",
    a_clock_starts_anew_whenever_it_is_looked_at: "the clocks that run, since when and until when",
    the_clocks_rows_are_not_written: "every clock has its row",
    the_nearest_deadline_is_a_timers: "the nearest deadline",
    the_lock_is_missing: "UNIQUE constraint failed: timeline_entry",
    guards_are_not_asked: "by somebody the case is not assigned to|DID NOT RAISE|correct_by",
    buttons_do_not_ask_the_guards: "somebody else|You ",
    an_entry_says_another_state: "an entry starts where the one before ended|the log replays to the state",
    the_chain_is_not_carried_on: "the chain holds",
    what_a_reporter_writes_is_not_sealed: "a reporter's words in the open",
    a_clock_forgets_that_it_spoke: "a clock's level",
}


FAR = frozenset({the_nearest_deadline_is_a_timers})
"""Seen only late in a case: whoever presses only what is offered gets there."""


@pytest.mark.parametrize("plant", CAUGHT, ids=lambda plant: plant.__name__)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_walk_falls_over(db: Database, world: World, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    plant(monkeypatch)

    with pytest.raises(Exception, match=CAUGHT[plant]):
        walk(PressesLiveButtons if plant in FAR else PressesAnything, db, world, LOOKED_FOR)
