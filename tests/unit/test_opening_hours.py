"""Opening hours: what people write is understood, written back, and asked at a moment, past midnight too."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.opening_hours import NotOpeningHours, checked_hours, is_open_at, read_hours, say_hours

WRITTEN = [
    ("周一至周五 09:00–22:00；周六、周日 10:00-02:00", "周一至周五 09:00–22:00；周六、周日 10:00–次日 02:00"),
    ("Mon-Fri 9:00-22:00; Sat, Sun 10:00–02:00 next day", "周一至周五 09:00–22:00；周六、周日 10:00–次日 02:00"),
    ("每天 24小时", "每天 24 小时"),
    ("24/7", "每天 24 小时"),
    ("daily, 24 h", "每天 24 小时"),
    ("工作日 8:30-12:00, 14:00-18:00", "周一至周五 08:30–12:00；周一至周五 14:00–18:00"),
    ("8点-20点", "每天 08:00–20:00"),
    ("星期五到星期一 18:00-次日2:00", "周一、周五至周日 18:00–次日 02:00"),
    ("每天 18:00-0:00", "每天 18:00–24:00"),
    ("周末 全天", "周六、周日 24 小时"),
]


@pytest.mark.parametrize(("typed", "said"), WRITTEN)
def test_hours_are_understood_and_said_in_one_way(typed: str, said: str) -> None:
    hours = read_hours(typed)

    assert say_hours(hours, "zh_CN") == said
    assert read_hours(say_hours(hours, "zh_CN")) == read_hours(say_hours(hours, "en")) == hours
    assert checked_hours(hours) == hours


@pytest.mark.parametrize(
    "typed", ["随时", "9:00", "25:00-26:00", "周一 9:75-10:00", "周一", "9:00-10:00 或另约", "9-10;" * 99]
)
def test_what_says_no_hours_is_refused(typed: str) -> None:
    with pytest.raises(NotOpeningHours):
        read_hours(typed)


@pytest.mark.parametrize(
    "data",
    [
        [{"days": [], "from": "09:00", "until": "10:00"}],
        [{"days": [8], "from": "09:00", "until": "10:00"}],
        [{"days": [1], "from": "9", "until": "10:00"}],
        [{"days": [1], "from": "09:00"}],
        [{"days": [1], "from": "09:00", "until": "10:00"}] * 21,
    ],
)
def test_data_that_says_no_hours_is_refused(data: list[dict[str, object]]) -> None:
    with pytest.raises(NotOpeningHours):
        checked_hours(data)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20 08:59", False),  # a Friday
        ("2026-11-20 09:00", True),
        ("2026-11-20 22:00", False),
        ("2026-11-21 01:00", False),
        ("2026-11-21 23:59", True),
        ("2026-11-22 01:59", True),  # Saturday's night
        ("2026-11-22 02:00", False),
        ("2026-11-23 01:00", True),  # Sunday's night
        ("2026-11-24 01:00", False),
    ],
)
def test_night_belongs_to_the_day_it_began_on(moment: str, is_open: bool) -> None:  # noqa: FBT001 - the expectation
    hours = read_hours("周一至周五 09:00–22:00；周六、周日 10:00-02:00")

    assert is_open_at(hours, datetime.fromisoformat(moment)) is is_open


def test_nobody_knows_when_a_venue_without_hours_is_open() -> None:
    assert read_hours("  ") == []
    assert is_open_at([], datetime.fromisoformat("2026-11-20 12:00")) is None
    assert is_open_at(read_hours("24/7"), datetime.fromisoformat("2026-11-20 00:00")) is True
