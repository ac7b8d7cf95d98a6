"""What reports count, one narrow row per case and per stage; made from the timelines alone, by `domain.measures`.

Each row stands at one entry of its case's timeline. When a later entry changes what it says, the row as it was goes to
the table of the past with the moment it ended, so that a report "as of" any moment finds what was true then.
The cases opened on one day are kept packed once more (`MeasuredDay`), which is what a report reads a million of.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Binary, UtcDateTime


class CaseMeasured(SQLModel):
    """What is counted of a case."""

    process: str = Field(max_length=32)
    area_id: UUID | None = None
    organisation_id: UUID | None = None
    """Of the post its first assignee holds it by, as the register read when it was given to them."""
    assignee_id: UUID | None = None
    venue_id: UUID | None = None
    industry: str | None = Field(default=None, max_length=24)
    """Of the venue, as the register read when the case came to be about it."""
    hazard_code: str | None = Field(default=None, max_length=8)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_on: date
    """The city's day."""
    state: str = Field(max_length=32)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: str | None = Field(default=None, max_length=16)
    """How it came out as far as is known: fixed, fixing, unproven; None while nothing is."""
    disputed: bool = False
    """Its reporter objected, and has not been satisfied since."""
    reopened: int = 0
    rating: int | None = None
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The nearest deadline that runs (timers are none)."""
    from_at: datetime = Field(sa_type=UtcDateTime)
    """Since when the row says this: the moment of the entry `seq`."""


class CaseMeasure(CaseMeasured, table=True):
    """A case as its newest measured entry left it."""

    __tablename__ = "case_measure"
    __table_args__ = (
        Index("case_measure_opened", "process", "opened_at"),
        Index("case_measure_due", "due_at", postgresql_where=text("due_at IS NOT NULL"),
              sqlite_where=text("due_at IS NOT NULL")),
        Index("case_measure_open", "process", "area_id", "due_at", postgresql_where=text("ended_at IS NULL"),
              sqlite_where=text("ended_at IS NULL")),
        Index("case_measure_ended", "ended_at", "process", "area_id", postgresql_where=text("ended_at IS NOT NULL"),
              sqlite_where=text("ended_at IS NOT NULL")),
        Index("case_measure_from", "from_at"),
    )  # fmt: skip

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    seq: int
    measured_seq: int
    """Up to which entry its timeline is measured; those after `seq` changed nothing that is counted."""


class CaseMeasurePast(CaseMeasured, table=True):
    """A case as an earlier entry left it, until `until_at`."""

    __tablename__ = "case_measure_past"
    __table_args__ = (
        Index("case_measure_past_opened", "process", "opened_at"),
        Index("case_measure_past_until", "until_at"),
    )

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    seq: int = Field(primary_key=True)
    until_at: datetime = Field(sa_type=UtcDateTime)


class StageMeasured(SQLModel):
    """What is counted of one run of one clock of a case; whose it is stands with the case."""

    process: str = Field(max_length=32)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    """Of the case."""
    kind: str = Field(max_length=12)
    """statutory or target; timers are not measured."""
    rule: str = Field(default="", max_length=16)
    started_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    provisional: bool = False
    paused: bool = False
    """It stands still and cannot be overdue."""
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fulfilled: bool | None = None
    minutes: int | None = None
    """Whole minutes from start to stop."""
    from_at: datetime = Field(sa_type=UtcDateTime)


class StageMeasure(StageMeasured, table=True):
    """A run of a clock as the newest measured entry left it."""

    __tablename__ = "stage_measure"
    __table_args__ = (
        Index("stage_measure_opened", "process", "opened_at"),
        Index("stage_measure_not_met", "due_at", "opened_at",
              postgresql_where=text("stopped_at IS NULL OR stopped_at >= due_at"),
              sqlite_where=text("stopped_at IS NULL OR stopped_at >= due_at")),
    )  # fmt: skip

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    stage: str = Field(primary_key=True, max_length=24)
    """The name of the clock."""
    run: int = Field(primary_key=True)
    seq: int


class StageMeasurePast(StageMeasured, table=True):
    """A run of a clock as an earlier entry left it, until `until_at`."""

    __tablename__ = "stage_measure_past"
    __table_args__ = (
        Index("stage_measure_past_opened", "process", "opened_at"),
        Index("stage_measure_past_until", "until_at"),
        # With `until_at`: as of a moment of the past, hardly any of the runs that fell due in a month still stood so.
        Index("stage_measure_past_not_met", "due_at", "until_at",
              postgresql_where=text("stopped_at IS NULL OR stopped_at >= due_at"),
              sqlite_where=text("stopped_at IS NULL OR stopped_at >= due_at")),
    )  # fmt: skip

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    stage: str = Field(primary_key=True, max_length=24)
    run: int = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    until_at: datetime = Field(sa_type=UtcDateTime)


class MeasuredDay(SQLModel, table=True):
    """The present rows of the cases of one process opened on one day, packed; `domain.measured_days` says how."""

    __tablename__ = "measured_day"

    process: str = Field(primary_key=True, max_length=32)
    opened_on: date = Field(primary_key=True)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    """The newest `from_at` in it: as of that moment and any later one it is what was true."""
    cases: bytes = Field(sa_column=Column(Binary, nullable=False))
    runs: bytes = Field(sa_column=Column(Binary, nullable=False))
    ids: bytes = Field(sa_column=Column(Binary, nullable=False))
    """Of the cases, 16 bytes each, in the order of `cases`."""


class MeasuredName(SQLModel, table=True):
    """A number for an id, a code or a name, as packed rows carry it; never given again, never taken back."""

    __tablename__ = "measured_name"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=12)
    """area, organisation, person, venue, industry, hazard, state or stage."""
    value: str = Field(max_length=40)


class MeasuredUntil(SQLModel, table=True):
    """How far the timelines have been measured; one row, held by whoever measures."""

    __tablename__ = "measured_until"

    id: int = Field(default=1, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    """Every step of before is measured."""
    looked_to: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """While every case is looked at, whenever it moved: those opened before that moment are done."""
    looking_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
