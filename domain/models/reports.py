"""SLA reports as they were made, and who gets them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class ReportEdition(SQLModel, table=True):
    """One report as it was made: what was asked, as of when, by which version, and the numbers; never changed."""

    __tablename__ = "report_edition"
    __table_args__ = (Index("report_edition_kind", "kind", "from_on"), Index("report_edition_made", "made_at", "id"))

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True, max_length=160)
    """`kind:from:scope:locale` of a scheduled one: made once, whichever worker comes first."""
    kind: str = Field(max_length=12)
    """daily, weekly, monthly or asked."""
    from_on: date
    until_on: date
    """The last day."""
    as_of: datetime = Field(sa_type=UtcDateTime)
    locale: str = Field(max_length=8)
    reach: str = Field(sa_column=Column(Text, nullable=False))
    """Over which cases it counts (`domain.reporting.reach`): for whom it is."""
    asked: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    """The filters, the address and the names of areas, organisations and hazards as they read then."""
    numbers: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    version: str = Field(max_length=40)
    """The product's and its code's, that made it (`documents.made_by`)."""
    files: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """Format → {sha256, bytes}; a file lies under its sum (`domain.reporting.files`)."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID | None = Field(default=None)


class ReportSubscription(SQLModel, table=True):
    """Somebody who gets a scheduled report; it ends, it is not deleted."""

    __tablename__ = "report_subscription"
    __table_args__ = (Index("report_subscription_person", "person_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    kind: str = Field(max_length=12)
    """daily, weekly or monthly."""
    area_id: UUID | None = Field(default=None, foreign_key="area.id")
    """Narrows it; what the person may see narrows it in any case, each time it is made."""
    process: str | None = Field(default=None, max_length=32)
    until_on: date | None = Field(default=None)
    """The last day on which it is sent; None: until it is ended."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID | None = Field(default=None)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
