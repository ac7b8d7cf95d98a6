"""Deadlines follow from the history: whatever happened in whatever order, a recount of the timeline gives the same.

To the second, while cases are reclassified, declined, given to others, sent back, reopened and paused, while a year of
the calendar arrives in between, and while office hours and limits are set anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from domain import calendars, cases, limits_register, product_settings, recounted, recounting, rulebooks, sweep, timing
from domain.actors import Role
from domain.clocks import Unit
from domain.database import Database
from domain.forms import Form
from domain.models import Case, TimelineEntry
from domain.processes import WORKFLOWS, everywhere
from domain.processes.limits import fixed
from domain.recounted import Recount
from domain.settings import get_settings
from domain.workflow import Clock, Opening, State, Transition, Workflow
from tests import calendar_2027
from tests.filling import Desk, fill
from tests.journeys import actor_for, report
from tests.world import World

BEGIN = datetime(2026, 12, 23, 2, tzinfo=UTC)
"""A week before the end of the known years, with deadlines that reach over it."""
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OPEN = State("open", zh="办理中", en="Open")
ASKED = State("asked", zh="等待鉴定", en="Asked")
ASIDE = State("aside", zh="搁置", en="Aside")
AGAIN = State("again", zh="重新办理", en="Again")
DONE = State("done", zh="办结", en="Done", final=True)
STATES = (OPEN, ASKED, ASIDE, AGAIN, DONE)


class Class(Form):
    """Another class."""

    rule: str


def reclassify(_case: Any, _actor: Any, form: Any, _at: datetime) -> dict[str, Any]:
    return {"facts": {"rule": form.rule}}


def _step(name: str, sources: set[State], target: State | None, **more: Any) -> Transition:
    return Transition(name, zh=name, en=name, sources=sources, target=target, roles={Role.HANDLER}, **more)


PAUSING = Workflow(
    name="pausing", prefix="PS", zh="鉴定", en="Pausing",
    opening=Opening("begin", zh="开始", en="Begin", target=OPEN, roles={Role.HANDLER}),
    states=STATES,
    transitions=(
        _step("ask", {OPEN, AGAIN}, ASKED), _step("answer", {ASKED}, OPEN), _step("put_aside", {OPEN, AGAIN}, ASIDE),
        _step("take_up", {ASIDE}, OPEN), _step("begin_anew", {ASIDE, ASKED}, AGAIN), _step("end", {OPEN, AGAIN}, DONE),
        _step("reclassify", {OPEN, AGAIN, ASKED, ASIDE}, None, form=Class, changes=reclassify),
        *everywhere.steps(STATES, assigned={OPEN, ASKED, ASIDE, AGAIN}, reminders=frozenset({Role.HANDLER})),
    ),
    effects=everywhere.EFFECTS, companions=everywhere.COMPANIONS,
    clocks=(
        Clock("work", zh="办理", en="Work", runs_in={OPEN, AGAIN}, fulfilled_in={DONE},
              limit=lambda case: case.rules.limit(rule) if (rule := case.facts.get("rule", "CMP-21")) else None,
              basis="CMP-21", kind="statutory", pauses_in={ASKED}, pause_basis="XFT 23"),
        Clock("decide", zh="决定", en="Decide", runs_in={OPEN, AGAIN, ASIDE}, fulfilled_in={DONE},
              limit=fixed("PER-30"), basis="PER-30", kind="statutory", pauses_in={ASKED}, pause_basis="XFT 23",
              restarts_in={AGAIN}),
    ),
)  # fmt: skip
RULES = ("CMP-21", "CMP-20", "PER-30", "REC-11", "CMP-30", "")


@dataclass
class Play:
    """Somebody who does whatever is possible, at random; time passes, rules change."""

    db: Database
    world: World
    rng: Random
    ids: list[UUID] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.world.clock.now

    def begin(self, process: str) -> None:
        self.world.clock.now = max(self.now, BEGIN + timedelta(minutes=self.rng.randint(0, 10_000)))
        with self.db.write() as session:
            if process == "pausing":
                where = {"venue_id": self.world.venues["kuancheng"], "area_id": self.world.areas["guanglong"]}
                handler = self.world.actor(session, "handler")
                case = cases.open_case(session, process, actor=handler, at=self.now, columns=where)
            else:
                case = report(session, self.world)
            self.ids.append(case.id)

    def go_on(self, times: int) -> None:
        anything: list[Callable[[], None]] = [
            self.press, self.press, self.press, self.press, self.ring, self.take_calendar, self.correct_calendar,
            self.set_limit, self.take_limit_back, self.close_earlier, self.count_anew,
        ]  # fmt: skip
        for _ in range(times):
            self.world.clock.advance(minutes=self.rng.choice([1, 20, 300, 1500, 4000]), seconds=self.rng.randint(0, 59))
            self.rng.choice(anything)()

    def press(self) -> None:
        with self.db.write() as session:
            case = cases.by_id(session, self.rng.choice(self.ids))
            who = self.rng.choice(["handler", "supervisor", "assignee" if case.assignee_id else "handler", "reporter"])
            if case.process == "pausing" and who == "reporter":
                who = "handler"
            actor = actor_for(session, self.world, case, who)
            offers = [one.transition for one in cases.offers(session, case, actor=actor, at=self.now) if one.enabled]
            moving = [one for one in offers if one.target or one.changes]
            if not moving:
                return
            step = self.rng.choice(moving)
            data = self.filled(session, case, actor, step)
            if data is not None:
                cases.fire(session, case, step.name, actor=actor, at=self.now, data=data)

    def filled(self, session: Session, case: Case, actor: Any, step: Transition) -> dict[str, Any] | None:
        if step.form is Class:
            return {"rule": self.rng.choice(RULES)}
        return fill(Desk(session, self.world, case, actor, self.now, self.rng), step)

    def ring(self) -> None:
        with self.db.write() as session:
            for process in WORKFLOWS:
                for case_id, name in sweep.claim(session, process, worker="w", at=self.now, lease=timedelta(0)):
                    sweep.ring(session, case_id, name, at=self.now)

    def take_calendar(self) -> None:
        self.take(calendar_2027.notice())

    def correct_calendar(self) -> None:
        corrected = calendar_2027.days()
        corrected[0] |= {"name": "元旦节"}
        self.take(calendar_2027.notice(rows=[*corrected, {"name": "元旦", "date": "2027-01-05", "isOffDay": True}]))

    def take(self, notice: bytes) -> None:
        with self.db.write() as session:
            calendars.take(session, 2027, notice, source="2027.json", actor=self.admin(session), at=self.now)

    def admin(self, session: Session) -> Any:
        return self.world.actor(session, "admin")

    def set_limit(self) -> None:
        rule, amount, unit = self.rng.choice(
            [("CMP-21", 2, Unit.WORKING_DAY), ("CMP-21", 20, Unit.HOUR), ("CMP-30", 3, Unit.OFFICE_HOUR),
             ("PER-30", 5, Unit.WORKING_DAY), ("CMP-10", 3, Unit.HOUR)]
        )  # fmt: skip
        with self.db.write() as session:
            actor = self.admin(session)
            limits_register.set_limit(session, rule, amount=amount, unit=unit, reason="试", actor=actor, at=self.now)

    def take_limit_back(self) -> None:
        with self.db.write() as session:
            limits_register.take_back(session, "CMP-21", reason="试", actor=self.admin(session), at=self.now)

    def close_earlier(self) -> None:
        with self.db.write() as session:
            product_settings.change(
                session, "office_closes", self.rng.choice(["17:30", "17:00", "16:15"]), reason="试",
                actor=self.admin(session), at=self.now,
            )  # fmt: skip
            rulebooks.forget(session)

    def count_anew(self) -> None:
        for _ in recounting.passes(self.db, 2027, now=lambda: self.now):
            pass

    def assert_recounted(self) -> int:
        """Assert that every case carries what its timeline says; return how many entries that took."""
        entries = 0
        with self.db.read() as session:
            recount = Recount(session)
            for case_id in self.ids:
                case = cases.by_id(session, case_id)
                query = select(TimelineEntry).where(TimelineEntry.case_id == case_id).order_by(col(TimelineEntry.seq))
                timeline = list(session.exec(query))
                entries += len(timeline)
                found = recounted.standing(case, timeline, recount)
                carried = {name: timing.Reading.of(stored) for name, stored in case.clocks.items()}
                assert found == carried
            assert list(recounted.verify(session)) == []
        return entries


@pytest.fixture
def play(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setitem(WORKFLOWS, "pausing", PAUSING)
    monkeypatch.setenv("FIRELINE_REGION", "411300")  # where the reporter has to be told within 20 days
    get_settings.cache_clear()
    return Play(db, world, Random(0))


@ONLY_SQLITE
@pytest.mark.parametrize("seed", range(12))
def test_recount_of_the_timeline_gives_what_the_case_carries(play: Play, seed: int) -> None:
    play.rng = Random(seed)
    for process in ("pausing", "hazard_report"):
        play.begin(process)

    play.go_on(60)

    assert play.assert_recounted() > 4


@ONLY_SQLITE
def test_after_the_recount_every_running_deadline_is_what_the_calendar_says_now(play: Play) -> None:
    for seed in range(6):
        play.rng = Random(seed)
        play.begin("pausing")
        play.go_on(8)

    play.take_calendar()
    play.count_anew()

    with play.db.read() as session:
        book = rulebooks.load(session)
        for case in session.exec(select(Case)):
            assert recounting.moves(case.clocks, book) == []
    play.assert_recounted()


@ONLY_SQLITE
def test_deadline_that_was_tampered_with_is_named(play: Play) -> None:
    play.begin("hazard_report")
    with play.db.write() as session:
        case = session.exec(select(Case)).one()
        later = {**case.clocks["verify"], "due_at": (play.now + timedelta(days=300)).isoformat()}
        session.exec(update(Case).values(clocks={**case.clocks, "verify": later}))
        number = case.number

    with play.db.read() as session:
        found = list(recounted.verify(session))

    assert [breach.where for breach in found] == [f"{number} verify"]
