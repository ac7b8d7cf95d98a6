"""Every effect of every process has a handler and words in both languages, and what lacks one cannot be imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import meta

from domain.language import LOCALES
from domain.processes import WORKFLOWS
from flows.effects import HANDLERS, gaps
from notifications.messages import FOLDER, environment
from notifications.recipients import TELLINGS

DONE_BY_THE_DOMAIN = {"open_rectifications", "tell_parent"}


def test_every_effect_is_carried_out_and_told_in_both_languages() -> None:
    assert gaps(HANDLERS, FOLDER) == []


def test_missing_handler_is_named() -> None:
    without = {
        process: {k: v for k, v in known.items() if k != "notify_assignee"} for process, known in HANDLERS.items()
    }

    assert gaps(without, FOLDER) == [
        "hazard_report.notify_assignee has no handler",
        "rectification.notify_assignee has no handler",
    ]


def test_missing_template_is_named(tmp_path: Path) -> None:
    assert "reply_reporter.en.txt is missing" in gaps(HANDLERS, tmp_path)


def test_every_effect_tells_somebody_or_is_the_domains_own() -> None:
    promised = {effect for workflow in WORKFLOWS.values() for effect in workflow.effects}

    assert promised - set(TELLINGS) == DONE_BY_THE_DOMAIN


@pytest.mark.parametrize("folder", ["sms", "voice"])
def test_no_template_is_left_over_and_both_languages_use_the_same_facts(folder: str) -> None:
    names = {path.name.split(".")[0] for path in (FOLDER / folder).glob("*.txt")}

    def facts(name: str, locale: str) -> set[str]:
        source = (FOLDER / folder / f"{name}.{locale}.txt").read_text(encoding="utf-8")
        return meta.find_undeclared_variables(environment().parse(source)) - {"actor"}

    assert names <= set(TELLINGS)
    for name in names:
        assert len({frozenset(facts(name, locale)) for locale in LOCALES}) == 1, name
