"""Patrols: what is planned where, for whom and when, the tasks that came of it, and what was done on the phone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime

_OPEN = text("outcome = ''")
_OPEN_ROUNDS = text("outcome = '' AND kind = 'rounds'")
_MISSED = text("outcome = 'missed'")
_NAMED = text("person_id IS NOT NULL")
_STANDS = text("stands")
_WARDENS = text("role = 'warden'")
_WARDENS_OPEN = text("role = 'warden' AND outcome = ''")
"""One task in a hundred, and theirs are looked for by area."""
_FAILED = text("stands AND outcome = 'fail'")
"""One answer in fifty: which items fail most is counted by these alone."""


class PatrolRoster(SQLModel, table=True):
    """Who is on duty when at a venue: turns that repeat."""

    __tablename__ = "patrol_roster"
    __table_args__ = (Index("patrol_roster_venue", "venue_id"),)

    id: UUID = Field(primary_key=True)
    venue_id: UUID = Field(foreign_key="venue.id")
    name: str = Field(max_length=60)
    starts_on: date
    """The first day of the first cycle."""
    cycle_days: int
    turns: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    """`{"day": 0, "from": "08:00", "until": "16:00", "person": id}` each; `until` at or before `from`: the next day."""
    ended_on: date | None = None


class PatrolPlan(SQLModel, table=True):
    """A checklist to be carried out at a venue, again and again. A change ends the row and begins another.

    Rows of one `series_id` follow each other in time; what was planned under one stays with it.
    """

    __tablename__ = "patrol_plan"
    __table_args__ = (Index("patrol_plan_venue", "venue_id"), Index("patrol_plan_series", "series_id", "from_on"))

    id: UUID = Field(primary_key=True)
    series_id: UUID
    venue_id: UUID = Field(foreign_key="venue.id")
    template_id: UUID = Field(foreign_key="checklist_template.id")
    title: str = Field(default="", max_length=80)
    kind: str = Field(default="visits", max_length=12)
    """visits: each time once; rounds: again and again while open, judged by the longest gap."""
    rule: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """When (`domain.patrols.schedule`)."""
    rule_key: str = Field(max_length=64)
    """Digest of the rule: plans alike are looked at once a day, however many there are."""
    who: str = Field(default="post", max_length=8)
    """person, post or roster."""
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    role: str | None = Field(default=None, max_length=16)
    """Of a post: officer, manager or owner at the venue, or its area's warden."""
    roster_id: UUID | None = Field(default=None, foreign_key="patrol_roster.id")
    is_late_allowed: bool = Field(default=True)
    """Whether a missed task may still be carried out; it stays late."""
    grace_minutes: int = Field(default=0)
    """From due to missed."""
    from_on: date
    until_on: date | None = None
    """The first day it holds no more."""
    campaign_id: UUID | None = Field(default=None)
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID | None = Field(default=None)
    reason: str = Field(default="", max_length=300)


class PatrolPlanPoint(SQLModel, table=True):
    """A place of a plan, in the order it is walked: a key part or a facility, by its code."""

    __tablename__ = "patrol_plan_point"

    plan_id: UUID = Field(primary_key=True, sa_column_args=(ForeignKey("patrol_plan.id"),))
    seq: int = Field(primary_key=True)
    """From 1."""
    facility_id: UUID | None = Field(default=None, foreign_key="facility.id")
    key_part_id: UUID | None = Field(default=None, foreign_key="key_part.id")


class PatrolTask(SQLModel, table=True):
    """A case of the process `patrol_task` as lists and counts look at it; the case holds its state."""

    __tablename__ = "patrol_task"
    __table_args__ = (
        Index("patrol_task_slot", "series_id", "slot", unique=True),
        Index("patrol_task_venue", "venue_id", "due_at"),
        Index("patrol_task_open", "venue_id", "due_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("patrol_task_person", "person_id", "due_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("patrol_task_holder", "person_id", "due_at", postgresql_where=_NAMED, sqlite_where=_NAMED),
        Index("patrol_task_day", "day", "area_id"),
        Index("patrol_task_warden", "area_id", "due_at", postgresql_where=_WARDENS, sqlite_where=_WARDENS),
        Index("patrol_task_warden_open", "area_id", "due_at", postgresql_where=_WARDENS_OPEN,
              sqlite_where=_WARDENS_OPEN),
        Index("patrol_task_rounds", "miss_at", postgresql_where=_OPEN_ROUNDS, sqlite_where=_OPEN_ROUNDS),
        Index("patrol_task_remind", "remind_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("patrol_task_missed", "miss_at", postgresql_where=_MISSED, sqlite_where=_MISSED),
        Index("patrol_task_campaign", "campaign_id", postgresql_where=text("campaign_id IS NOT NULL"),
              sqlite_where=text("campaign_id IS NOT NULL")),
    )  # fmt: skip

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    plan_id: UUID = Field(foreign_key="patrol_plan.id")
    series_id: UUID
    slot: str = Field(max_length=24)
    """What of the series it is: a day, or a local time of a day; planned twice, it is planned once."""
    version_id: UUID = Field(foreign_key="checklist_version.id")
    venue_id: UUID = Field(foreign_key="venue.id")
    area_id: UUID = Field(foreign_key="area.id")
    day: date
    """The city's day it counts for."""
    kind: str = Field(default="visits", max_length=12)
    frequency: str = Field(max_length=24)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    miss_at: datetime = Field(sa_type=UtcDateTime)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When whoever has it is reminded, if it is not done by then."""
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    """Whose it is; None: of everybody who holds `role` there."""
    role: str | None = Field(default=None, max_length=16)
    campaign_id: UUID | None = Field(default=None)
    outcome: str = Field(default="", max_length=12)
    """"" while open, then done, late, missed, excused, cancelled: follows the case's state."""
    done_by: UUID | None = Field(default=None)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the work itself ended, as far as the phone proves it; not when it arrived here."""
    points: int = Field(default=0)
    points_done: int = Field(default=0)
    failed: int = Field(default=0)
    """Answers that stand and are not fine."""
    doubts: int = Field(default=0)
    """Marks of doubt nobody has decided on yet."""
    conflicts: int = Field(default=0)
    """Answers of two phones that differ, until a person has decided."""


class PatrolBatch(SQLModel, table=True):
    """One delivery of a phone for one task. Delivered again, it changes nothing and gets the same answer."""

    __tablename__ = "patrol_batch"
    __table_args__ = (Index("patrol_batch_case", "case_id"), Index("patrol_batch_person", "person_id", "received_at"))

    id: UUID = Field(primary_key=True)
    """Given by the phone."""
    case_id: UUID = Field(foreign_key="cases.id")
    person_id: UUID
    device_id: UUID
    sent_at: datetime = Field(sa_type=UtcDateTime)
    """By the phone's clock."""
    received_at: datetime = Field(sa_type=UtcDateTime)
    skew_seconds: float = Field(default=0.0)
    """How far the phone's clock was ahead of ours."""
    sha256: str = Field(max_length=64)
    """Of the rows it brought (`domain.patrols.sealing`), as the timeline has it too."""
    doubts: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    """About the delivery as a whole, such as a clock that was moved: one mark and not four hundred."""
    outcome: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))


