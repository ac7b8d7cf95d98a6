"""`fireline patrols plan`, and what /healthz says of the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from api import patrol_commands
from domain import people
from domain.database import Database
from domain.models import PatrolTask
from domain.patrols import planning_days
from domain.settings import get_settings
from tests.patrol_ground import Ground
from tests.world import World

TODAY = people.local_day(datetime.now(UTC))


@pytest.fixture(autouse=True)
def _this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    get_settings.cache_clear()


def test_a_day_is_planned_by_hand_once(db: Database, world: World) -> None:
    tomorrow = TODAY + timedelta(days=1)
    ground = Ground(world)
    with db.write() as session:
        ground.plan(session, "kuancheng", "daily")
        ground.plan(session, "market", "daily")
    shown: list[str] = []

    first = patrol_commands.plan(tomorrow.isoformat(), show=shown.append)
    again = patrol_commands.plan(tomorrow.isoformat(), show=shown.append)

    assert first.startswith(f"{tomorrow}: 2 patrols planned, 0 were there")
    assert again.startswith(f"{tomorrow}: 0 patrols planned, 2 were there")
    assert shown[-1] == "1/1"
    late = datetime.combine(tomorrow, planning_days.LATE_AT, UTC)  # nine in the morning there
    with db.read() as session:
        assert {task.day for task in session.exec(select(PatrolTask))} == {tomorrow}
        assert not planning_days.is_behind(session, at=late)
        assert planning_days.is_behind(session, at=late + timedelta(days=1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("day", "why"),
    [("20.11.2026", "is no day"), (str(TODAY + timedelta(days=40)), "too far away"),
     (str(TODAY - timedelta(days=400)), "too far away")],
)  # fmt: skip
def test_a_day_that_cannot_be_meant_is_refused(day: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        patrol_commands.plan(day, show=print)

    assert why in capsys.readouterr().err
