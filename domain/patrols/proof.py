"""Looks whether what phones delivered still is what their timelines say: rows changed, removed or put in are found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain.audit import Breach
from domain.language import Sentence
from domain.models import Case, PatrolAnswer, PatrolBatch, PatrolCheckIn, TimelineEntry
from domain.patrols import sealing, standing
from domain.patrols.standing import Given, Standing

BATCH = 200
"""Tasks looked at at once."""
_DELIVERING = ("start", "record")
_CHECK_INS: Any = PatrolCheckIn.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
_BATCHES: Any = PatrolBatch.__table__  # type: ignore[attr-defined]
_ENTRIES: Any = TimelineEntry.__table__  # type: ignore[attr-defined]


def verify(session: Session) -> Iterator[Breach]:
    """Yield what does not fit: a delivery whose rows have another digest than its entry, an answer that stands wrongly.

    The timelines themselves are held by their chains (`domain.audit.verify`). A task at a time: memory stays flat.
    """
    yield from _strangers(session)
    after: UUID | None = None
    while True:
        query = select(_BATCHES.c.case_id).distinct().order_by(_BATCHES.c.case_id).limit(BATCH)
        ids = list(session.execute(query.where(_BATCHES.c.case_id > after) if after else query).scalars())
        if not ids:
            return
        # A phone may deliver while this reads: what does not fit is looked at once more.
        if doubtful := {case_id for case_id, _ in _of_tasks(session, ids)}:
            yield from (breach for _, breach in _of_tasks(session, sorted(doubtful)))
        after = ids[-1]


def _of_tasks(session: Session, ids: list[UUID]) -> Iterator[tuple[UUID, Breach]]:
    named = session.execute(select(col(Case.id), col(Case.number)).where(col(Case.id).in_(ids)))
    numbers: dict[UUID, str] = {row[0]: row[1] for row in named}
    check_ins, answers, batches = (_by_task(session, table, ids) for table in (_CHECK_INS, _ANSWERS, _BATCHES))
    delivered = select(_ENTRIES).where(_ENTRIES.c.case_id.in_(ids), _ENTRIES.c.transition.in_(_DELIVERING))
    told = {entry.data["batch"]: entry for entry in session.execute(delivered)}
    decisions = _decisions(session, ids)
    for case_id in ids:
        number = numbers[case_id]
        for batch in batches.get(case_id, ()):
            entry = told.pop(str(batch["id"]), None)
            came, found = (
                [row for row in of_task.get(case_id, ()) if row["batch_id"] == batch["id"]]
                for of_task in (check_ins, answers)
            )
            if entry is None and not came and not found:
                continue  # it only said that the task was done
            where = f"{number} #{entry.seq} {entry.transition}" if entry else f"{number}, delivery {batch['id']}"
            if entry is None or sealing.digest(came, found, batch["doubts"]) != entry.data["sha256"]:
                yield case_id, Breach(where, Sentence("What the phone delivered was changed after it was written."))
        given = answers.get(case_id, [])
        if _stand_wrongly(given) or not _were_decided(given, decisions.get(case_id, set())):
            yield case_id, Breach(number, Sentence("Another answer stands than should."))
    for batch_id, entry in told.items():
        where = f"{numbers[entry.case_id]} #{entry.seq} {entry.transition}"
        yield entry.case_id, Breach(where, Sentence("The delivery %(batch)s is gone.", batch=batch_id))


def _strangers(session: Session) -> Iterator[Breach]:
    """Yield tasks with rows that no delivery of theirs brought: put in under another task's."""
    for table in (_CHECK_INS, _ANSWERS):
        query = (
            select(table.c.case_id).join(_BATCHES, _BATCHES.c.id == table.c.batch_id)
            .where(_BATCHES.c.case_id != table.c.case_id).distinct()
        )  # fmt: skip
        for number in session.execute(select(col(Case.number)).where(col(Case.id).in_(query))).scalars():
            yield Breach(number, Sentence("What the phone delivered was changed after it was written."))


def _by_task(session: Session, table: Any, ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:  # noqa: ANN401 - a table
    query = select(table).where(table.c.case_id.in_(ids)).order_by(table.c.case_id)
    rows = (dict(row) for row in session.execute(query).mappings())
    return {case_id: list(group) for case_id, group in groupby(rows, key=lambda row: row["case_id"])}


def _decisions(session: Session, ids: list[UUID]) -> dict[UUID, set[tuple[datetime, str]]]:
    """Return task → when somebody decided between answers, and for which."""
    query = select(_ENTRIES.c.case_id, _ENTRIES.c.at, _ENTRIES.c.data)
    rows = session.execute(query.where(_ENTRIES.c.case_id.in_(ids), _ENTRIES.c.transition == "decide_conflict"))
    found: dict[UUID, set[tuple[datetime, str]]] = {}
    for case_id, at, data in rows:
        found.setdefault(case_id, set()).add((at, data["answer"]))
    return found


def _were_decided(answers: list[dict[str, Any]], decisions: set[tuple[datetime, str]]) -> bool:
    """Return whether the timeline has a decision for another answer to the same wherever one was decided against."""
    about = {str(row["id"]): (row["round"], row["point"], row["item"]) for row in answers}
    decided = {(at, about.get(chosen)) for at, chosen in decisions}
    return all(
        (row["settled_at"], (row["round"], row["point"], row["item"])) in decided
        for row in answers if row["settled_at"] is not None
    )  # fmt: skip


def _stand_wrongly(answers: list[dict[str, Any]]) -> bool:
    found = standing.resolve_all(
        (
            (row["round"], row["point"], row["item"]),
            Given(row["id"], row["device_id"], row["seq"], row["at"], row["outcome"], row["value"], row["settled_at"]),
        )
        for row in answers
    )  # fmt: skip
    return any(found[row["id"]] != Standing(row["stands"], row["against"]) for row in answers)
