"""Areas, venues, people and the posts they hold."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from domain.models.columns import UtcDateTime


class Area(SQLModel, table=True):
    """A piece of the city; `path` is the codes from the root, so a subtree is a prefix."""

    __tablename__ = "area"

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=24)
    name: str = Field(max_length=60)
    name_en: str = Field(default="", max_length=60)
    level: str = Field(max_length=12)
    parent_id: UUID | None = Field(default=None, foreign_key="area.id")
    path: str = Field(index=True, max_length=200)


class Person(SQLModel, table=True):
    """Somebody who works for or answers for fire safety, by real name."""

    __tablename__ = "person"

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=60)
    phone: str | None = Field(default=None, max_length=32)
    """E.164, or a hotline."""
    language: str = Field(default="zh_CN", max_length=8)


class Venue(SQLModel, table=True):
    """A place with a code at its door. Never deleted: it closes on a date."""

    __tablename__ = "venue"
    __table_args__ = (Index("venue_area", "area_id"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=8)
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

    def is_open(self, day: date) -> bool:
        """Return whether the venue exists on `day`."""
        return self.opened_on <= day and (self.closed_on is None or day < self.closed_on)


class Post(SQLModel, table=True):
    """A role a person holds over an area or a venue, for a time. Roles come from posts, never from accounts."""

    __tablename__ = "post"
    __table_args__ = (Index("post_person", "person_id"), Index("post_area", "area_id", "role"),
                      Index("post_venue", "venue_id", "role"))  # fmt: skip

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    role: str = Field(max_length=16)
    area_id: UUID | None = Field(default=None, foreign_key="area.id")
    venue_id: UUID | None = Field(default=None, foreign_key="venue.id")
    from_on: date
    until_on: date | None = None


class Account(SQLModel, table=True):
    """How a person signs in."""

    __tablename__ = "account"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    username: str = Field(unique=True, max_length=40)
    password_hash: str = Field(max_length=200)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
