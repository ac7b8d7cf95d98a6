"""How far a deadline is, in words: nothing is said to be nought minutes away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.pages.staff_deadlines import coarse


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(seconds=0), "不足 1 分钟", "less than 1 minute"),
        (timedelta(seconds=59), "不足 1 分钟", "less than 1 minute"),
        (timedelta(seconds=60), "1 分钟", "1 minute"),
        (timedelta(minutes=59), "59 分钟", "59 minutes"),
        (timedelta(hours=47), "47 小时", "47 hours"),
        (timedelta(hours=48), "2 天", "2 days"),
    ],
)
def test_lengths_are_said_in_their_largest_unit(length: timedelta, zh: str, en: str) -> None:
    assert (coarse(length).zh, coarse(length).en) == (zh, en)
