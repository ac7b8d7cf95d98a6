"""Every step and every clock of every process is told in a story, in the words people use."""

from __future__ import annotations

from pathlib import Path

import pytest
from gherkin.parser import Parser

from domain.processes import WORKFLOWS
from domain.workflow import Workflow

FEATURES = Path(__file__).resolve().parents[2] / "features"


def told(process: str) -> list[str]:
    """Return the text of every step of the process's stories."""
    lines: list[str] = []
    for file in sorted(FEATURES.glob(f"{process}*.feature")):
        feature = Parser().parse(file.read_text(encoding="utf-8"))["feature"]
        for child in feature["children"]:
            lines += [step["text"] for step in (child.get("scenario") or child["background"])["steps"]]
    return lines


def quoted(process: str) -> set[str]:
    """Return every word in quotation marks, lists taken apart."""
    pieces = [piece.partition("”")[0] for line in told(process) for piece in line.split("“")[1:]]
    return {word for piece in pieces for word in piece.split("、")}


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=lambda workflow: workflow.name)
def test_every_step_has_a_story(workflow: Workflow) -> None:
    untold = {step.zh for step in workflow.transitions} - quoted(workflow.name)

    assert untold == set()


@pytest.mark.parametrize("process", WORKFLOWS)
def test_stories_speak_no_code(process: str) -> None:
    for line in told(process):
        assert "http" not in line
        assert "_" not in line
        assert "/" not in line
