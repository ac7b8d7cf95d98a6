"""Notices within the product: what somebody is told without a telephone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class Notice(SQLModel, table=True):
    """One thing one person is told within the product."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_person", "person_id", "id"),
        Index("notice_unread", "person_id", postgresql_where=text("read_at IS NULL"),
              sqlite_where=text("read_at IS NULL")),
        Index("notice_case", "case_id"),
        Index("notice_at", "at"),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True, max_length=160)
    """`outbox key:person`: told once, however often the promise is taken up."""
    person_id: UUID = Field(foreign_key="person.id")
    case_id: UUID | None = Field(default=None, foreign_key="cases.id")
    outbox_id: UUID | None = Field(default=None)
    kind: str = Field(max_length=40)
    """The effect it came from, such as `tell_superior`, or what else happened."""
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """What its words need: codes and moments, no person's words."""
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
