"""What stories of patrols are told with: plans as people make them, and phones that walk what is planned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from domain import cases, people
from domain.identifiers import new_facility_code, new_id
from domain.language import CHINESE
from domain.models import Case, ChecklistTemplate, ChecklistVersion, KeyPart, PatrolPlan, PatrolTask, Photo, Venue
from domain.patrols import items, planning, plans, sheet, syncing, templates
from domain.patrols.delivery import Delivery
from domain.patrols.items import Item
from domain.patrols.plan_forms import PlanFacts
from domain.settings import city_zone
from tests.bdd.telling import Story
from tests.world import World

Values = Mapping[str, Mapping[str, Any]]
"""Item's code → the answer to it, where it is not the one that says that all is well."""
A_MINUTE = timedelta(minutes=1)
NOT_ASKED_FOR = frozenset({"checkpoint", "signature"})
"""What a check-in and the signature at the end answer."""


def enter_points(session: Session, venue_id: UUID, names: Collection[str], *, day: date) -> list[str]:
    """Enter key parts of a venue and return their codes."""
    rows = [
        KeyPart(id=new_id(), code=new_facility_code(), venue_id=venue_id, kind="other", name=name, from_on=day)
        for name in names
    ]
    session.add_all(rows)
    session.flush()
    return [row.code for row in rows]


def plan(session: Session, world: World, venue_id: UUID, *, person: UUID, **said: Any) -> PatrolPlan:
    """Plan a checklist at a venue from today on for a person, by the usual rhythm; `said` as a form says it."""
    facts = {
        "rhythm": "usual", "roll": "none", "who": "person", "person": str(person), "is_late_allowed": "yes",
        "from_on": people.local_day(world.clock.now), **said,
    }  # fmt: skip
    actor = world.actor(session, "admin")
    return plans.create(session, venue_id, PlanFacts.model_validate(facts), actor=actor, at=world.clock.now)


def tasks_of(session: Session, day: date, *, at: datetime) -> list[PatrolTask]:
    """Have the tasks of a day planned and return them all, the newest first."""
    planning.plan_day(session, day, at=at)
    query = select(PatrolTask).where(PatrolTask.day == day)
    return list(session.exec(query.order_by(col(PatrolTask.case_id).desc())))


def snap(session: Session, *, at: datetime) -> str:
    """Take a photo that is like no other and return its id."""
    photo = Photo(id=new_id(), storage_key="p", original_sha256=uuid4().hex * 2, width=1, height=1, size=1, made_at=at)
    session.add(photo)
    session.flush()
    return str(photo.id)


def all_well(item: Item, at: datetime) -> dict[str, Any]:
    """Return an answer that says that an item is in order."""
    if item.answer in items.MEASURED:
        low = item.low if item.low is not None else 0.0
        return {"number": low if item.high is None else (low + item.high) / 2}
    if item.answer == "choice":
        return {"choice": next(choice.code for choice in item.choices if not choice.fails)}
    if item.answer == "date":
        return {"date": at.astimezone(city_zone()).date().isoformat()}
    return {"text": {"text": "一切正常"}, "photo": {}}.get(item.answer, {"choice": "pass"})


@dataclass
class Phone:
    """Somebody's phone: what it has recorded and not delivered yet."""

    person: UUID
    device: UUID = field(default_factory=uuid4)
    seq: int = 0
    round: int = 0
    check_ins: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    version: ChecklistVersion | None = None
    """The checklist as it has it; None: it asks the server's."""
    ended_at: datetime | None = None
    """When its person said that it was done."""

    def _next(self, at: datetime) -> dict[str, Any]:
        self.seq += 1
        return {"id": str(uuid4()), "seq": self.seq, "round": max(self.round, 1), "claimed_at": at.isoformat()}

    def walk(
        self, session: Session, case: Case, *, at: datetime, found: Values | None = None,
        points: Collection[int] | None = None, position: tuple[float, float] | None = None,
    ) -> datetime:  # fmt: skip
        """Check in at every point, or at those, and answer what is asked there; return when the last was answered."""
        about = sheet.sheet_of(session, session.get_one(PatrolTask, case.id))
        asked = self.version or about.version
        where = {} if position is None else {"lat": position[0], "lon": position[1], "accuracy_m": 10.0}
        kinds = [(point.seq, point.facility_kind) for point in about.points]
        for point, code in [(0, about.venue.code), *((point.seq, point.code) for point in about.points)]:
            if points is not None and point not in points:
                continue
            at += A_MINUTE
            self.check_ins.append({**self._next(at), "point": point, "code": code, "how": "camera", **where})
            for there, item in items.asked(templates.items_of(asked), kinds):
                if there == point and item.answer not in NOT_ASKED_FOR:
                    self._answer(session, point, item, asked, (found or {}).get(item.code), at=at)
        return at

    def _answer(
        self, session: Session, point: int, item: Item, version: ChecklistVersion, value: Mapping[str, Any] | None,
        *, at: datetime,
    ) -> None:  # fmt: skip
        shown = {"photo_always", "document", "video"} | ({"photo_on_fail"} if value else set())
        photos = [snap(session, at=at)] if item.evidence in shown or item.answer == "photo" else []
        given = dict(value) if value else all_well(item, at)
        self.answers.append({**self._next(at), "point": point, "item": item.code, "version": str(version.id),
                             "value": given, "photos": photos})  # fmt: skip

    def deliver(self, session: Session, world: World, case_id: UUID, *, is_done: bool = False) -> dict[str, Any]:
        """Send everything that waits and, where it is, that the task is done; return what the server says."""
        at = world.clock.now
        ended_at = self.ended_at or at
        done = {"claimed_at": ended_at.isoformat(), "signature": snap(session, at=at)} if is_done else None
        sent = Delivery.model_validate({
            "batch": str(uuid4()), "device": str(self.device), "person": str(self.person), "task": str(case_id),
            "sent_at": at.isoformat(), "clock": {"offset_ms": 0, "contact_at": None},
            "check_ins": self.check_ins, "answers": self.answers, "done": done,
        })  # fmt: skip
        who = next(name for name, person in world.people.items() if person == self.person)
        said = syncing.deliver(session, sent, actor=world.actor(session, who), at=at)
        kept = {one["id"] for one in said["refused"]}
        self.check_ins = [one for one in self.check_ins if one["id"] in kept]
        self.answers = [one for one in self.answers if one["id"] in kept]
        return said


