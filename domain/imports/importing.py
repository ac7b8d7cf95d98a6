"""One import from rows to register: looked at against a snapshot, then written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from domain import register_log
from domain.database import Database
from domain.imports.batch import Batch
from domain.imports.cells import Row
from domain.imports.kinds import ImportKind, read
from domain.imports.lines import Faults, Line, Progress
from domain.imports.terms import Terms
from domain.language import Sentence
from domain.models import RegisterHead

Stamp = tuple[Any, ...]


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
    written. Raises RegisterMoved when somebody is a moment ahead.
    """
    if (stamp := _stamp(session)) != looked.stamp:
        faults = Faults()
        looked = Looked(looked.lines, faults, kind.plan(session, looked.lines, faults, terms), stamp)
    if looked.faults.total:
        return looked
    try:
        looked.batch.store(session, told=told)
    except IntegrityError as clash:
        raise RegisterMoved from clash
    if looked.batch.size:
        data = {"table": kind.name, "rows": len(looked.lines), **looked.counts, **terms.source}
        register_log.record(session, "import", import_id, "import", actor=terms.actor, at=terms.at, data=data)
    return looked


def _stamp(session: Session) -> Stamp:
    """Return what changes whenever anything of the register does."""
    heads = (func.count(), func.sum(col(RegisterHead.version)), func.max(col(RegisterHead.changed_at)))
    return tuple(session.execute(select(*heads)).one())
