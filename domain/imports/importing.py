"""One import from rows to register: looked at against a snapshot, then written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from domain import register_log
from domain.database import Database
from domain.imports.batch import Batch
from domain.imports.bulk import AlreadyThere
from domain.imports.cells import Row
from domain.imports.kinds import ImportKind, read
from domain.imports.lines import Faults, Line, Progress
from domain.imports.terms import Terms
from domain.language import Sentence
from domain.models import RegisterHead

AT_ONCE = 500
Stamp = tuple[Any, ...]
LOCK = 0x46697266
"""Key of the PostgreSQL advisory lock that lets one import write at a time ("Firf", next to the schema's own)."""


class RegisterMoved(Exception):
    """Somebody entered the same thing at the same moment; nothing was written."""

    reason = Sentence("The register was changed at the same moment. Nothing was written: try again.")

    def __str__(self) -> str:
        return str(self.reason)


@dataclass(frozen=True, slots=True)
class Looked:
    """A table that was looked at: what an import of it would write, and what is wrong with it."""

    lines: list[Line]
    faults: Faults
    batch: Batch
    stamp: Stamp

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows are new, change something, or say what is there already."""
        return {"new": self.batch.new, "changed": self.batch.changed, "unchanged": self.batch.unchanged}


def look(
    database: Database, kind: ImportKind, rows: Iterator[Row], terms: Terms, *, progress: Progress | None = None
) -> Looked:
    """Return what an import would do; writes nothing. TableRefused when it is no table at all.

    Everything is looked at before anything is locked: a city's venues take half a minute.
    """
    lines, faults = read(kind, rows, progress=progress)
    with database.read() as session:
        stamp = _stamp(session)
        batch = kind.plan(session, lines, faults, terms)
    return Looked(lines, faults, batch, stamp)


def carry_out(
    session: Session,
    kind: ImportKind,
    looked: Looked,
    terms: Terms,
    *,
    import_id: UUID,
    told: Callable[[int], None] | None = None,
) -> Looked:
    """Write what was looked at, in the caller's transaction, and return it as it was written.

    When the register has moved since, everything is compared anew; what then is wrong is in `faults`, and nothing was
    written. Imports wait for each other. Raises RegisterMoved when somebody is a moment ahead.
    """
    _wait_for_others(session)
    held = _hold(session, looked.batch)
    if (stamp := _stamp(session)) != looked.stamp:
        faults = Faults()
        looked = Looked(looked.lines, faults, kind.plan(session, looked.lines, faults, terms), stamp)
        if not _hold(session, looked.batch) <= held and _stamp(session) != stamp:
            raise RegisterMoved
    if looked.faults.total:
        return looked
    try:
        looked.batch.store(session, told=told)
    except (IntegrityError, AlreadyThere) as clash:
        raise RegisterMoved from clash
    if looked.batch.size:
        data = {"table": kind.name, "rows": len(looked.lines), **looked.counts, **terms.source}
        register_log.record(session, "import", import_id, "import", actor=terms.actor, at=terms.at, data=data)
    return looked


def _wait_for_others(session: Session) -> None:
    """Wait until no other import is being written: two of the same table would enter everything twice.

    SQLite has one writer at a time in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))  # a city's venues take longer than any statement may
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))


def _hold(session: Session, batch: Batch) -> set[UUID]:
    """Hold what will be changed against other writers, and return it."""
    for model, ids in batch.changing.items():
        key: Any = model.id  # type: ignore[attr-defined]
        ordered = sorted(ids)
        for start in range(0, len(ordered), AT_ONCE):
            some = key.in_(ordered[start : start + AT_ONCE])
            session.execute(select(key).where(some).order_by(key).with_for_update(key_share=True))
    return set().union(*batch.changing.values())


def _stamp(session: Session) -> Stamp:
    """Return what changes whenever anything of the register does."""
    heads = (func.count(), func.sum(col(RegisterHead.version)), func.max(col(RegisterHead.changed_at)))
    return tuple(session.execute(select(*heads)).one())
