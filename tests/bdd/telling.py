"""What a story is told with: the domain, the real effects, a real exchange; time that moves by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from domain import cases, outbox, reports, sweep
from domain.database import Database
from domain.disclosure import Revealed
from domain.forms import LabelledChoice
from domain.language import CHINESE, translate
from domain.models import Case, ClockRow, Outbox, Person, TimelineEntry, Venue
from domain.processes import WORKFLOWS, workflow_of
from domain.workflow import Transition, TransitionRefused
from flows import effects
from flows.work import Work
from notifications.providers import Provider
from tests.filling import upload
from tests.journeys import APPLICANT_PHONE, actor_for, press
from tests.telephony import Exchange
from tests.world import PEOPLE, World

REPORTER_PHONE = "+8613912345678"
OTHER_PHONE = "+8613912345679"
LEASE = timedelta(seconds=60)
MANY_ROUNDS = 30


def step_named(case: Case, label: str) -> Transition:
    """Return the step with that Chinese name, the one that is possible now when there are several."""
    workflow = workflow_of(case.process)
    steps = [step for step in (*workflow.leaving(case.state), *workflow.transitions) if step.zh == label]
    assert steps, f"{workflow.zh} has no step “{label}”"
    return steps[0]


@dataclass
class Story:
    """One story as it goes: the cases by what people call them, and the time."""

    db: Database
    world: World
    exchange: Exchange
    provider: Provider
    known: dict[str, UUID] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    shown: Revealed | None = None
    """Who the reporter is, as it was last shown."""
    reported_at: dict[str, datetime] = field(default_factory=dict)
    """By the real clock, which the story's own hands do not move."""

    def who(self, words: str) -> str:
        """Return the key of the person whose name stands in the words, `reporter` for the reporter."""
        if words.endswith("举报人"):
            return "reporter"
        if words.endswith("申请人"):
            return "applicant"
        return next(key for key, (name, *_) in PEOPLE.items() if words.endswith(name))

    def phone(self, words: str) -> str:
        """Return somebody's number."""
        if words.endswith("举报人"):
            return OTHER_PHONE if words.startswith("另一") else REPORTER_PHONE
        if words.endswith("申请人"):
            return APPLICANT_PHONE
        return PEOPLE[self.who(words)][1]

    def case(self, session: Session, called: str) -> Case:
        """Return a case by what the story calls it."""
        if called == "该整改":
            source = self.known.get("该举报") or self.known["该巡查"]
            found = select(Case).where(Case.parent_id == source).order_by(col(Case.number).desc())
            return session.exec(found).first()
        return cases.by_id(session, self.known[called])

    def fire(self, who: str, label: str, called: str, data: dict[str, Any] | None = None) -> None:
        """Take the step with that Chinese name and let the system do its part; without data any valid form does."""
        with self.db.write() as session:
            case = self.case(session, called)
            name = step_named(case, label).name
            if data is None or name == "decide_held":
                press(session, self.world, case, who, name, **(data or {}))
            else:
                actor = actor_for(session, self.world, case, who)
                if name == "submit":
                    data = {**data, "photos": upload(session, 1, at=self.now)}
                cases.fire(session, case, name, actor=actor, at=self.now, data=data)
        self.work()

    def refusal(self, who: str, label: str, called: str, data: dict[str, Any]) -> str:
        """Return the Chinese sentence with which a step is refused."""
        try:
            with self.db.write() as session:
                case = self.case(session, called)
                actor = actor_for(session, self.world, case, who)
                cases.fire(session, case, step_named(case, label).name, actor=actor, at=self.now, data=data)
        except TransitionRefused as refused:
            return refused.reason.in_language(CHINESE)
        except cases.FieldRefused as refused:
            return refused.refusal.reason.in_language(CHINESE)
        msg = f"{who} could do “{label}”"
        raise AssertionError(msg)

    @property
    def now(self) -> datetime:
        return self.world.clock.now

    def wait(self, **length: float) -> None:
        """Let time pass, minute by minute where something is due on the way."""
        until = self.now + timedelta(**length)
        while (moment := self._next_moment()) is not None and moment <= until:
            self.world.clock.now = max(moment, self.now)
            self.work()
        self.world.clock.now = until
        self.work()

    def _next_moment(self) -> datetime | None:
        """Return when a clock next has to be looked at, or a promise that was put aside."""
        later = (Outbox.state == "pending", col(Outbox.due_at) > self.now)
        with self.db.read() as session:
            clock = session.exec(select(ClockRow.next_at).order_by(col(ClockRow.next_at).asc().nulls_last())).first()
            promise = session.exec(select(func.min(Outbox.due_at)).where(*later)).one()
        return min((moment for moment in (clock, promise) if moment), default=None)

    def work(self) -> None:
        """Ring the clocks and carry out what is due at this very moment, round by round; no time passes."""
        for _ in range(MANY_ROUNDS):
            if not sum(self._ring(process) + self._carry_out(process) for process in WORKFLOWS):
                return
        msg = "the work never ends"
        raise AssertionError(msg)

    def _ring(self, process: str) -> int:
        with self.db.write() as session:
            due = sweep.claim(session, process, worker="story", at=self.now, lease=LEASE)
            for case_id, name in due:
                sweep.ring(session, case_id, name, at=self.now)
        return len(due)

    def _carry_out(self, process: str) -> int:
        with self.db.write() as session:
            claimed = outbox.claim(session, process, worker="story", at=self.now, lease=LEASE)
        for row in claimed:
            effects.carry_out(Work(row, "story", self.db, self.provider, lambda: self.now, LEASE))
        return len(claimed)

    def messages(self, phone: str) -> list[str]:
        """Return what a phone received."""
        return [message["body"] for message in self.exchange.messages(to=phone)]

    def labels(self, called: str) -> list[str]:
        """Return the Chinese names of everything that happened to a case."""
        with self.db.read() as session:
            case = self.case(session, called)
            workflow = workflow_of(case.process)
            names = {step.name: step.zh for step in (*workflow.transitions, workflow.opening)}
            timeline = select(TimelineEntry.transition).where(TimelineEntry.case_id == case.id)
            return [names[name] for name in session.exec(timeline.order_by(col(TimelineEntry.seq)))]

    def code(self, name: str) -> str:
        """Return a venue's code by its name."""
        with self.db.read() as session:
            return session.exec(select(Venue.code).where(Venue.name == name)).one()

    def person(self, name: str) -> UUID:
        """Return a person's id by name."""
        with self.db.read() as session:
            return session.exec(select(Person.id).where(Person.name == name)).one()

    def held(self, called: str) -> list[Outbox]:
        """Return the promises of a case that wait for a person."""
        with self.db.read() as session:
            case = self.case(session, called)
            return list(session.exec(select(Outbox).where(Outbox.case_id == case.id, Outbox.state == "held")))

    def by_receipt(self, called: str) -> Case:
        """Return a report as its reporter finds it."""
        with self.db.read() as session:
            return reports.by_receipt(session, self.receipts[called])


def filled(story: Story, called: str, label: str, rows: list[list[str]]) -> dict[str, Any]:
    """Return the form people filled in by its Chinese field names."""
    with story.db.read() as session:
        step = step_named(story.case(session, called), label)
    return dict(_field(story, step, title, value) for title, value in rows)


def _field(story: Story, step: Transition, title: str, value: str) -> tuple[str, Any]:
    assert step.form is not None
    fields = {translate(info.title or name, CHINESE): name for name, info in step.form.model_fields.items()}
    name = fields[title]
    info = step.form.model_fields[name]
    kinds = [info.annotation, *getattr(info.annotation, "__args__", ())]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, LabelledChoice):
            return name, next(choice.value for choice in kind if choice.zh == value)
    widget = (info.json_schema_extra or {}).get("widget")
    readings = {
        "person": lambda: story.person(value),
        "scan": lambda: story.world.codes["kuancheng"],
        "venue": lambda: story.code(value),
        "hazards": lambda: value.split("、"),
    }
    return name, readings.get(str(widget), lambda: value)()
