"""What `fireline import calendar …` does: a year of the working-day calendar from the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from api.commands import CommandRefused, database_in_use, plainly
from api.table_commands import AT_THE_MACHINE, Imported, actor_with, in_both_languages
from domain import calendar_files, calendars, register_lock
from domain.calendar_files import CalendarRefused
from domain.calendars import Look
from domain.rights import Right


@plainly
def import_calendar(file: Path, *, dry_run: bool, username: str) -> Imported:
    """Look at a notice and, unless this is only a try, let its days hold; the worker then counts deadlines anew."""
    if not file.is_file():
        msg = f"there is no file {file}."
        raise CommandRefused(msg)
    content, at = file.read_bytes()[: calendar_files.LARGEST + 1], datetime.now(UTC)
    with database_in_use() as database:
        actor = actor_with(database, username, Right.KEEP_RULES, at) if username else None
        try:
            year = calendar_files.year_of(content)
            with database.read() as session:
                looked = calendars.look(session, year, content, at=at)
            if dry_run or looked.is_same:
                return Imported(True, _said(looked, "Nothing was written"))
            source = "; ".join([file.name, *looked.notice.papers])
            with database.write() as session:
                calendars.hold(session)
                calendars.take(
                    session, year, content, source=source, actor=actor or replace(AT_THE_MACHINE), at=datetime.now(UTC),
                    version=looked.version, at_the_machine=actor is None,
                )  # fmt: skip
        except (CalendarRefused, register_lock.RegisterChanged) as refused:
            raise CommandRefused(in_both_languages(refused.reason)) from refused
    return Imported(True, _said(looked, f"{year} was taken in"))


def _said(looked: Look, outcome: str) -> tuple[str, ...]:
    words = {True: "worked", False: "off"}
    lines = [f"{one.day.isoformat()}\t{words[one.before]} → {words[one.after]}\t{one.name}" for one in looked.changes]
    more = "more than " if looked.there_are_more else ""
    days, moved = len(looked.changes), looked.deadlines
    return (*lines, f"{outcome}: {days} days differ, {more}{moved} running deadlines move.")
