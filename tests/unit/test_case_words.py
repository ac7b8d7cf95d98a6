"""No timeline shows a code, an id or a bare number where words are meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import reports
from domain.actors import Actor, Role
from domain.language import CHINESE, ENGLISH, Label, Sentence
from domain.models import TimelineEntry
from domain.processes import WORKFLOWS
from domain.processes.patrol_task import PATROL_TASK
from domain.queries import provider_words
from domain.queries.case_words import CHANNELS, CaseNumber, DueAt, Names, Value, said
from domain.reports import Intake, UnknownChannel
from domain.settings import city_zone

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_every_way_a_case_reaches_us_has_words_in_both_languages() -> None:
    processes = {"hazard_report", "patrol_task"}  # a rectification names the process it came from
    assert set(CHANNELS) == {*reports.CHANNELS, *processes, "plan"}
    assert processes <= set(WORKFLOWS)
    assert all(re.search(r"[一-鿿]", words.zh) and words.en.isascii() for words in CHANNELS.values())


def test_report_by_a_way_without_words_is_not_opened() -> None:
    nothing: Any = None  # refused before the database is asked

    with pytest.raises(UnknownChannel):
        reports.open_report(nothing, Intake(), actor=Actor(frozenset({Role.HANDLER})), at=NOW, channel="carrier pigeon")


NAMES = Names({}, {}, frozenset({"ZG-2026-000007"}), {}, {})
A_DELIVERY = {"batch": "b", "device": "d", "check_ins": 2, "answers": 14, "failed": 1, "sha256": "0" * 64}
ENTRIES = [
    ("start", A_DELIVERY, [("签到次数", "2"), ("检查记录", "14"), ("不合格", "1")]),
    ("report_critical", {"answer": "a", "item": "P02", "title": "安全出口", "point": "一层东门",
                         "rectification": "ZG-2026-000007"},
     [("检查项", "安全出口、疏散通道畅通，无锁闭"), ("巡查点", "一层东门"), ("开具整改", "ZG-2026-000007")]),
    ("report_critical", {"answer": "a", "item": "own:7", "title": "后厨门常闭", "rectification": "ZG-2026-000008"},
     [("检查项", "后厨门常闭")]),
    ("judge_gaps", {"gaps": [{"from_at": "2026-08-24T04:00:00+00:00", "until_at": "2026-08-24T06:30:00+00:00"}],
                    "limit_minutes": 120},
     [("无人巡查的时段", "8月24日 12:00–14:30（150 分钟）"), ("间隔上限（分钟）", "120")]),
    ("miss", {"clock": "miss", "level": 1, "due_at": "2026-08-24T04:00:00+00:00"},
     [("时限", "漏查认定"), ("期限", "2026-08-24 12:00")]),
    ("rebind", {"version": "v", "number": 3}, [("检查表版本", "3")]),
    ("decide_doubt", {"subject": "s", "verdict": "upheld", "reason": "与监控不符"},
     [("处理方式", "存疑成立"), ("原因", "与监控不符")]),
    ("cancel", {"reason": "The venue is closed or suspended."}, [("原因", "场所已停业或暂停营业。")]),
]  # fmt: skip


@pytest.mark.parametrize(("transition", "data", "words"), ENTRIES)
def test_entry_of_a_patrol_is_told_in_words_without_ids_and_digests(transition, data, words) -> None:
    step = PATROL_TASK.named(transition)[0]
    source, role = min(state.name for state in step.sources), "system" if Role.SYSTEM in step.roles else "manager"
    entry = TimelineEntry(transition=transition, source=source, actor_role=role, data=data)

    told = said(PATROL_TASK, entry, NAMES)

    assert [(_in(CHINESE, one.title), _in(CHINESE, *one.values)) for one in told] == words
    assert all(_in(ENGLISH, one.title).isascii() for one in told)


def _in(locale: str, *values: Value | Label) -> str:
    """Return values as a page shows them."""
    return " ".join(
        one.in_language(locale) if isinstance(one, Label | Sentence)
        else f"{one.deadline.astimezone(city_zone()):%Y-%m-%d %H:%M}" if isinstance(one, DueAt)
        else one.number if isinstance(one, CaseNumber)
        else str(one)
        for one in values
    )  # fmt: skip


@pytest.mark.parametrize(("code", "words"), [
    ("20500", "运营商故障（20500）"), ("503", "运营商故障（503）"), ("20429", "限流（20429）"),
    ("21211", "号码无效（21211）"), ("30003", "空号或关机（30003）"), ("99999", "运营商错误（99999）"),
])  # fmt: skip
def test_error_code_of_the_provider_is_said_in_words(code: str, words: str) -> None:
    said = provider_words.said(code)

    assert said is not None
    assert said.zh == words
    assert said.en.endswith(f" ({code})")


def test_only_faults_and_limits_of_the_provider_are_no_refusal() -> None:
    assert [provider_words.is_own_trouble(code) for code in ("20500", "502", "20429", "21211", None)] == [
        True, True, True, False, False,
    ]  # fmt: skip
