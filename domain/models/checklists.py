"""Checklists as versioned templates: an answer stays bound to the version it was asked under."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class ChecklistTemplate(SQLModel, table=True):
    """A checklist by name; what is asked stands in its versions. Never deleted: it ends on a date."""

    __tablename__ = "checklist_template"
    __table_args__ = (Index("checklist_template_venue", "venue_id"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=60)
    """`catalogue:hotel:daily`, `catalogue:hotel:daily:440500` of a region, or `own:…` of one that somebody wrote."""
    zh: str = Field(max_length=80)
    en: str = Field(default="", max_length=120)
    venue_id: UUID | None = Field(default=None, foreign_key="venue.id")
    """Whose own it is; None: the city's, for every venue it fits."""
    area_id: UUID | None = Field(default=None, foreign_key="area.id")
    """The city's, and only for venues of this area."""
    venue_type: str = Field(default="", max_length=24)
    """Key of `catalogue.checklists()` it is for; "": any."""
    frequency: str = Field(max_length=24)
    """Key of `catalogue.frequencies()`."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID | None = Field(default=None)
    ended_on: date | None = None


class ChecklistVersion(SQLModel, table=True):
    """What a template asks from one day on. A row never changes once its day has come."""

    __tablename__ = "checklist_version"
    __table_args__ = (
        Index("checklist_version_number", "template_id", "number", unique=True),
        Index("checklist_version_from", "template_id", "from_on"),
    )

    id: UUID = Field(primary_key=True)
    template_id: UUID = Field(foreign_key="checklist_template.id")
    number: int
    from_on: date
    """The first day whose tasks ask it."""
    items: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    """The items whole, with wording, article and rules, in the order asked (`domain.patrols.items`)."""
    is_signed: bool = Field(default=False)
    """Whoever carries it out signs at the end."""
    sha256: str = Field(max_length=64)
    """Of the items as canonical JSON: what an answer was asked under cannot be changed unseen."""
    note: str = Field(default="", max_length=300)
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID | None = Field(default=None)
