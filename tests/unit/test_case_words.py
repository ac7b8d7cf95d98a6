"""No timeline shows a code, an id or a bare number where words are meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import reports
from domain.actors import Actor, Role
from domain.processes import WORKFLOWS
from domain.queries import provider_words
from domain.queries.case_words import CHANNELS
from domain.reports import Intake, UnknownChannel

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_every_way_a_case_reaches_us_has_words_in_both_languages() -> None:
    assert set(CHANNELS) == {*reports.CHANNELS, "hazard_report"}
    assert "hazard_report" in WORKFLOWS  # a rectification names the process it came from
    assert all(re.search(r"[一-鿿]", words.zh) and words.en.isascii() for words in CHANNELS.values())


def test_report_by_a_way_without_words_is_not_opened() -> None:
    nothing: Any = None  # refused before the database is asked

    with pytest.raises(UnknownChannel):
        reports.open_report(nothing, Intake(), actor=Actor(frozenset({Role.HANDLER})), at=NOW, channel="carrier pigeon")


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
