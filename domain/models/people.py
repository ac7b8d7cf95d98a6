"""People, the posts they hold, who covers for them, and how they sign in."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from domain.models.columns import UtcDateTime


class Person(SQLModel, table=True):
    """Somebody who works for or answers for fire safety, by real name."""

    __tablename__ = "person"
    __table_args__ = (Index("person_name", "name", "id"), Index("person_phone", "phone"))

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=60)
    phone: str | None = Field(default=None, max_length=32)
    """E.164, or a hotline."""
    language: str = Field(default="zh_CN", max_length=8)


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
    """The last day of the post."""
    organisation_id: UUID | None = Field(default=None)
    industry: str | None = Field(default=None, max_length=24)
    """Narrows the post to venues of one industry."""


class Delegation(SQLModel, table=True):
    """Somebody covers for a colleague for some days: they hold the colleague's posts as well."""

    __tablename__ = "delegation"
    __table_args__ = (Index("delegation_to", "to_person_id"), Index("delegation_from", "from_person_id"))

    id: UUID = Field(primary_key=True)
    from_person_id: UUID = Field(foreign_key="person.id")
    to_person_id: UUID = Field(foreign_key="person.id")
    post_id: UUID | None = Field(default=None, foreign_key="post.id")
    """One post; None: every post that may be covered."""
    from_on: date
    until_on: date
    """The last day."""
    reason: str = Field(default="", max_length=300)
    made_by: UUID | None = Field(default=None)
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Account(SQLModel, table=True):
    """How a person signs in."""

    __tablename__ = "account"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    username: str = Field(unique=True, max_length=40)
    password_hash: str = Field(max_length=200)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    initial_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The password was given by an administrator: good for one sign-in until then, and to be changed at once."""
    password_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its person last chose it."""
