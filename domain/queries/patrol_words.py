"""What the entries of a patrol said, in words: which fields are told, and how its gaps read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain import catalogue
from domain.language import Label
from domain.settings import city_zone

TITLES: Mapping[str, Label] = {
    "check_ins": Label("签到次数", "Check-ins"),
    "answers": Label("检查记录", "Answers"),
    "failed": Label("不合格", "Not in order"),
    "doubts": Label("待处理的存疑", "Doubts to decide on"),
    "conflicts": Label("待处理的不一致记录", "Answers that differ, to decide on"),
    "item": Label("检查项", "Item"),
    "title": Label("检查项", "Item"),
    "point": Label("巡查点", "Point"),
    "others": Label("另有重大问题（项）", "More grave findings"),
    "rectification": Label("开具整改", "Rectification"),
    "worked_until": Label("巡查结束", "Work ended"),
    "signed_name": Label("签名", "Signed"),
    "points": Label("应到巡查点", "Points of the plan"),
    "points_done": Label("已到巡查点", "Points visited"),
    "gaps": Label("无人巡查的时段", "Nobody came"),
    "limit_minutes": Label("间隔上限（分钟）", "Longest gap allowed (minutes)"),
    "number": Label("检查表版本", "Version of the checklist"),
}
"""Titles of what the forms of a patrol have no words for: a phone fills them in."""
_UNTOLD = frozenset({"batch", "device", "sha256", "subject", "answer", "version"})
"""Ids and digests: they prove something to programs and say nothing to people."""


def is_untold(data: Mapping[str, Any], name: str) -> bool:
    """Return whether a field is left out: an id, or an item by its code beside its words."""
    if name in _UNTOLD:
        return True
    is_known = data.get("item") in catalogue.check_items()
    return (name == "title" and is_known) or (name == "item" and not is_known)


def item(code: str) -> Label | str:
    """Return what an item of the catalogue asks, in both languages."""
    known = catalogue.check_items().get(code)
    return Label(known.zh, known.en) if known else code


def gap(between: Mapping[str, str]) -> Label:
    """Return between which moments nobody made a round, and for how long, in the city's time."""
    ends = (datetime.fromisoformat(between[end]) for end in ("from_at", "until_at"))
    from_at, until_at = (end.astimezone(city_zone()) for end in ends)
    minutes = (until_at - from_at) // timedelta(minutes=1)
    hours = f"{from_at:%H:%M}–{until_at:%H:%M}"
    return Label(
        f"{from_at.month}月{from_at.day}日 {hours}（{minutes} 分钟）",
        f"{from_at.day} {from_at:%b} {hours} ({minutes} minutes)",
    )
