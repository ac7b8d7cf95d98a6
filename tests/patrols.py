"""Patrols for tests: a checklist, points, a plan and a task at the world's first venue, and a phone that delivers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlmodel import Session

import domain.patrols.task_rows  # noqa: F401 - keeps the task's row in step with its case
from domain import cases, people, sweep
from domain.actors import SYSTEM
from domain.database import Database
from domain.identifiers import new_facility_code, new_id
from domain.models import (
    Case,
    ChecklistTemplate,
    ChecklistVersion,
    Facility,
    PatrolAnswer,
    PatrolBatch,
    PatrolCheckIn,
    PatrolPlan,
    PatrolPlanPoint,
    PatrolTask,
    Photo,
    Venue,
)
from domain.patrols import schedule, syncing
from domain.patrols.delivery import Delivery
from domain.patrols.items import Canned, Item, digest
from tests.world import World

LATITUDE, LONGITUDE = 31.23, 121.47
ITEMS = (
    Item("P01", "用火、用电、用气无违章", "No violation in use of fire, electricity, gas", per="venue", hazard="ELE-02",
         evidence="none", basis=("R61 25",)),
    Item("P06", "消防设施、器材在位完好", "Equipment in place and intact", per="point", hazard="FAC-07",
         evidence="photo_on_fail", canned=(Canned("器材缺失", "Missing"),), basis=("R61 25",)),
)  # fmt: skip
CRITICAL = Item("P02", "安全出口、疏散通道畅通", "Exits and escape routes clear", hazard="EVA-01", is_critical=True,
                on_spot=True, evidence="photo_on_fail", basis=("R61 25",))  # fmt: skip


@dataclass
class Round:
    """One task and what it is about."""

    task_id: UUID
    number: str
    venue_id: UUID
    version_id: UUID
    template_id: UUID
    plan_id: UUID
    codes: dict[int, str]
    """Point → code; 0 is the venue's door."""


def make_template(
    session: Session, items: Iterable[Item] = ITEMS, *, at: datetime, is_signed: bool = False, frequency: str = "daily"
) -> tuple[ChecklistTemplate, ChecklistVersion]:
    """Enter a checklist of its own with one version."""
    template = ChecklistTemplate(id=new_id(), code=f"own:{uuid4().hex[:12]}", zh="每日防火巡查", en="Daily patrol",
                                 frequency=frequency, made_at=at)  # fmt: skip
    session.add(template)
    session.flush()
    return template, add_version(session, template.id, items, number=1, at=at, is_signed=is_signed)


def add_version(
    session: Session, template_id: UUID, items: Iterable[Item], *, number: int, at: datetime, is_signed: bool = False
) -> ChecklistVersion:
    """Enter a version that counts from that day on."""
    asked = list(items)
    version = ChecklistVersion(
        id=new_id(), template_id=template_id, number=number, from_on=people.local_day(at),
        items=[item.to_json() for item in asked], sha256=digest(asked), made_at=at, is_signed=is_signed,
    )  # fmt: skip
    session.add(version)
    session.flush()
    return version


def make_task(
    session: Session, world: World, *, venue: str | UUID = "kuancheng", role: str | None = "officer",
    person: str | None = None, points: int = 3, items: Iterable[Item] = ITEMS, kind: str = "visits",
    late_allowed: bool = True, is_signed: bool = False, starts_in: timedelta = timedelta(),
    lasts: timedelta = timedelta(hours=8), grace: timedelta = timedelta(), frequency: str = "daily",
) -> Round:  # fmt: skip
    """Open a task as planning does, with a plan, points and a checklist of its own; it begins now unless told."""
    at = world.clock.now
    here = session.get_one(Venue, world.venues[venue] if isinstance(venue, str) else venue)
    here.lat, here.lon = LATITUDE, LONGITUDE
    template, version = make_template(session, items, at=at, is_signed=is_signed, frequency=frequency)
    rule = schedule.default_for(frequency)
    plan = PatrolPlan(
        id=new_id(), series_id=new_id(), venue_id=here.id, template_id=template.id, title="每日防火巡查", kind=kind,
        rule=rule.to_json(), rule_key=rule.digest(), who="person" if person else "post", role=role,
        person_id=world.people[person] if person else None, is_late_allowed=late_allowed,
        from_on=people.local_day(at), made_at=at,
    )  # fmt: skip
    session.add(plan)
    session.flush()
    codes = {0: here.code}
    for seq in range(1, points + 1):
        facility = Facility(id=new_id(), code=new_facility_code(), venue_id=here.id, kind="extinguisher",
                            number=f"MH-{seq:03}", location=f"{seq} 层", from_on=people.local_day(at))  # fmt: skip
        session.add(facility)
        session.flush()
        session.add(PatrolPlanPoint(plan_id=plan.id, seq=seq, facility_id=facility.id))
        codes[seq] = facility.code
    session.flush()
    return next_task(session, world, plan, version, codes=codes, starts_in=starts_in, lasts=lasts, grace=grace)


