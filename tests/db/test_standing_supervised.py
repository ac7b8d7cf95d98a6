"""What /healthz makes of the supervisor's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain import heartbeats
from domain.database import Database
from domain.parts import PartStatus
from domain.queries import standing

AT = datetime(2026, 8, 23, 5, 58, tzinfo=UTC)


def supervised(**states: str) -> dict[str, PartStatus]:
    return {name: PartStatus(name, state, 1, AT.isoformat()) for name, state in states.items()}


def stands(db: Database, **states: str) -> dict[str, str]:
    with db.read() as session:
        return standing.as_supervised(standing.standing(session, at=AT), supervised(**states), at=AT).parts


def prefect(db: Database, *, state: str, restarts: int = 0, seconds: int = 0) -> standing.Standing:
    since = (AT - timedelta(seconds=seconds)).isoformat()
    seen = {"prefect": PartStatus("prefect", state, 1, since, restarts)}
    with db.read() as session:
        return standing.as_supervised(standing.standing(session, at=AT), seen, at=AT)


def test_without_a_supervisor_nothing_changes(db: Database) -> None:
    assert stands(db) == {"worker": "none", "prefect": "none", "gateway": "none", "exchange": "none"}


def test_parts_that_give_no_sign_of_their_own_are_seen(db: Database) -> None:
    assert stands(db, web="running", exchange="running", prefect="starting") == {
        "worker": "none", "prefect": "starting", "gateway": "none", "exchange": "running",
    }  # fmt: skip


@pytest.mark.parametrize("state", ["restarting", "failing", "stopping"])
def test_a_death_is_seen_before_the_heartbeat_grows_old(db: Database, state: str) -> None:
    with db.write() as session:
        heartbeats.beat(session, "worker", "w", at=AT, data={})

    assert stands(db, worker="running")["worker"] == "running"
    assert stands(db, worker=state)["worker"] == state


def test_a_worker_that_was_started_works_only_when_it_beats(db: Database) -> None:
    assert stands(db, worker="running")["worker"] == "starting"


def test_prefect_may_start_for_a_minute_once(db: Database) -> None:
    with db.write() as session:
        heartbeats.beat(session, "worker", "w", at=AT, data={"prefect": "starting", "since": AT.isoformat()})

    assert (prefect(db, state="starting", seconds=59).status, prefect(db, state="starting", seconds=61).status) == (
        "ok", "degraded",
    )  # fmt: skip


def test_prefect_that_died_is_missed_until_it_is_back(db: Database) -> None:
    with db.write() as session:
        heartbeats.beat(session, "worker", "w", at=AT, data={"prefect": "joined", "since": AT.isoformat()})

    states = [prefect(db, state=state, restarts=1) for state in ("restarting", "starting", "running")]

    assert [(now.parts["prefect"], now.status) for now in states] == [
        ("restarting", "degraded"), ("restarting", "degraded"), ("joined", "ok"),
    ]  # fmt: skip


@pytest.mark.parametrize(("seconds", "state"), [(59, "starting"), (61, "away")])
def test_worker_that_waits_for_prefect_for_long_goes_without(db: Database, seconds: int, state: str) -> None:
    since = (AT - timedelta(seconds=seconds)).isoformat()
    with db.write() as session:
        heartbeats.beat(session, "worker", "w", at=AT, data={"prefect": "starting", "since": since})

    assert stands(db)["prefect"] == state


def test_of_prefect_the_worker_has_the_last_word(db: Database) -> None:
    with db.write() as session:
        heartbeats.beat(session, "worker", "w", at=AT, data={"prefect": "away"})

    assert stands(db, prefect="running")["prefect"] == "away"
