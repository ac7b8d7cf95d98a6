"""What was done to the register, each subject's entries chained like a case's timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from domain.models.columns import Binary, Json, UtcDateTime


class RegisterHead(SQLModel, table=True):
    """Where the chain of one subject ends; its row is the lock of those who write to it."""

    __tablename__ = "register_head"

    subject_id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=24)
    version: int = Field(default=0)
    chain_head: bytes = Field(sa_column=Column(Binary, nullable=False))
    changed_at: datetime = Field(sa_type=UtcDateTime, index=True)


class RegisterEntry(SQLModel, table=True):
    """One change to one subject of the register, or one look into something sealed."""

    __tablename__ = "register_entry"
    __table_args__ = (Index("register_entry_at", "at"), Index("register_entry_actor", "actor_id", "at"))

    subject_id: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str = Field(max_length=24)
    """venue, person, post, area, organisation, facility, account, delegation, setting, import, export, …"""
    action: str = Field(max_length=40)
    actor_id: UUID | None = Field(default=None)
    actor_role: str = Field(max_length=16)
    actor_name: str = Field(default="", max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """What changed: field → [before, after], and the reason; nothing a vault would keep."""
    hash: bytes = Field(sa_column=Column(Binary, nullable=False))
