"""What came of a case, told by its entries, per process: fixed, being fixed, unproven, disputed, reopened, rated.

A process that is not named here has no result of its own; its cases are reopened when they leave a final state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from domain.processes import hazard_report, rectification
from domain.processes.hazard_report_forms import Outcome
from domain.workflow import Workflow

FIXED, FIXING, UNPROVEN = "fixed", "fixing", "unproven"
SATISFIED = 4
"""Of 5: the reporter says the matter is settled."""


class Told(Protocol):
    """What is read of an entry."""

    @property
    def transition(self) -> str:
        """Return the step, or the opening."""

    @property
    def source(self) -> str | None:
        """Return the state before; None for the opening."""

    @property
    def target(self) -> str:
        """Return the state after."""

    @property
    def data(self) -> dict[str, Any]:
        """Return the form."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a case so far."""

    result: str | None = None
    """`FIXED`, `FIXING`, `UNPROVEN`; None while nothing is known."""
    disputed: bool = False
    reopened: int = 0
    """How often."""
    rating: int | None = None
    """The last one its reporter gave."""
    to_correct: int = 0
    """Hazards of the newest finding that were not corrected on the spot."""
    corrected: frozenset[str] = frozenset()
    """Rectifications it was told are done, since it was opened or reopened."""


After = Callable[[Workflow, Came, Told], Came]


def after(workflow: Workflow, came: Came, entry: Told) -> Came:
    """Return what came of a case when one more entry is read."""
    return AFTER.get(workflow.name, _of_any)(workflow, came, entry)


def _of_any(workflow: Workflow, came: Came, entry: Told) -> Came:
    if entry.source is not None and workflow.state(entry.source).final and not workflow.state(entry.target).final:
        return replace(came, reopened=came.reopened + 1)
    return came


def _of_report(workflow: Workflow, came: Came, entry: Told) -> Came:
    """An objection disputes a report until its reporter is satisfied, it is closed, or a joined one is answered."""
    match entry.transition:
        case "record_finding":
            return _found(came, entry)
        case "tell_corrected":
            return _corrected(replace(came, corrected=came.corrected | {entry.data["other"]}))
        case "object" | "reopen_for_merged":
            again = entry.target == hazard_report.REOPENED.name
            started = replace(came, reopened=came.reopened + 1, corrected=frozenset()) if again else came
            return replace(started, disputed=True)
        case "rate":
            rating = int(entry.data["rating"])
            return replace(came, rating=rating, disputed=came.disputed and rating < SATISFIED)
        case "close" | "share_reply":
            return replace(came, disputed=False)
    return came


def _found(came: Came, entry: Told) -> Came:
    if entry.data["outcome"] in (Outcome.SUBSTANTIATED.value, Outcome.PARTLY.value):
        left = set(entry.data.get("hazards", ())) - set(entry.data.get("corrected", ()))
        return _corrected(replace(came, result=FIXING, to_correct=len(left)))
    return replace(came, result=UNPROVEN, to_correct=0)


def _corrected(came: Came) -> Came:
    if came.result is None or came.result == UNPROVEN:
        return came
    return replace(came, result=FIXED if len(came.corrected) >= came.to_correct else FIXING)


def _of_rectification(workflow: Workflow, came: Came, entry: Told) -> Came:
    """Corrected means seen by somebody who looked again, or while the inspector stood there."""
    if entry.target == rectification.CLOSED.name:
        return replace(came, result=FIXED)
    ended_otherwise = workflow.state(entry.target).final
    return replace(came, result=None if ended_otherwise else FIXING)


AFTER: Mapping[str, After] = {
    hazard_report.HAZARD_REPORT.name: _of_report,
    rectification.RECTIFICATION.name: _of_rectification,
}