def stands(session: Session, task_id: UUID) -> Case:
    """Return the case of a task as it is now."""
    session.expire_all()
    return cases.by_id(session, task_id)


class Walks:
    """What a story knows of its plans, tasks and phones."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.points: dict[UUID, list[str]] = {}
        self.phones: dict[str, Phone] = {}
        self.checklist: str | None = None
        self.said: dict[str, Any] = {}
        """What the server said to a phone last."""

    def venue(self, session: Session, name: str) -> Venue:
        return session.exec(select(Venue).where(Venue.name == name)).one()

    def person(self, name: str) -> UUID:
        return self.story.world.people[self.story.who(name)]

    def phone(self, name: str) -> Phone:
        return self.phones.setdefault(name, Phone(self.person(name)))

    def task(self, name: str) -> UUID:
        """Return the task a person walks: their own where everybody has one, else the one there is."""
        return self.story.known.get(f"{name}的巡查") or self.story.known["该巡查"]

    def ask_instead(self, asked: Sequence[Item]) -> None:
        """Have the checklist ask this from today on."""
        story = self.story
        with story.db.write() as session:
            session.add(
                ChecklistVersion(id=new_id(), template_id=UUID(self.checklist), number=2,
                                 from_on=people.local_day(story.now), items=[item.to_json() for item in asked],
                                 sha256=items.digest(asked), made_at=story.now)
            )  # fmt: skip

    def own_checklist(self, asked: Sequence[Item]) -> UUID:
        """Have the manager of the hotel write a checklist that asks this, and return it."""
        story = self.story
        with story.db.write() as session:
            template = ChecklistTemplate(id=new_id(), code=f"own:{new_id()}", zh="自编检查表", frequency="daily",
                                         venue_id=story.world.venues["kuancheng"], made_at=story.now)  # fmt: skip
            session.add(template)
            session.flush()
            session.add(
                ChecklistVersion(id=new_id(), template_id=template.id, number=1, from_on=people.local_day(story.now),
                                 items=[item.to_json() for item in asked], sha256=items.digest(asked),
                                 made_at=story.now)
            )  # fmt: skip
        self.checklist = str(template.id)
        return template.id

    def item(self, session: Session, task_id: UUID, words: str) -> str:
        """Return the code of the item that asks for those words."""
        about = sheet.sheet_of(session, session.get_one(PatrolTask, task_id))
        return next(item.code for _, item in about.asked if words in item.zh)

    def walk(self, name: str, *, words: str = "", **how: Any) -> None:
        """Have somebody walk and answer; time passes with every point."""
        phone, task_id = self.phone(name), self.task(name)
        with self.story.db.write() as session:
            case = stands(session, task_id)
            found = {self.item(session, task_id, words): {"choice": "fail"}} if words else {}
            ended = phone.walk(session, case, at=self.story.now, found=found, **how)
        phone.ended_at = ended
        self.story.world.clock.now = max(self.story.now, ended)

    def deliver(self, name: str, *, is_done: bool) -> None:
        """Send what the phone has, and let the system do its part."""
        with self.story.db.write() as session:
            self.said = self.phone(name).deliver(session, self.story.world, self.task(name), is_done=is_done)
        self.story.work()

    def heard(self) -> str:
        """Return everything the phone was told, in Chinese."""
        return " ".join(one["reason"].in_language(CHINESE) for one in (*self.said["refused"], *self.said["doubts"]))
