"""Promises without a case: an import, a batch of code sheets, a code for signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime

_WAITING = text("state IN ('pending', 'running')")


class Errand(SQLModel, table=True):
    """One piece of work somebody, or the timetable, asked for; `key` makes it exist once."""

    __tablename__ = "errand"
    __table_args__ = (
        Index("errand_due", "kind", "due_at", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("errand_maker", "made_by", "made_at"),
        Index("errand_settled", "settled_at"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=40)
    """One of `domain.errand_kinds`."""
    key: str = Field(unique=True, max_length=160)
    made_by: UUID | None = Field(default=None)
    """A person of the register, who may follow it; None: the system."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """What the work needs; nothing personal in clear, references into the vault instead."""
    needs: str = Field(default="", max_length=32)
    """The `Right` that whoever fetches its file must still have."""
    state: str = Field(default="pending", max_length=12)
    """pending, running, done, failed (it cannot be done, `outcome` says why), held (tried in vain), cancelled."""
    attempts: int = Field(default=0)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_by: str | None = Field(default=None, max_length=64)
    done: int = Field(default=0)
    total: int = Field(default=0)
    """How much of how much; 0: not known yet."""
    outcome: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    input_key: str | None = Field(default=None, max_length=80)
    """A file it was given, in the folder of the errands' files."""
    file_name: str = Field(default="", max_length=160)
    """What the file it made is called when it is fetched."""
    storage_key: str | None = Field(default=None, max_length=80)
    """That file, in the same folder; None: it made none, or its time is over."""
    media_type: str = Field(default="", max_length=100)
    flow_run_id: UUID | None = Field(default=None)
    task_run_id: UUID | None = Field(default=None)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
