"""The cockpit's numbers in words and JSON: tiles, tables and charts all take them from here, so they are the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from api.map_answer import named
from api.rendering import in_words, local_time
from api.rest.answers import moment
from domain import catalogue
from domain.language import CHINESE, Sentence
from domain.processes import WORKFLOWS, workflow_of
from domain.queries.map_data import LEVEL_LABELS
from domain.queries.shares import Share
from domain.reporting.cockpit import DAYS, Alarms, AreaLine, Cockpit, Kind, Now
from domain.reporting.drill import Figure
from domain.reporting.targets import Targets, Work

GIVEN_UP = Sentence("given up late")
STILL_AFTER = timedelta(minutes=10)
"""The worker counts every few seconds; numbers older than that are not the present any more."""


def answer(found: Cockpit, targets: Targets, work: Sequence[Work] | None, locale: str) -> dict[str, Any]:
    """Return the cockpit; what nothing is known of is None, `people` None for whom they are no business."""
    return {
        "at": moment(found.at),
        "where": in_words(found.where, locale),
        "as_of": moment(found.measured_until),
        "as_of_words": local_time(found.measured_until),
        "stands_still": found.measured_until is not None and found.at - found.measured_until > STILL_AFTER,
        "days_counted": DAYS,
        "from": found.from_on.isoformat(),
        "today": found.today.isoformat(),
        "opened_today": found.opened_today,
        "now": _now(found.now) if found.now else None,
        "on_time": share(found.on_time),
        "discovery": share(found.discovery),
        "targets": {"on_time": targets.on_time, "discovery": targets.discovery},
        "kinds": [{**_kind(one, locale), "count": one.count} for one in found.kinds],
        "level": in_words(LEVEL_LABELS[found.level], locale),
        "areas": [_area(one, locale) for one in found.areas],
        "days": [{"on": day.on.isoformat(), "opened": day.opened, "ended": day.ended} for day in found.days],
        "alarms": _alarms(found.alarms, locale),
        "people": None if work is None else [_work(one, locale) for one in work],
    }


def share(given: Share) -> dict[str, Any]:
    """Return a share with its whole; `percent` None, "–" in words, where there is nothing to take it of."""
    percent = given.percent
    words = "–" if percent is None else f"{percent:g}%"
    return {"part": given.part, "whole": given.whole, "percent": percent, "words": words}


def _now(now: Now) -> dict[str, int]:
    return {"open": now.open, "overdue": now.overdue, "due_today": now.due_today}


def _kind(one: Kind, locale: str) -> dict[str, Any]:
    if one.is_rest:
        return {"code": None, "label": in_words(Sentence("All other hazards"), locale), "rest": True}
    hazard = catalogue.hazards().get(one.code or "")
    words = in_words(hazard, locale) if hazard else one.code or in_words(Sentence("Not named yet"), locale)
    return {"code": one.code, "label": words, "rest": False}


def _area(one: AreaLine, locale: str) -> dict[str, Any]:
    return {
        "code": one.code, "name": named(one, locale), "opened": one.opened, **_now(one.now),
        "on_time": share(one.on_time), "discovery": share(one.discovery),
    }  # fmt: skip


def _work(one: Work, locale: str) -> dict[str, Any]:
    """Return one warden's numbers; `behind`: for each of them which lists of cases it is made of."""
    behind: dict[str, list[dict[str, Any]]] = {"in_time": [], "late": [], "overdue": [], "running": []}
    for runs in one.runs:
        figure = Figure(runs.process, runs.name, runs.stage, "person", str(one.person_id))
        stage = next(clock.label for clock in workflow_of(runs.process).clocks if clock.name == runs.stage)
        words = in_words(GIVEN_UP if runs.name == "left_late" else stage, locale)
        column = "late" if runs.name == "left_late" else runs.name
        behind[column].append({"label": words, "count": runs.count, "figure": str(figure)})
    return {
        "behind": behind,
        "id": str(one.person_id), "name": one.name, "in_time": one.in_time, "late": one.late, "overdue": one.overdue,
        "running": one.running, "on_time": share(one.on_time), "discovery": share(one.discovery),
    }  # fmt: skip


def _alarms(alarms: Alarms, locale: str) -> dict[str, Any]:
    flow = WORKFLOWS.get("alarm")
    return {
        "connected": alarms.connected,
        "count": alarms.count if alarms.connected else None,
        "newest": [
            {
                "number": one.number, "opened_at": moment(one.opened_at), "since": local_time(one.opened_at),
                "state": in_words(flow.state(one.state).label, locale) if flow else one.state,
                "place": one.place if locale == CHINESE else one.place_en or one.place,
            }
            for one in alarms.newest
        ],
    }  # fmt: skip
