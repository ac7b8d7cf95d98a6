"""The generated pages: complete, and the same as the code says now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain import catalogue, docs
from domain.processes import WORKFLOWS
from domain.settings import Settings
from domain.timing import Snapshot
from domain.workflow import Workflow

PAGES = {str(path): text for path, text in docs.pages().items()}
TABLES = pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=lambda workflow: workflow.name)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def test_pages_in_the_repository_say_what_the_code_says() -> None:
    assert docs.stale() == []


def test_stale_page_is_named_and_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs.main([], tmp_path)
    page = tmp_path / "processes" / "rectification.md"
    page.write_text(page.read_text().replace("整改中", "修理中"))

    code = docs.main(["--check"], tmp_path)

    assert code == 1
    assert capsys.readouterr().out == "stale: docs/processes/rectification.md; run python -m domain.docs\n"


def test_check_writes_nothing_and_is_silent_when_all_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = docs.main(["--check"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()
    docs.main([], tmp_path)

    present = docs.main(["--check"], tmp_path)

    assert (missing, present, capsys.readouterr().out) == (1, 0, "")


@TABLES
def test_page_names_every_state_step_effect_and_clock(workflow: Workflow) -> None:
    page = PAGES[f"processes/{workflow.name}.md"]

    for state in workflow.states:
        assert f"| `{state.name}` | {state.zh} | {state.en} |" in page
        assert f'state "{state.zh}" as {state.name}' in page
    for step in workflow.transitions:
        assert f"### `{step.name}` {step.zh} · {step.en}" in page
    for effect in workflow.effects:
        assert f"promises `{effect}`" in page
    for clock in workflow.clocks:
        assert f"### `{clock.name}` {clock.zh} · {clock.en}" in page


@TABLES
def test_every_rule_is_told_in_words(workflow: Workflow) -> None:
    for step in workflow.transitions:
        for rule in (*step.guards, *step.checks, *(docs._companion(name) for name in step.companions)):
            assert len(docs._rule(rule)) > 20, rule


@TABLES
def test_every_label_is_in_both_languages(workflow: Workflow) -> None:
    things = [*workflow.states, *workflow.transitions, *workflow.clocks, *workflow.effects.values(), workflow.opening]

    for thing in things:
        assert is_chinese(thing.zh), thing
        assert thing.en.isascii(), thing


@pytest.mark.parametrize("process", docs.PUBLIC)
def test_who_holds_the_receipt_can_read_every_state(process: str) -> None:
    shown = docs.PUBLIC[process]

    assert set(shown) == {state.name for state in WORKFLOWS[process].states}
    assert all(is_chinese(label.zh) and label.en.isascii() for label in shown.values())


@TABLES
def test_every_clock_has_a_basis_that_can_be_looked_up(workflow: Workflow) -> None:
    for clock in workflow.clocks:
        named = [] if clock.basis == "PRACTICE" else clock.basis.split("/")
        rows = [catalogue.limit(row) for row in named if row not in catalogue.targets() or clock.kind == "statutory"]
        assert clock.kind != "statutory" or (rows and all(row.is_statutory for row in rows)), clock.name


@TABLES
def test_statutory_clock_runs_as_long_as_the_catalogue_says(workflow: Workflow) -> None:
    for clock in workflow.clocks:
        if clock.kind == "statutory" and not docs._rule(clock.limit):
            row = catalogue.limit(clock.basis)
            limit = clock.limit(Snapshot(UUID(int=0), "", (), {}, datetime(2026, 1, 1, tzinfo=UTC)))
            assert limit is not None
            assert (limit.amount, limit.unit) == (row.limit, row.unit), clock.name


def test_every_setting_has_a_heading_and_a_meaning() -> None:
    for name, info in Settings.model_fields.items():
        assert f"## FIRELINE_{name.upper()}\n\n{info.description}\n" in PAGES["settings.md"]
        assert len(info.description or "") > 10, name


def test_no_secret_stands_in_the_settings_page() -> None:
    settings = Settings()

    for secret in (settings.secret_key, settings.vault_key, settings.twilio_auth_token):
        assert secret not in PAGES["settings.md"]
