"""Areas of the city, their boundaries, and the organisations that work on them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class Area(SQLModel, table=True):
    """A piece of the city; `path` is the codes from the root, each with a slash, so a subtree is a prefix."""

    __tablename__ = "area"

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=24)
    name: str = Field(max_length=60)
    name_en: str = Field(default="", max_length=60)
    level: str = Field(max_length=12)
    """province, city, district, street (a town or street) or grid."""
    parent_id: UUID | None = Field(default=None, foreign_key="area.id")
    path: str = Field(index=True, max_length=200)
    ended_on: date | None = None
    """From that day on nothing new is put there; what is there stays readable."""


class AreaBoundary(SQLModel, table=True):
    """The outline of an area for a time, as it was imported."""

    __tablename__ = "area_boundary"
    __table_args__ = (Index("area_boundary_area", "area_id"),)

    id: UUID = Field(primary_key=True)
    area_id: UUID = Field(foreign_key="area.id")
    geometry: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    """GeoJSON Polygon or MultiPolygon (RFC 7946), WGS-84 degrees, longitude first."""
    source: str = Field(default="", max_length=200)
    sha256: str = Field(max_length=64)
    """Of the geometry as written down here: which outline a routing used."""
    from_at: datetime = Field(sa_type=UtcDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AreaLead(SQLModel, table=True):
    """Which of two neighbouring areas leads on what lies on their boundary or in both."""

    __tablename__ = "area_lead"

    area_id: UUID = Field(primary_key=True, foreign_key="area.id")
    """The one with the smaller id, so that a pair stands once."""
    other_id: UUID = Field(primary_key=True, foreign_key="area.id")
    lead_id: UUID = Field(foreign_key="area.id")


class Organisation(SQLModel, table=True):
    """A body people belong to: a brigade, a station, a street desk, a micro station, a department, the operator."""

    __tablename__ = "organisation"
    __table_args__ = (Index("organisation_area", "area_id", "kind"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=24)
    name: str = Field(max_length=80)
    name_en: str = Field(default="", max_length=120)
    kind: str = Field(max_length=24)
    area_id: UUID | None = Field(default=None, foreign_key="area.id")
    parent_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    industry: str | None = Field(default=None, max_length=24)
    """An industry department: whose venues it sees."""
    phone: str | None = Field(default=None, max_length=32)
    address: str = Field(default="", max_length=200)
    lat: float | None = None
    lon: float | None = None
    from_on: date
    ended_on: date | None = None