class PatrolCheckIn(SQLModel, table=True):
    """Somebody was at a point, and what speaks for it."""

    __tablename__ = "patrol_check_in"
    __table_args__ = (Index("patrol_check_in_case", "case_id"),)

    id: UUID = Field(primary_key=True)
    """Given by the phone."""
    case_id: UUID = Field(foreign_key="cases.id")
    batch_id: UUID = Field(foreign_key="patrol_batch.id")
    seq: int = Field(default=0)
    """Counts up on the device through everything it records, whatever its clock says."""
    round: int = Field(default=1)
    point: int = Field(default=0)
    """Its `seq` in the plan; 0: the venue's door."""
    code: str = Field(default="", max_length=24)
    how: str = Field(max_length=8)
    """camera, typed or none (with a reason)."""
    reason: str = Field(default="", max_length=300)
    at: datetime = Field(sa_type=UtcDateTime)
    """By our clock, as far as the phone's can be corrected."""
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    """By the phone's clock."""
    lat: float | None = None
    lon: float | None = None
    """WGS-84 degrees."""
    accuracy_m: float | None = None
    person_id: UUID
    device_id: UUID
    doubts: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    """`{"kind": …, …figures}` each (`domain.patrols.presence`)."""


class PatrolAnswer(SQLModel, table=True):
    """What somebody found about one item at one point. Never changed but for `stands`; another may stand instead."""

    __tablename__ = "patrol_answer"
    __table_args__ = (
        Index("patrol_answer_case", "case_id"),
        Index("patrol_answer_failed", "case_id", "item", postgresql_where=_FAILED, sqlite_where=_FAILED),
        Index("patrol_answer_point", "point_id", "item", "at", postgresql_where=_STANDS, sqlite_where=_STANDS),
        Index("patrol_answer_venue", "venue_id", "item", "at", postgresql_where=_STANDS, sqlite_where=_STANDS),
    )

    id: UUID = Field(primary_key=True)
    """Given by the phone."""
    case_id: UUID = Field(foreign_key="cases.id")
    batch_id: UUID = Field(foreign_key="patrol_batch.id")
    venue_id: UUID = Field(foreign_key="venue.id")
    seq: int = Field(default=0)
    round: int = Field(default=1)
    point: int = Field(default=0)
    point_id: UUID | None = Field(default=None)
    """The facility or key part, for the previous answer; None: about the venue."""
    item: str = Field(max_length=24)
    version_id: UUID = Field(foreign_key="checklist_version.id")
    """Under which wording it was asked."""
    outcome: str = Field(max_length=8)
    """pass, fail, na, or noted (text, photo, date: neither fine nor not)."""
    value: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    comment: str = Field(default="", max_length=500)
    photos: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    """Ids of photos; of one that did not arrive the phone's id all the same."""
    at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    person_id: UUID
    device_id: UUID
    stands: bool = Field(default=True)
    """False: somebody corrected it, or a person decided for the other of two."""
    against: UUID | None = Field(default=None)
    """The answer of another phone that differs, until a person has decided."""
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a person decided against it; what the same phone says later is looked at anew."""
    doubts: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    rectification_id: UUID | None = Field(default=None, foreign_key="cases.id")


class PatrolCampaign(SQLModel, table=True):
    """A special campaign: tasks the brigade publishes to wardens, at venues picked by criteria."""

    __tablename__ = "patrol_campaign"

    id: UUID = Field(primary_key=True)
    title: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    template_id: UUID = Field(foreign_key="checklist_template.id")
    area_id: UUID | None = Field(default=None, foreign_key="area.id")
    criteria: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    """What the venues were picked by; which they were stands in the tasks."""
    from_on: date
    due_on: date
    """The last day."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: UUID
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_reason: str = Field(default="", max_length=300)
