"""What tests of reports need: some days of cases, measured, and a provider that writes down what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from documents import editions as paper_editions
from domain import cases, errands, measures, models, reports
from domain.actors import ANYBODY, SYSTEM
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Errand, Person
from domain.reporting import editions
from domain.reporting.asked import Asked
from domain.reporting.editions import FORMATS, Made, Wish
from domain.reporting.periods import Kind
from domain.reporting.reach import EVERYTHING
from domain.reports import Intake
from domain.settings import get_settings
from flows.chores import Chore
from flows.errands import carry_out
from notifications.providers import Sent
from tests.world import World


def report(db: Database, world: World, **changes: Any) -> UUID:
    """Have a hazard reported, triaged and assigned now; return its case."""
    intake = {"venue_code": world.codes["kuancheng"], "hazard": "equipment", "description": "烟感不亮"}
    with db.write() as session:
        opened = reports.open_report(session, Intake(**{**intake, **changes}), actor=ANYBODY, at=world.clock.now)
        case_id = opened.case.id
    with db.write() as session:
        reports.triage(session, case_id, at=world.clock.now)
    return case_id


def fire(db: Database, world: World, case_id: UUID, who: str, step: str, **data: Any) -> None:
    """Take a step now."""
    with db.write() as session:
        actor = SYSTEM if who == "system" else world.actor(session, who)
        cases.fire(session, cases.by_id(session, case_id), step, actor=actor, at=world.clock.now, data=data)


def check(db: Database, world: World, case_id: UUID) -> None:
    """Have the warden check a report and find its hazard."""
    fire(db, world, case_id, "warden", "start_check", venue_code=world.codes["kuancheng"])
    fire(db, world, case_id, "warden", "record_finding", outcome="substantiated", description="12 只烟感不亮",
         hazards=["FAC-07"], no_photo_reason="测试")  # fmt: skip


def some_days(db: Database, world: World) -> list[UUID]:
    """Have four reports come in on two days: answered in time, checked late, not checked at all, just arrived."""
    first, second, third = (report(db, world) for _ in range(3))
    world.clock.advance(hours=3)
    check(db, world, first)
    fire(db, world, first, "handler", "reply", text="经核查属实，已责令整改。")
    world.clock.advance(days=5)
    check(db, world, second)
    return [first, second, third, report(db, world)]


def measure(db: Database, at: datetime) -> None:
    """Measure everything that happened until then, as a worker does."""
    while True:
        with db.write() as session:
            if not measures.catch_up(session, at=at):
                return


def edition(db: Database, at: datetime) -> UUID:
    """Keep an edition over everything there was in August 2026, without its files, and return its id."""
    asked = Asked(date(2026, 8, 1), date(2026, 8, 31))
    wish = Wish(Kind.ASKED, asked, EVERYTHING, "zh_CN")
    with db.write() as session:
        content = paper_editions.counted(session, wish, edition_id=new_id(), as_of=at, settings=get_settings())
        made = Made("looked-at", wish, content, dict.fromkeys(FORMATS, ("0" * 64, 123_456)))
        return editions.keep(session, made, actor=SYSTEM, at=at).id


def below(db: Database, world: World, name: str, area: str) -> UUID:
    """Appoint a supervisor of one area and return them."""
    with db.write() as session:
        person = Person(id=new_id(), name=name, phone="+8613800000099")
        session.add(person)
        session.flush()
        session.add(models.Post(id=new_id(), person_id=person.id, role="supervisor", area_id=world.areas[area],
                                from_on=date(2020, 1, 1)))  # fmt: skip
        return person.id


@dataclass
class Post:
    """A provider that takes every message."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    name: str = "post"

    def send_sms(self, *, to: str, body: str, status_callback: str, attempt_id: UUID) -> Sent:  # noqa: ARG002 - the protocol's
        """Take a message."""
        self.sent.append((to, body))
        return Sent(str(attempt_id))

    def find_sms(self, *, to: str, body: str, **_: Any) -> str | None:
        """Return whether it was taken before."""
        return "there" if (to, body) in self.sent else None


def carry_out_all(db: Database, at: datetime, *, post: Post | None = None, worker: str = "test") -> list[Errand]:
    """Carry out every errand that is due, those promised meanwhile too, and return them as they ended."""
    provider: Any = post or Post()
    done: list[UUID] = []
    while True:
        with db.write() as session:
            kinds = ("sla_report", "compare_report", "report_message", "plan_patrols", "plan_patrol_shard",
                     "tell_patrols", "patrol_message")  # fmt: skip
            claimed = errands.claim(session, kinds, worker=worker, at=at, lease=timedelta(minutes=5), most=9)
        if not claimed:
            break
        for row in claimed:
            carry_out(Chore(row, worker, db, provider, lambda: at, timedelta(minutes=5)))
            done.append(row.id)
    with db.read() as session:
        return [errands.by_id(session, one) for one in done]
