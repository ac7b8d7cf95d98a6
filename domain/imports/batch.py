"""What an import will write: new rows, changes, and the register's record of both. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, SQLModel

from domain import register_log
from domain.actors import Actor
from domain.identifiers import mask_phone, new_id
from domain.imports import bulk
from domain.models import (
    Building,
    Facility,
    Floor,
    Person,
    Post,
    RegisterEntry,
    RegisterHead,
    Venue,
)

KINDS: dict[type[SQLModel], str] = {
    Person: "person", Venue: "venue", Building: "building", Floor: "floor", Facility: "facility", Post: "post",
}  # fmt: skip
"""What the record calls the subjects of each table, in the order the tables' references need."""


@dataclass(slots=True)
class Batch:
    """Rows to write. Counts are of the table's own lines: a venue with its two people counts once."""

    actor: Actor
    at: datetime
    source: Mapping[str, Any]
    """What every entry of the record says of where it comes from: the import's id and the name of the file."""
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rows: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=lambda: {model: [] for model in KINDS})
    updates: list[tuple[type[SQLModel], UUID, Mapping[str, Any], dict[str, Any]]] = field(default_factory=list)
    changing: dict[type[SQLModel], set[UUID]] = field(default_factory=dict)
    """Rows that are changed or get something: what they were compared with has to hold until it is written."""

    def add(self, model: type[SQLModel], /, **values: Any) -> UUID:  # noqa: ANN401 - column values
        """Add a subject of the register and return its id."""
        subject_id = new_id()
        self.rows[model].append(bulk.whole(model, id=subject_id, **values))
        return subject_id

    def change(
        self, model: type[SQLModel], subject_id: UUID, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Change a subject that is there; both sides hold what differs."""
        self.updates.append((model, subject_id, before, dict(after)))
        self.hold(model, subject_id)

    def hold(self, model: type[SQLModel], subject_id: UUID) -> None:
        """Have a row held against other writers before anything is written."""
        self.changing.setdefault(model, set()).add(subject_id)

    @property
    def _origin(self) -> dict[str, Any]:
        # The import's own entry holds the rest, once.
        return {name: self.source[name] for name in ("import", "file") if name in self.source}

    @property
    def size(self) -> int:
        """Return how many rows will be written, those of the record included."""
        return 3 * sum(len(rows) for rows in self.rows.values()) + len(self.updates)

    def store(self, session: Session, *, told: Callable[[int], None] | None = None) -> None:
        """Write everything with its entries in the record, in the caller's transaction."""
        session.flush()
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL statement_timeout = 0"))  # COPY takes as long as we take to fill it
        for model, rows in self.rows.items():
            bulk.write(session, model, rows, told=told)
        heads: list[tuple[UUID, str, bytes]] = []
        bulk.write(session, RegisterEntry, self._entries(heads), told=told)
        bulk.write(session, RegisterHead, (self._head(*head) for head in heads), told=told)
        for model, subject_id, before, after in self.updates:
            table: Any = model.__table__  # type: ignore[attr-defined]
            session.connection().execute(update(table).where(table.c.id == subject_id).values(**after))
            data = {**register_log.changes(before, after), **self._origin}
            register_log.record(session, KINDS[model], subject_id, "import", actor=self.actor, at=self.at, data=data)
            if told is not None:
                told(1)

    def _entries(self, heads: list[tuple[UUID, str, bytes]]) -> Iterator[dict[str, Any]]:
        """Yield the first entry of every new subject's chain, and remember where each ends."""
        for model, rows in self.rows.items():
            kind = KINDS[model]
            for row in rows:
                data: dict[str, Any] = {
                    name: [None, value] for name, value in row.items() if name != "id" and value not in _NOTHING
                }
                if model is Person and row["phone"]:
                    data["phone"] = [None, mask_phone(row["phone"])]
                data |= self._origin
                entry = register_log.entry(kind, row["id"], "import", actor=self.actor, at=self.at, data=data)
                heads.append((row["id"], kind, entry["hash"]))
                yield entry

    def _head(self, subject_id: UUID, kind: str, entry_hash: bytes) -> dict[str, Any]:
        return {"subject_id": subject_id, "kind": kind, "version": 1, "chain_head": entry_hash, "changed_at": self.at}


_NOTHING: tuple[Any, ...] = (None, "", [], {})
