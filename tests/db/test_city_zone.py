"""FIRELINE_TIMEZONE is the city's clock everywhere: numbers, days, limits, pages and messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from api import rendering
from domain import people
from domain.database import Database
from domain.settings import get_settings
from notifications import messages
from tests.journeys import press, report
from tests.world import World

NEW_YEAR = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
"""01:30 on New Year's Day in China, 08:30 on the last of December in Anchorage."""


@pytest.fixture(params=["Asia/Shanghai", "America/Anchorage"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run the city by another clock."""
    monkeypatch.setenv("FIRELINE_TIMEZONE", request.param)
    get_settings.cache_clear()
    yield request.param
    monkeypatch.undo()
    get_settings.cache_clear()


def test_city_lives_by_the_zone_that_is_set(db: Database, world: World, zone: str) -> None:
    in_china = zone == "Asia/Shanghai"
    world.clock.now = NEW_YEAR

    with db.write() as session:
        case = report(session, world)
        press(session, world, case, "handler", "accept", hazard_code="FAC-02", verify_class="B3WD")

    assert case.number == ("JB-2027-000001" if in_china else "JB-2026-000001")
    assert people.local_day(NEW_YEAR).isoformat() == ("2027-01-01" if in_china else "2026-12-31")
    assert rendering.local_time(NEW_YEAR) == ("2027-01-01 01:30" if in_china else "2026-12-31 08:30")
    assert messages.due(NEW_YEAR, "zh_CN") == ("1月1日01:30" if in_china else "12月31日08:30")
    # 17:30 of the third working day after the city's own; the holidays of 2027 are not announced, so 1 January counts.
    due = {True: datetime(2027, 1, 6, 9, 30, tzinfo=UTC), False: datetime(2027, 1, 6, 2, 30, tzinfo=UTC)}
    assert case.due_at == due[in_china]