def next_task(
    session: Session, world: World, plan: PatrolPlan, version: ChecklistVersion, *, codes: dict[int, str],
    starts_in: timedelta = timedelta(), lasts: timedelta = timedelta(hours=8), grace: timedelta = timedelta(),
) -> Round:  # fmt: skip
    """Open another task of a plan."""
    at = world.clock.now
    starts_at, due_at = at + starts_in, at + starts_in + lasts
    slot = starts_at.strftime("%Y-%m-%dT%H:%M")
    here = session.get_one(Venue, plan.venue_id)
    facts = {
        "plan": str(plan.id), "series": str(plan.series_id), "slot": slot, "kind": plan.kind, "title": plan.title,
        "starts_at": starts_at.isoformat(), "due_at": due_at.isoformat(), "miss_at": (due_at + grace).isoformat(),
        "late_allowed": plan.is_late_allowed, "role": plan.role,
    }  # fmt: skip
    case = cases.open_case(
        session, "patrol_task", actor=SYSTEM, at=at - timedelta(minutes=1), facts=facts,
        case_id=uuid5(plan.series_id, slot),
        data={"title": plan.title, "due_at": due_at.isoformat()},
        columns={"venue_id": here.id, "area_id": here.area_id, "place": here.name, "channel": "plan",
                 "assignee_id": plan.person_id},
    )  # fmt: skip
    session.add(
        PatrolTask(case_id=case.id, plan_id=plan.id, series_id=plan.series_id, slot=slot, version_id=version.id,
                   venue_id=here.id, area_id=here.area_id, day=people.local_day(starts_at), kind=plan.kind,
                   frequency="daily", starts_at=starts_at, due_at=due_at, miss_at=due_at + grace,
                   person_id=plan.person_id, role=None if plan.person_id else plan.role, points=len(codes) - 1)
    )  # fmt: skip
    session.flush()
    if starts_in <= timedelta():
        sweep.ring(session, case.id, "start", at=at)
    return Round(case.id, case.number, here.id, version.id, version.template_id, plan.id, codes)


