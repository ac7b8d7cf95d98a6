"""A case, its timeline, its clocks, its links: what `domain.cases` writes and nobody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from domain.apart import APART, ROUTINE
from domain.models.columns import Binary, Json, UtcDateTime

_APART = text(APART)
_APART_OPEN = text(f"closed_at IS NULL AND {APART}")
_ROUTINE = text(ROUTINE)
_ROUTINE_OPEN = text(f"closed_at IS NULL AND {ROUTINE}")
_RUNNING = text(f"stopped_at IS NULL AND {APART}")
_WARNED = text(f"stopped_at IS NULL AND level = 1 AND {APART}")
_PROVISIONAL = text(f"provisional AND stopped_at IS NULL AND {APART}")


class Case(SQLModel, table=True):
    """One case of any process. `state` and `version` change through `domain.cases.fire` alone."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("cases_venue", "venue_id", "process", "state"),
        Index("cases_assigned", "assignee_id", "state", postgresql_where=text("assignee_id IS NOT NULL"),
              sqlite_where=text("assignee_id IS NOT NULL")),
        Index("cases_second_assigned", "second_assignee_id", "state",
              postgresql_where=text("second_assignee_id IS NOT NULL"),
              sqlite_where=text("second_assignee_id IS NOT NULL")),
        Index("cases_below", "parent_id", postgresql_where=text("parent_id IS NOT NULL"),
              sqlite_where=text("parent_id IS NOT NULL")),
        Index("cases_asked", "asked_at", postgresql_where=text("asked_at IS NOT NULL"),
              sqlite_where=text("asked_at IS NOT NULL")),
        # What looks at cases in general reads these, which hold no routine case …
        Index("cases_apart_state", "process", "state", "due_at", postgresql_where=_APART, sqlite_where=_APART),
        Index("cases_apart_area", "area_id", "process", postgresql_where=_APART, sqlite_where=_APART),
        Index("cases_apart_opened", "opened_at", "id", postgresql_where=_APART, sqlite_where=_APART),
        Index("cases_apart_changed", "changed_at", postgresql_where=_APART, sqlite_where=_APART),
        Index("cases_apart_due", "due_at", "id", postgresql_where=_APART_OPEN, sqlite_where=_APART_OPEN),
        Index("cases_apart_venue", "venue_id", postgresql_where=_APART_OPEN, sqlite_where=_APART_OPEN),
        # … and who asks for a routine process by name, these.
        Index("cases_routine_opened", "opened_at", "id", postgresql_where=_ROUTINE, sqlite_where=_ROUTINE),
        Index("cases_routine_changed", "changed_at", postgresql_where=_ROUTINE, sqlite_where=_ROUTINE),
        Index("cases_routine_due", "due_at", "id", postgresql_where=_ROUTINE_OPEN, sqlite_where=_ROUTINE_OPEN),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    number: str = Field(unique=True, max_length=20)
    process: str = Field(max_length=32)
    state: str = Field(max_length=32)
    version: int = Field(default=1)
    """Counts timeline entries; the optimistic lock."""
    chain_head: bytes = Field(sa_column=Column(Binary, nullable=False))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The nearest running deadline."""
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when somebody waits for a second person's consent; None while nobody does."""
    origin_key: str | None = Field(default=None, unique=True, max_length=120)
    """Idempotency of the opening: the same key never opens two cases."""
    parent_id: UUID | None = Field(default=None, foreign_key="cases.id")
    venue_id: UUID | None = Field(default=None, foreign_key="venue.id")
    area_id: UUID | None = Field(default=None, foreign_key="area.id")
    hazard_code: str | None = Field(default=None, max_length=8)
    place: str | None = Field(default=None, max_length=200)
    assignee_id: UUID | None = Field(default=None, foreign_key="person.id")
    second_assignee_id: UUID | None = Field(default=None, foreign_key="person.id")
    channel: str = Field(default="web", max_length=16)
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    clocks: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """name → {started_at, due_at, running, provisional, level}; the rows of `clock` are its index for the sweep."""

    @property
    def assignees(self) -> tuple[UUID, ...]:
        """Return who works on the case: nobody, one, or two inspectors."""
        return tuple(person for person in (self.assignee_id, self.second_assignee_id) if person)


