"""Throttles, sealed items, photos, repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Binary, Json, UtcDateTime

_HELD = text("held_for IS NOT NULL AND case_id IS NULL")


class Throttle(SQLModel, table=True):
    """Failures of one key (an account, an address) and until when it must wait."""

    __tablename__ = "throttle"

    key: str = Field(primary_key=True, max_length=120)
    failures: int = Field(default=0)
    since: datetime = Field(sa_type=UtcDateTime)
    blocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VaultItem(SQLModel, table=True):
    """Something that could identify a reporter, encrypted; the only place it is kept."""

    __tablename__ = "vault_item"
    __table_args__ = (Index("vault_case", "case_id"), Index("vault_blind", "blind_index"))

    id: UUID = Field(primary_key=True)
    case_id: UUID | None = Field(default=None)
    kind: str = Field(max_length=24)
    box: bytes = Field(sa_column=Column(Binary, nullable=False))
    blind_index: bytes | None = Field(default=None, sa_column=Column(Binary))
    made_at: datetime = Field(sa_type=UtcDateTime)


class Receipt(SQLModel, table=True):
    """Which case a reporter's receipt code opens; the code itself is kept only as an HMAC."""

    __tablename__ = "receipt"

    digest: bytes = Field(sa_column=Column(Binary(32), primary_key=True))
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    sealed_id: UUID
    """The code itself, sealed, so that a message can carry its link."""


class Photo(SQLModel, table=True):
    """A picture, re-encoded and without metadata; its position, if it had one, is sealed."""

    __tablename__ = "photo"
    __table_args__ = (
        Index("photo_case", "case_id"),
        Index("photo_original", "original_sha256"),
        Index("photo_held", "held_for", postgresql_where=_HELD, sqlite_where=_HELD),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID | None = Field(default=None, foreign_key="cases.id")
    """None while the form it belongs to is not yet submitted."""
    storage_key: str = Field(max_length=80)
    original_sha256: str = Field(max_length=64)
    width: int
    height: int
    size: int
    """Bytes as stored."""
    source: str = Field(default="staff", max_length=12)
    """reporter or staff: a reporter's photo is not shown to the venue."""
    position_sealed: UUID | None = Field(default=None)
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    held_for: UUID | None = Field(default=None)
    """The patrol it was uploaded for: the record that names it may come days later, with the next network."""


class RepeatedRequest(SQLModel, table=True):
    """The answer to a request that carried an `Idempotency-Key`, given again when it comes again."""

    __tablename__ = "repeated_request"

    key: str = Field(primary_key=True, max_length=160)
    fingerprint: str = Field(max_length=64)
    status: int
    answer: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """Sealed when it holds a receipt."""
    made_at: datetime = Field(sa_type=UtcDateTime)
