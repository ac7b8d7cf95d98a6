"""Counts deadlines anew after a year of the calendar was taken in, while everything else goes on."""

from __future__ import annotations

from domain import recounting
from domain.language import N_
from flows.chores import Chore

RECOUNTED = N_("%(count)s deadlines were counted anew and moved.")


def recount(chore: Chore) -> None:
    """Count every running deadline that the year may move; begun again it goes on with what is left.

    Without a year (every night): those that are provisional, and those of cases that moved lately.
    """
    year = chore.row.data.get("year")
    since = chore.row.made_at - recounting.LATELY if year is None else None
    moved = 0
    for count in recounting.passes(chore.database, year, now=chore.now, since=since):
        moved += count
        chore.progress(moved, moved)
    with chore.database.write() as session:
        chore.settle(session, {"said": RECOUNTED, "said_params": {"count": moved}, "link": "/admin/calendar"})