class TimelineEntry(SQLModel, table=True):
    """One thing that happened to a case, chained to the one before by SHA-256."""

    __tablename__ = "timeline_entry"
    __table_args__ = (
        Index("timeline_entry_actor", "actor_id", "case_id", postgresql_where=text("actor_id IS NOT NULL"),
              sqlite_where=text("actor_id IS NOT NULL")),
    )  # fmt: skip

    case_id: UUID = Field(foreign_key="cases.id", primary_key=True)
    seq: int = Field(primary_key=True)
    transition: str = Field(max_length=40)
    source: str | None = Field(default=None, max_length=32)
    target: str = Field(max_length=32)
    actor_id: UUID | None = Field(default=None)
    actor_role: str = Field(max_length=16)
    actor_name: str = Field(default="", max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """The form as fired; sealed fields are references into the vault."""
    decided: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False, server_default="{}"))
    """What followed from it: `limits` given to clocks, `columns` of the case that changed, by name."""
    hash: bytes = Field(sa_column=Column(Binary, nullable=False))


class ClockRow(SQLModel, table=True):
    """One clock of one case; `next_at` is when the sweep has to do something about it."""

    __tablename__ = "clock"
    __table_args__ = (
        Index("clock_due", "process", "next_at", postgresql_where=text("next_at IS NOT NULL"),
              sqlite_where=text("next_at IS NOT NULL")),
        # What looks at deadlines in general reads these, which hold none of a routine case.
        Index("clock_apart_open", "due_at", "case_id", "name", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
        Index("clock_apart_warned", "due_at", "case_id", "name", postgresql_where=_WARNED, sqlite_where=_WARNED),
        Index("clock_apart_provisional", "due_at", "case_id", "name", postgresql_where=_PROVISIONAL,
              sqlite_where=_PROVISIONAL),
    )  # fmt: skip

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    name: str = Field(primary_key=True, max_length=24)
    process: str = Field(max_length=32)
    started_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    provisional: bool = Field(default=False)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    level: int = Field(default=0)
    """0 running, 1 warned, 2 breached, 3 breached and handed up."""
    warned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    breached_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_by: str | None = Field(default=None, max_length=64)


class CaseLink(SQLModel, table=True):
    """Two cases that belong together: merged into, found by, opened from."""

    __tablename__ = "case_link"

    from_id: UUID = Field(primary_key=True, sa_column_args=(ForeignKey("cases.id"),))
    to_id: UUID = Field(primary_key=True, sa_column_args=(ForeignKey("cases.id"),), index=True)
    kind: str = Field(primary_key=True, max_length=24)
    at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NumberSeries(SQLModel, table=True):
    """The last number given out per process and year; gapless, so a missing number is a missing case."""

    __tablename__ = "number_series"

    prefix: str = Field(primary_key=True, max_length=8)
    year: int = Field(primary_key=True)
    last: int = Field(default=0)


class Anchor(SQLModel, table=True):
    """A Merkle root over all chain heads that moved since the anchor before; makes a vanished case visible."""

    __tablename__ = "anchor"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    root: bytes = Field(sa_column=Column(Binary, nullable=False))
    leaves: int = Field(default=0)


class AnchorLeaf(SQLModel, table=True):
    """One chain head as an anchor saw it."""

    __tablename__ = "anchor_leaf"
    __table_args__ = (Index("anchor_leaf_case", "case_id", "seq"),)

    anchor_id: int = Field(primary_key=True, foreign_key="anchor.id")
    case_id: UUID = Field(primary_key=True)
    """No foreign key: the leaf has to outlive a case somebody removes."""
    seq: int
    hash: bytes = Field(sa_column=Column(Binary, nullable=False))
