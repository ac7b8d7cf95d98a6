"""Thousands of timelines in seconds: the pure part of `cases.fire`, without guards, rights and a database.

`tests/db/test_measures.py` proves that it decides what `cases.fire` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session, select

from domain import audit, cases, timing
from domain.actors import SYSTEM
from domain.clocks import Calendar
from domain.identifiers import new_id
from domain.models import Area, Case, Organisation, Person, Post, TimelineEntry, Venue
from domain.processes import WORKFLOWS
from domain.rulebook import Rulebook
from tests.world import World

FIRST, LAST = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
HAZARDS = ("EVA-01", "EVA-02", "FAC-07", "FAC-01", "ELE-01", "EVB-01")
OUTCOMES = ("substantiated", "substantiated", "partly", "not_substantiated", "could_not_be_checked")
BOOK = Rulebook()
NEXT_YEAR = Rulebook(
    calendar=Calendar(
        BOOK.calendar.years | {2027}, {**BOOK.calendar.differing, **{date(2027, 1, day): False for day in (1, 4, 5)}}
    )
)
"""As if the notice for 2027 had come, with 4 and 5 January off."""
_CASES: Any = Case.__table__
_ENTRIES: Any = TimelineEntry.__table__


@dataclass
class Told:
    """One case as its steps make it."""

    process: str
    id: UUID = field(default_factory=new_id)
    state: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(cases.DECIDED_COLUMNS))
    clocks: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def snapshot(self) -> timing.Snapshot:
        people = tuple(p for p in (self.columns["assignee_id"], self.columns["second_assignee_id"]) if p)
        opened_at = self.entries[0]["at"] if self.entries else FIRST
        return timing.Snapshot(self.id, self.state, people, self.facts, opened_at, self.columns["venue_id"])

    def open(self, *, at: datetime, data: dict[str, Any], facts: dict[str, Any], columns: dict[str, Any]) -> None:
        workflow = WORKFLOWS[self.process]
        before, self.facts = dict(self.columns), facts
        self.columns |= columns
        self.state = workflow.opening.target.name
        readings = timing.turn(
            workflow, {}, source=None, after=self.snapshot(), at=at, reconsider=True, book=lambda: BOOK
        )
        self._enter(workflow.opening.name, None, at, data, before, readings)

    def take(
        self, name: str, *, at: datetime, data: dict[str, Any], columns: dict[str, Any] | None = None,
        book: Rulebook = BOOK,
    ) -> None:  # fmt: skip
        """Take a step as `cases.fire` does; `columns`: what companions add."""
        workflow = WORKFLOWS[self.process]
        step = next(step for step in workflow.leaving(self.state) if step.name == name)
        form = step.form.model_validate(data) if step.form and (step.changes or step.recounts) else None
        changes = dict(step.changes(self.snapshot(), SYSTEM, form, at)) if step.changes else {}
        self.facts = {**self.facts, **changes.pop("facts", {})}
        before, source = dict(self.columns), self.state
        self.columns |= {key: value for key, value in {**changes, **(columns or {})}.items() if key in self.columns}
        self.state = step.target.name if step.target else source
        recount = form.clock if step.recounts else None
        readings = timing.turn(
            workflow, self.clocks, source=source, after=self.snapshot(), at=at, reconsider=step.changes is not None,
            book=lambda: book, recount=recount,
        )  # fmt: skip
        self._enter(name, source, at, data, before, readings)

    def _enter(self, name: str, source: str | None, at: datetime, data: Any, before: Any, readings: Any) -> None:
        decided = cases._decided(before, self.columns, timing.decided(self.clocks, readings))
        self.clocks |= {clock: reading.stored() for clock, reading in readings.items()}
        self.entries.append(
            {
                "case_id": self.id, "seq": len(self.entries) + 1, "transition": name, "source": source,
                "target": self.state, "actor_id": None, "actor_role": "system", "actor_name": "", "at": at,
                "data": {key: str(value) if isinstance(value, UUID) else value for key, value in data.items()},
                "decided": decided, "hash": audit.GENESIS,
            }
        )  # fmt: skip


@dataclass
class Ground:
    """Where the cases lie and who works on them."""

    areas: dict[str, UUID]
    venues: dict[UUID, UUID]
    """Venue → its area."""
    people: list[UUID]
    organisations: list[UUID]


def ground(session: Session, world: World) -> Ground:
    """Put two streets below each piece of the world, two organisations, and people who hold posts of theirs."""
    parent = {"guanglong": "guanglong", "fuxian": "fuxian"}
    made = Ground(dict(world.areas), {}, [], [])
    for code in parent:
        for number in (1, 2):
            above = session.get_one(Area, world.areas[code])
            area = Area(id=new_id(), code=f"{code}-{number}", name=f"{code} {number}", level="grid",
                        parent_id=above.id, path=f"{above.path}{code}-{number}/")  # fmt: skip
            session.add(area)
            made.areas[area.code] = area.id
    session.flush()
    for number, code in enumerate(("chengyang", "guanglong")):
        body = Organisation(id=new_id(), code=f"body-{number}", name=f"第 {number} 大队", kind="brigade",
                            area_id=world.areas[code], from_on=date(2020, 1, 1))  # fmt: skip
        session.add(body)
        made.organisations.append(body.id)
    session.flush()
    for number in range(6):
        person = Person(id=new_id(), name=f"专管员{number}")
        session.add(person)
        session.flush()
        area = made.areas[("guanglong-1", "guanglong-2", "fuxian-1", "fuxian-2", "fuxian", "chengyang")[number]]
        session.add(Post(id=new_id(), person_id=person.id, role="warden", area_id=area, from_on=date(2020, 1, 1),
                         until_on=date(2026, 9, 30) if number % 2 else None,
                         organisation_id=made.organisations[number % 2]))  # fmt: skip
        if number % 2:
            session.add(Post(id=new_id(), person_id=person.id, role="warden", area_id=area, from_on=date(2026, 10, 1),
                             organisation_id=made.organisations[number % 3 % 2]))  # fmt: skip
        made.people.append(person.id)
    session.flush()
    made.venues = {venue.id: venue.area_id for venue in session.exec(select(Venue))}
    return made


class Teller:
    """Tells a case step by step, with chance."""

    def __init__(self, rng: Random, there: Ground, process: str) -> None:
        self.rng, self.there, self.told = rng, there, Told(process)
        self.at = FIRST + (LAST - FIRST) * rng.random()
        if rng.random() < 0.25:
            self.at = datetime(2026, 12, 26, tzinfo=UTC) + timedelta(days=5) * rng.random()

    def later(self, **scale: float) -> datetime:
        """Let time pass: mostly about so long, now and then ten times as long, now and then none at all."""
        chance = self.rng.random()
        factor = 0 if chance < 0.05 else 10 if chance > 0.85 else 1
        self.at += timedelta(**scale) * (self.rng.random() * 2 * factor)
        return self.at

    def take(self, name: str, data: dict[str, Any], columns: dict[str, Any] | None = None, **scale: float) -> None:
        at = self.later(**(scale or {"hours": 5}))
        self.told.take(name, at=at, data=data, columns=columns)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def tell(self) -> Told:
        at_venue = self.chance(0.7)
        venue = self.rng.choice(list(self.there.venues)) if at_venue else None
        area = self.there.venues[venue] if venue else self.rng.choice([None, *self.there.areas.values()])
        columns = {"venue_id": venue, "area_id": area}
        {"hazard_report": self._report, "rectification": self._rectification, "enrolment": self._enrolment}[
            self.told.process
        ](columns)
        self._recalculate()
        return self.told

    def _recalculate(self) -> None:
        """Have the calendar of the next year arrive, for what still runs by a guess."""
        for clock, stored in dict(self.told.clocks).items():
            if stored["running"] and stored["provisional"] and self.chance(0.8):
                self.at = max(self.at + timedelta(hours=1), datetime(2026, 12, 30, tzinfo=UTC))
                data = {"clock": clock, "year": 2027, "was_due_at": stored["due_at"], "due_at": stored["due_at"]}
                self.told.take("recalculate", at=self.at, data=data, book=NEXT_YEAR)

    def _report(self, columns: dict[str, Any]) -> None:
        rng = self.rng
        if self.chance(0.6):
            columns["hazard_code"] = rng.choice(HAZARDS)
        verify = rng.choice(["A24H", "B3WD"])
        self.told.open(at=self.at, data={"hazard": "other"}, facts={"verify_class": verify}, columns=columns)
        if self.chance(0.05):
            return
        if self.chance(0.12):
            name, data = rng.choice(
                [("withdraw", {}), ("reject", {"reason": "no_place", "explanation": "x"}), ("merge", {"into": "JB-1"})]
            )
            self.take(name, data, minutes=25)
            if name == "merge":
                self._merged()
            return
        self._accept()
        for _ in range(4):
            self._work()
            if self.told.state != "replied":
                return
            self._answered()
            if self.told.state != "reopened":
                return

    def _accept(self) -> None:
        columns = {"area_id": self.rng.choice(list(self.there.areas.values()))} if self.chance(0.3) else {}
        data = {"hazard_code": self.rng.choice(HAZARDS), "verify_class": self.rng.choice(["A24H", "B3WD"])}
        self.take("accept", data, columns, minutes=20)

    def _merged(self) -> None:
        if self.chance(0.3):
            self.take("unmerge", {"reason": "x"}, hours=3)
            self._work()
            return
        if self.chance(0.6):
            self.take("share_reply", {"text": "答复"}, days=1)
        if self.chance(0.5):
            self.take("object", {"text": "还在"}, days=1)
            if self.chance(0.5):
                self.take("share_reply", {"text": "答复"}, days=2)
        if self.chance(0.5):
            self.take("rate", {"rating": self.rng.randint(1, 5)}, days=1)

    def _work(self) -> None:
        rng = self.rng
        if self.told.state == "accepted" and self.chance(0.15):
            self.take("reclassify", {"hazard_code": rng.choice(HAZARDS), "verify_class": rng.choice(["A24H", "B3WD"]),
                                     "reason": "x"}, hours=1)  # fmt: skip
        if self.chance(0.07):
            return
        self.take("assign", {"assignee": rng.choice(self.there.people)}, minutes=40)
        if self.told.state == "assigned" and self.chance(0.1):
            self.take("decline", {"reason": "x"}, hours=1)
            if self.told.facts.get("reopened_at"):
                self.told.take("return_to_supervisor", at=self.at, data={})
            self.take("assign", {"assignee": rng.choice(self.there.people)}, minutes=40)
        if self.chance(0.1):
            self.take("reassign", {"assignee": rng.choice(self.there.people), "reason": "x"}, hours=1)
        if self.chance(0.05):
            return
        self._check()
        while self.chance(0.1):
            self.take("send_back", {"missing": "x"}, hours=4)
            self._check()
        if self.chance(0.06):
            return
        self.take("reply", {"text": "答复"}, hours=6)
        self._tell_corrected(0.5)

    def _check(self) -> None:
        self.take("start_check", {"no_code_reason": "x"}, hours=9)
        if self.chance(0.1):
            self.take("comment", {"text": "x"}, minutes=5)
        outcome = self.rng.choice(
            ["substantiated", "substantiated", "partly", "not_substantiated", "could_not_be_checked"]
        )
        found = self.rng.sample(HAZARDS, self.rng.randint(1, 3)) if outcome in ("substantiated", "partly") else []
        corrected = [code for code in found if self.chance(0.5)]
        data = {"outcome": outcome, "description": "x", "hazards": found, "corrected": corrected,
                "no_photo_reason": "x"}  # fmt: skip
        self.take("record_finding", data, hours=3)

    def _tell_corrected(self, share: float) -> None:
        for number in range(3):
            if self.chance(share):
                self.take("tell_corrected", {"other": f"ZG-2026-{number:06}"}, days=2)

    def _answered(self) -> None:
        chance = self.rng.random()
        if chance < 0.3:
            rating = self.rng.randint(1, 5)
            self.take("rate", {"rating": rating}, days=1)
            if rating >= 4:
                self.told.take("close", at=self.at, data={"satisfied": True})
                self._tell_corrected(0.4)
                return
        if self.chance(0.25):
            self.take("object", {"text": "还在"}, days=1)
            return
        if self.chance(0.8):
            self.take("close", {}, days=7)
            self._tell_corrected(0.4)
            if self.chance(0.15):
                self.take("reopen_for_merged", {"other": "JB-1"}, days=2)

    def _rectification(self, columns: dict[str, Any]) -> None:
        rng = self.rng
        columns |= {"hazard_code": rng.choice(HAZARDS), "assignee_id": rng.choice(self.there.people)}
        self.told.open(at=self.at, data={"source": "JB-1"}, facts={}, columns=columns)
        if self.chance(0.2):
            self.told.take("record_corrected", at=self.at, data={})
            return
        if self.chance(0.1):
            return
        if self.chance(0.05):
            self.take("revoke", {"reason": "x"}, days=1)
            return
        self.take("serve", self._until("served_to"), days=2)
        while self._correct():
            pass

    def _correct(self) -> bool:
        """Correct it, in time or not; return whether it has to be corrected again."""
        if self.chance(0.1):
            self.take("extend", {**self._until("reason"), "reason": "x"}, hours=9)
        self._come_overdue()
        if self.chance(0.1):
            if self.chance(0.5):
                self.take("penalise", {"reason": "x", "file_number": "1"}, days=1)
            return False
        self.take("submit", {"description": "x", "photos": [str(UUID(int=1))]}, days=2)
        if self.chance(0.1):
            return False
        if self.chance(0.7):
            self.take("confirm", {"description": "x", "no_photo_reason": "x"}, days=2)
            return False
        self.take("fail_recheck", self._until("missing"), days=2)
        return True

    def _come_overdue(self) -> None:
        """Now and then: at the very deadline, or when the sweep comes by."""
        due = datetime.fromisoformat(self.told.clocks["correct"]["due_at"])
        if self.told.state == "correcting" and due >= self.at and self.chance(0.3):
            self.at = due if self.chance(0.5) else due + timedelta(seconds=2)
            notice = {"clock": "correct", "level": 1, "due_at": due.isoformat()}
            self.told.take("mark_overdue", at=self.at, data=notice)

    def _until(self, other: str) -> dict[str, Any]:
        day = (self.at + timedelta(days=self.rng.randint(0, 12))).date()
        return {"correct_by": day.isoformat(), other: "x"}

    def _enrolment(self, columns: dict[str, Any]) -> None:
        self.told.open(at=self.at, data={}, facts={}, columns={"area_id": columns["area_id"]})
        for _ in range(3):
            if self.chance(0.1):
                return
            self.take("start_review", {}, days=1)
            chance = self.rng.random()
            if chance < 0.6:
                self.take("approve", {}, days=1)
                return
            if chance < 0.7:
                self.take("reject", {"reason": "untrue", "explanation": "x"}, days=1)
                return
            self.take("return_to_applicant", {"text": "x"}, days=1)
            if self.chance(0.2):
                return
            if self.chance(0.2):
                self.take("withdraw", {}, days=2)
                return
            self.take("resubmit", {}, days=3)


def tell(count: int, there: Ground, *, seed: int) -> Iterator[Told]:
    """Give so many cases: two reports to a rectification and an application each."""
    rng = Random(seed)
    for number in range(count):
        process = ("hazard_report", "hazard_report", "rectification", "enrolment")[number % 4]
        yield Teller(rng, there, process).tell()


def put(session: Session, told: Iterable[Told]) -> None:
    """Write the cases with their timelines; what is written already is left out."""
    new: list[Told] = list(told)
    rows = [
        {
            "id": one.id, "number": f"T-{one.id.hex[-15:]}", "process": one.process, "state": one.state,
            "version": len(one.entries), "chain_head": audit.GENESIS, "opened_at": one.entries[0]["at"],
            "changed_at": one.entries[-1]["at"], "facts": one.facts, "clocks": one.clocks, "channel": "web",
            **one.columns,
        }
        for one in new
    ]  # fmt: skip
    entries = [entry for one in new for entry in one.entries]
    for table, found in ((_CASES, rows), (_ENTRIES, entries)):
        for start in range(0, len(found), 2000):
            session.connection().execute(insert(table), found[start : start + 2000])
