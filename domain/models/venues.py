"""Venues and what they are made of. Nothing is deleted: it ends on a date."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class Venue(SQLModel, table=True):
    """A place with a code at its door. Never deleted: it closes on a date."""

    __tablename__ = "venue"
    __table_args__ = (
        Index("venue_area", "area_id"),
        Index("venue_name", "name", "id"),
        Index("venue_credit_code", "credit_code", unique=True,
              postgresql_where=text("closed_on IS NULL AND credit_code IS NOT NULL"),
              sqlite_where=text("closed_on IS NULL AND credit_code IS NOT NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=8)
    """The code in force; earlier ones stand in `venue_code`."""
    name: str = Field(max_length=80)
    name_en: str = Field(default="", max_length=120)
    class_code: str = Field(max_length=4)
    address: str = Field(max_length=200)
    area_id: UUID = Field(foreign_key="area.id")
    lat: float | None = None
    lon: float | None = None
    """WGS-84 degrees."""
    way_out: str = Field(default="", max_length=300)
    owner_id: UUID | None = Field(default=None, foreign_key="person.id")
    opened_on: date
    closed_on: date | None = None
    credit_code: str | None = Field(default=None, max_length=18)
    """统一社会信用代码 (GB 32100-2015); of the venues that are open, one has it."""
    industry: str | None = Field(default=None, max_length=24)
    phone: str | None = Field(default=None, max_length=32)
    hours: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False, server_default="[]"))
    """Opening hours: `{"days": [1..7], "from": "09:00", "until": "22:00"}` each, Monday is 1; `until` may be past
    midnight. Empty: not known."""
    sizes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False, server_default="{}"))
    """What thresholds ask for: area_m2, storeys, height_m, rooms, beds, seats, people, stalls."""
    suspended_on: date | None = None
    suspended_reason: str = Field(default="", max_length=300, sa_column_kwargs={"server_default": ""})
    key_unit_since: date | None = None
    """消防安全重点单位 since that day, as decided by a person; the catalogue only suggests."""
    key_unit_basis: str = Field(default="", max_length=300, sa_column_kwargs={"server_default": ""})

    def is_open(self, day: date) -> bool:
        """Return whether the venue exists on `day`."""
        return self.opened_on <= day and (self.closed_on is None or day < self.closed_on)


class VenueCode(SQLModel, table=True):
    """A code a venue had: whoever scans it is told that it was replaced. The one in force stands at the venue."""

    __tablename__ = "venue_code"
    __table_args__ = (Index("venue_code_venue", "venue_id"),)

    code: str = Field(primary_key=True, max_length=8)
    venue_id: UUID = Field(foreign_key="venue.id")
    ended_at: datetime = Field(sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=200)


class Building(SQLModel, table=True):
    """A building of a venue."""

    __tablename__ = "building"
    __table_args__ = (Index("building_venue", "venue_id"),)

    id: UUID = Field(primary_key=True)
    venue_id: UUID = Field(foreign_key="venue.id")
    name: str = Field(max_length=80)
    storeys_above: int | None = None
    storeys_below: int | None = None
    height_m: float | None = None
    area_m2: float | None = None
    fire_resistance: str = Field(default="", max_length=8)
    """耐火等级 一 to 四 (GB 50016)."""
    use: str = Field(default="", max_length=60)
    built_on: date | None = None
    lat: float | None = None
    lon: float | None = None
    from_on: date
    ended_on: date | None = None


class Floor(SQLModel, table=True):
    """A floor of a building."""

    __tablename__ = "floor"
    __table_args__ = (Index("floor_building", "building_id"),)

    id: UUID = Field(primary_key=True)
    building_id: UUID = Field(foreign_key="building.id")
    number: int
    """1 is the ground floor, -1 the first below it; there is no 0."""
    name: str = Field(default="", max_length=60)
    use: str = Field(default="", max_length=60)
    from_on: date
    ended_on: date | None = None


class KeyPart(SQLModel, table=True):
    """消防安全重点部位: a part of a venue that needs more care, with a code of its own."""

    __tablename__ = "key_part"
    __table_args__ = (Index("key_part_venue", "venue_id"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=10)
    venue_id: UUID = Field(foreign_key="venue.id")
    building_id: UUID | None = Field(default=None, foreign_key="building.id")
    floor_id: UUID | None = Field(default=None, foreign_key="floor.id")
    kind: str = Field(max_length=24)
    name: str = Field(max_length=80)
    location: str = Field(default="", max_length=120)
    responsible_id: UUID | None = Field(default=None, foreign_key="person.id")
    from_on: date
    ended_on: date | None = None


class Facility(SQLModel, table=True):
    """A hydrant, an extinguisher, a door: one thing with a code on its label and a person who answers for it."""

    __tablename__ = "facility"
    __table_args__ = (
        Index("facility_venue", "venue_id", "kind", "number"),
        Index("facility_responsible", "responsible_id"),
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=10)
    venue_id: UUID = Field(foreign_key="venue.id")
    building_id: UUID | None = Field(default=None, foreign_key="building.id")
    floor_id: UUID | None = Field(default=None, foreign_key="floor.id")
    key_part_id: UUID | None = Field(default=None, foreign_key="key_part.id")
    kind: str = Field(max_length=24)
    number: str = Field(default="", max_length=24)
    """What the venue calls it, such as 3F-07."""
    location: str = Field(default="", max_length=120)
    model: str = Field(default="", max_length=60)
    maker: str = Field(default="", max_length=80)
    made_on: date | None = None
    installed_on: date | None = None
    expires_on: date | None = None
    """When it has to be replaced or serviced at the latest."""
    responsible_id: UUID | None = Field(default=None, foreign_key="person.id")
    from_on: date
    ended_on: date | None = None
    ended_reason: str = Field(default="", max_length=200)


class Document(SQLModel, table=True):
    """A file of a venue or of an application: a licence, a plan, a contract."""

    __tablename__ = "document"
    __table_args__ = (Index("document_venue", "venue_id"), Index("document_case", "case_id"))

    id: UUID = Field(primary_key=True)
    venue_id: UUID | None = Field(default=None, foreign_key="venue.id")
    case_id: UUID | None = Field(default=None, foreign_key="cases.id")
    """The application it came with; neither: its form was not sent yet."""
    kind: str = Field(max_length=24)
    name: str = Field(max_length=120)
    media_type: str = Field(max_length=60)
    storage_key: str = Field(max_length=80)
    sha256: str = Field(max_length=64)
    size: int
    """Bytes."""
    expires_on: date | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID | None = Field(default=None)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
