"""Values of the record in words: nobody reads a code, a UTC stamp or a list of spans."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.language import Label
from domain.queries.record_values import Names, said

POST = UUID(int=7)
NAMES = Names({POST: "李庚"}, {"guanglong": "广龙片区"})
HOURS = [
    {"days": [1, 2, 3, 4, 5], "from": "09:00", "until": "17:30"},
    {"days": [6, 7], "from": "10:00", "until": "16:00"},
]


@pytest.mark.parametrize(
    ("kind", "field", "value", "zh", "en"),
    [
        ("post", "area", "guanglong", "广龙片区", "广龙片区"),
        ("post", "area", "atlantis", "atlantis", "atlantis"),
        ("post", "person_id", str(POST), "李庚", "李庚"),
        ("organisation", "kind", "maintenance", "消防技术服务机构", "Maintenance company"),
        ("area", "level", "grid", "网格片区", "Grid"),
        ("account", "way", "code", "短信验证码", "code by SMS"),
        ("account", "scopes", "*", "账号的全部权限", "whatever the account may"),
        ("account", "expires_at", "2026-08-23T05:58:00+00:00", "2026-08-23 13:58", "2026-08-23 13:58"),
        ("venue", "closed_on", "2026-08-23", "2026-08-23", "2026-08-23"),
        ("person", "language", "zh_CN", "中文", "Chinese"),
        ("delegation", "roles", ["handler", "supervisor"], "举报受理员，主管", "Report handler, Supervisor"),
        ("venue", "sizes", {"area_m2": 80.0}, "建筑面积（平方米）：80.0", "Floor area (m²): 80.0"),
        ("venue", "is_open", True, "是", "yes"),
    ],
)
def test_a_value_is_said_in_both_languages(kind: str, field: str, value: Any, zh: str, en: str) -> None:
    words = said(kind, field, value, NAMES)

    assert (words if isinstance(words, str) else words.zh) == zh
    assert (words if isinstance(words, str) else words.en) == en


def test_opening_hours_are_said_as_people_write_them() -> None:
    words = said("venue", "hours", HOURS, NAMES)

    assert isinstance(words, Label)
    assert "09:00" in words.zh
    assert "{" not in words.zh + words.en
    assert "周" in words.zh
    assert "Mon" in words.en


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_is_nothing(nothing: Any) -> None:
    assert said("venue", "note", nothing, NAMES) is None