@dataclass
class Phone:
    """A phone of somebody's: records by its own clock, and delivers what it has."""

    world: World
    round: Round
    who: str = "officer"
    device: UUID = field(default_factory=uuid4)
    ahead: timedelta = timedelta()
    """Its clock is so far ahead of ours."""
    offset: timedelta | None = None
    """What it believes ours minus its own to be; None: as it is."""
    check_ins: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    contact_at: datetime | None = None
    """Of its last contact, by its own clock; None: it never had one that it knows of."""
    _seq: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def clock(self) -> datetime:
        """Return what it shows."""
        return self.world.clock.now + self.ahead

    def visits(self, point: int, **given: Any) -> str:
        """Check in at a point, standing at the venue, and return the record's id."""
        record = {"id": str(uuid4()), "seq": next(self._seq), "round": 1, "point": point, "how": "camera",
                  "code": self.round.codes.get(point, ""), "reason": "", "claimed_at": self.clock.isoformat(),
                  "lat": LATITUDE, "lon": LONGITUDE, "accuracy_m": 20.0, **given}  # fmt: skip
        self.check_ins.append(record)
        return str(record["id"])

    def finds(self, point: int, item: str, choice: str = "pass", **given: Any) -> str:
        """Answer an item at a point and return the record's id."""
        record = {"id": str(uuid4()), "seq": next(self._seq), "round": 1, "point": point, "item": item,
                  "version": str(self.round.version_id), "value": {"choice": choice}, "comment": "", "photos": [],
                  "claimed_at": self.clock.isoformat(), **given}  # fmt: skip
        self.answers.append(record)
        return str(record["id"])

    def walks(self, *, seconds: float = 60.0) -> None:
        """Go to every point and find all in order; time passes."""
        self.finds(0, "P01")
        for seq in sorted(self.round.codes):
            if seq:
                self.world.clock.advance(seconds=seconds)
                self.visits(seq)
                self.finds(seq, "P06")

    def delivery(
        self, *, done: bool = False, ended: datetime | None = None, signature: str | None = None, **given: Any
    ) -> dict[str, Any]:
        """Return what it would send now."""
        contact_at = self.contact_at.isoformat() if self.contact_at else None
        offset = -self.ahead if self.offset is None else self.offset
        end = {"claimed_at": (ended or self.clock).isoformat(), "signature": signature} if done else None
        return {
            "batch": str(uuid4()), "device": str(self.device), "person": str(self.world.people[self.who]),
            "task": str(self.round.task_id), "sent_at": self.clock.isoformat(),
            "clock": {"offset_ms": offset.total_seconds() * 1000, "contact_at": contact_at},
            "check_ins": self.check_ins, "answers": self.answers,
            "done": end, **given,
        }  # fmt: skip

    def delivers(self, db: Database, sent: dict[str, Any] | None = None, *, done: bool = False, **given: Any) -> Any:
        """Deliver everything it has (again), or what is given, and return the answer; then it has nothing more."""
        sent = sent or self.delivery(done=done, **given)
        with db.write() as session:
            actor = self.world.actor(session, self.who)
            said = syncing.deliver(session, Delivery.model_validate(sent), actor=actor, at=self.world.clock.now)
        self.check_ins, self.answers = [], []
        return said


def keep_photo(session: Session, *, at: datetime, original: str | None = None, **given: Any) -> str:
    """Enter a photo that has arrived, without its file, and return its id."""
    photo = Photo(id=new_id(), storage_key=uuid4().hex * 2, original_sha256=original or uuid4().hex * 2, width=4,
                  height=3, size=100, made_at=at, **given)  # fmt: skip
    session.add(photo)
    session.flush()
    return str(photo.id)


def case_of(db: Database, task: Round) -> Case:
    """Return the case as it stands."""
    with db.read() as session:
        return cases.by_id(session, task.task_id)


def row_of(db: Database, task: Round) -> PatrolTask:
    """Return the row beside it."""
    with db.read() as session:
        return session.get_one(PatrolTask, task.task_id)


def leave_records(session: Session, world: World, task: Round) -> None:
    """Leave a check-in in doubt and two answers that differ, of two phones."""
    at, ids = world.clock.now, [new_id(), new_id()]
    of = {"case_id": task.task_id, "person_id": world.people["officer"]}
    for answer, other, outcome in ((ids[0], ids[1], "fail"), (ids[1], ids[0], "pass")):
        device, batch = uuid4(), new_id()
        session.add(PatrolBatch(id=batch, device_id=device, sent_at=at, received_at=at, sha256="0" * 64, **of))
        session.flush()
        kept = {**of, "batch_id": batch, "device_id": device, "at": at, "claimed_at": at}
        session.add(
            PatrolAnswer(id=answer, venue_id=task.venue_id, item="P01", version_id=task.version_id, outcome=outcome,
                         value={"choice": outcome}, stands=outcome == "fail", against=other, **kept)
        )  # fmt: skip
    doubts = [{"kind": "far", "metres": 5000, "accuracy_m": 10, "reach_m": 150}]
    session.add(PatrolCheckIn(id=new_id(), how="typed", doubts=doubts, **kept))
    session.flush()
