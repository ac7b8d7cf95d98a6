"""Promises and their fulfilment: the outbox, attempts at providers, heartbeats of the parts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class Outbox(SQLModel, table=True):
    """One promised effect of one timeline entry; `key` makes it exist once."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "process", "due_at", postgresql_where=text("state = 'pending'"),
              sqlite_where=text("state = 'pending'")),
        Index("outbox_case", "case_id"),
        Index("outbox_held", "case_id", postgresql_where=text("state = 'held'"), sqlite_where=text("state = 'held'")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True, max_length=120)
    """`case:seq:effect`."""
    case_id: UUID = Field(foreign_key="cases.id")
    seq: int
    process: str = Field(max_length=32)
    effect: str = Field(max_length=40)
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(default="pending", max_length=12)
    """pending, done, held (waits for a person, with the reason in `outcome`), dropped (a person decided)."""
    attempts: int = Field(default=0)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_by: str | None = Field(default=None, max_length=64)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    flow_run_id: UUID | None = Field(default=None)
    task_run_id: UUID | None = Field(default=None)


class Attempt(SQLModel, table=True):
    """One message or call at a provider, written before the request is made."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("attempt_provider", "provider_id"),
        Index("attempt_case", "case_id"),
        Index("attempt_outbox", "outbox_id"),
        Index("attempt_silent", "made_at", postgresql_where=text("state IN ('accepted', 'sent')"),
              sqlite_where=text("state IN ('accepted', 'sent')")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True, max_length=140)
    """`outbox:recipient:channel:number`: two workers cannot both make the same try."""
    outbox_id: UUID = Field(foreign_key="outbox.id")
    case_id: UUID = Field(foreign_key="cases.id")
    number: int = Field(default=1)
    """1 for the first try of this effect to this recipient."""
    channel: str = Field(max_length=8)
    """sms or voice."""
    recipient_id: UUID | None = Field(default=None)
    """A person of the register; None: the reporter, whose number is sealed."""
    to_sealed: UUID | None = Field(default=None)
    to_masked: str = Field(max_length=40)
    language: str = Field(default="zh_CN", max_length=8)
    body: str = Field(default="", max_length=2000)
    """What was said; in a reporter's message the receipt code is dotted out."""
    body_sealed: UUID | None = Field(default=None)
    """A reporter's message word for word, to find it again at the provider."""
    state: str = Field(default="dialling", max_length=16)
    """How far it came; `domain.attempts` moves it, only ever forward."""
    provider: str = Field(default="", max_length=24)
    provider_id: str | None = Field(default=None, max_length=64)
    error: str | None = Field(default=None, max_length=200)
    answered_by: str | None = Field(default=None, max_length=24)
    """A call: human, or which kind of machine."""
    keys: str = Field(default="", max_length=32)
    """A call: what was pressed."""
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """A call: when the person said by a key that they know."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """A message: when the provider, from which no news came, was last asked what became of it."""


class Heartbeat(SQLModel, table=True):
    """The last sign of life of one part of one process, and what it says of itself."""

    __tablename__ = "heartbeat"

    part: str = Field(primary_key=True, max_length=24)
    instance: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))


class TimetableRun(SQLModel, table=True):
    """One job of one day, hour or minute.

    Its row comes in the job's own transaction: of several workers one does it.
    """

    __tablename__ = "timetable_run"

    job: str = Field(primary_key=True, max_length=40)
    slot: str = Field(primary_key=True, max_length=20)
    """The city's day (2026-11-20), hour (2026-11-20T13) or minute (2026-11-20T13:02)."""
    at: datetime = Field(sa_type=UtcDateTime)
    outcome: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
