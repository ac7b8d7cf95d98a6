"""Random people on both databases: the log replays, promises are kept in rows, offered means it works.

The everyday run is the same each time; `make nightly` walks further, with a new seed that Hypothesis prints.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from domain import audit
from domain.database import Database
from tests.walk import PressesAnything, PressesLiveButtons
from tests.world import World

CALM = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
EVERY_DAY = settings(max_examples=8, stateful_step_count=30, derandomize=True, **CALM)
AT_NIGHT = settings(max_examples=200, stateful_step_count=60, print_blob=True, **CALM)
WALKERS = [PressesLiveButtons, PressesAnything]


def walk(walker: type[RuleBasedStateMachine], db: Database, world: World, how: settings) -> None:
    run_state_machine_as_test(type(walker.__name__, (walker,), {"db": db, "world": world}), settings=how)


@pytest.mark.parametrize("walker", WALKERS)
def test_history_stays_true(db: Database, world: World, walker: type[RuleBasedStateMachine]) -> None:
    walk(walker, db, world, EVERY_DAY)

    with db.read() as session:
        assert audit.verify(session).whole


@pytest.mark.nightly
@pytest.mark.parametrize("walker", WALKERS)
def test_history_stays_true_for_long(db: Database, world: World, walker: type[RuleBasedStateMachine]) -> None:
    walk(walker, db, world, AT_NIGHT)

    with db.read() as session:
        assert audit.verify(session).whole
