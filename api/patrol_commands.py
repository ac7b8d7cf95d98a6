"""What `fireline patrols …` does: what the timetable does about patrols, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from api.commands import CommandRefused, database_in_use, plainly
from domain import people
from domain.patrols import planning, planning_days
from domain.patrols.planning import Planned

MOST_DAYS_AHEAD = 31
"""Plans change: who plans a year ahead has mistyped it."""


@plainly
def plan(text: str, *, show: Callable[[str], None]) -> str:
    """Plan a day everywhere, a shard of areas at a time; stopped half-way, the next run goes on."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        msg = f"--date: {text!r} is no day; write it as 2026-11-20."
        raise CommandRefused(msg) from None
    today = people.local_day(datetime.now(UTC))
    if abs(day - today) > timedelta(days=planning_days.MOST_MISSED) or day > today + timedelta(days=MOST_DAYS_AHEAD):
        ahead, back = MOST_DAYS_AHEAD, planning_days.MOST_MISSED
        msg = f"--date: {day} is too far away; days up to {ahead} ahead and {back} back can be planned."
        raise CommandRefused(msg)
    planned = Planned()
    with database_in_use() as database:
        with database.read() as session:
            shards = planning_days.shards(session)
        for number, areas in enumerate(shards, start=1):
            with database.write() as session:
                planned += planning.plan_day(session, day, at=datetime.now(UTC), area_ids=areas)
            show(f"{number}/{len(shards)}")
        with database.write() as session:
            planning_days.note_planned(session, day, planned, at=datetime.now(UTC))
    return (f"{day}: {planned.tasks} patrols planned, {planned.already} were there, {planned.lapsed} over already, "
            f"{planned.withdrawn} withdrawn, {planned.rebound} ask a new checklist.")  # fmt: skip
