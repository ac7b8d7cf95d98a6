"""People who press whatever they find, for as long as Hypothesis likes, on a real database."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import ValidationError
from sqlmodel import Session, col, select, update

from domain import access, cases, enrolments, outbox, rectifications, reports, sweep
from domain.actors import SYSTEM, Actor
from domain.database import Database
from domain.models import Case, ClockRow, Outbox
from domain.processes import WORKFLOWS
from domain.workflow import Transition, TransitionRefused
from tests.filling import Desk, fill
from tests.history import assert_true_to_history
from tests.journeys import apply, report
from tests.world import START, World

SEEDS = st.integers(min_value=0, max_value=2**32)
WAITS = (
    {"minutes": 20},
    {"hours": 2},
    {"hours": 19},
    {"days": 1},
    {"days": 4},
    {"days": 8},
    {"days": 31},
    {"days": 110},
)
MOST_CASES = 3
LEASE = timedelta(seconds=60)
Live = tuple[Actor, Transition]


def _mostly_onwards(live: list[Live], rng: Random) -> list[Live]:
    """Return what to choose from: half the time what usually comes next, so that walks get far."""
    usual = [(actor, step) for actor, step in live if step.usual]
    onwards = [(actor, step) for actor, step in live if step.target is not None and not step.target.final]
    chance = rng.random()
    if usual and chance < 0.5:
        return usual
    return onwards if onwards and chance < 0.7 else live


class PressesLiveButtons(RuleBasedStateMachine):
    """Takes only steps that are offered; time passes, work gets done."""

    db: ClassVar[Database]
    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.world.clock.now = START
        self.cases: list[UUID] = []
        with self.db.read() as session:
            self.people = {who: self.world.actor(session, who) for who in self.world.people}

    @property
    def now(self) -> Any:
        return self.world.clock.now

    @initialize(seed=SEEDS)
    def first_report(self, seed: int) -> None:
        self.open(seed)

    @precondition(lambda self: len(self.cases) < MOST_CASES)
    @rule(seed=SEEDS)
    def open(self, seed: int) -> None:
        rng = Random(seed)
        hazard, said = rng.choice(
            [("escape", "安全出口锁了"), ("equipment", "烟感不亮"), ("other", "有焦味"), (None, "电线乱拉")]
        )
        phone = rng.choice([None, "13912345678", "+8613800000001"])  # the last is the handler's own
        venue = self.world.codes[rng.choice(["kuancheng", "kuancheng", "lonely"])]
        with self.db.write() as session:
            if rng.random() < 0.3:
                case = apply(session, self.world, **({"phone": phone} if phone else {}))
            else:
                case = report(session, self.world, venue_code=venue, hazard=hazard, description=said, phone=phone)
        self.cases.append(case.id)

    @rule(seed=SEEDS, times=st.integers(1, 8))
    def press(self, seed: int, times: int) -> None:
        rng = Random(seed)
        for _ in range(times):
            self._press_live(rng)
            self.world.clock.advance(minutes=rng.randint(0, 40))
            self._listen()

    def _press_live(self, rng: Random) -> None:
        with self.db.write() as session:
            case = cases.by_id(session, rng.choice(self.cases))
            live = [
                (actor, offer.transition)
                for actor in self._everybody(session, case)
                for offer in WORKFLOWS[case.process].offers(case, actor, at=self.now)
                if offer.enabled
            ]
            if not live:
                return
            likely = _mostly_onwards(live, rng)
            name = rng.choice(sorted({step.name for _, step in likely}))
            actor, step = rng.choice([(actor, step) for actor, step in likely if step.name == name])
            data = fill(Desk(session, self.world, case, actor, self.now, rng), step)
            if data is not None:
                plan = cases.fire(session, case, step.name, actor=actor, at=self.now, data=data)
                assert case.state == plan.target or step.companions

    def _everybody(self, session: Session, case: Case) -> list[Actor]:
        """Return everybody with the roles that hold at the case."""
        holder = enrolments.applicant_of(case) if case.process == "enrolment" else reports.reporter_of(case)
        return [access.acting_on(session, actor, case) for actor in (*self.people.values(), holder)]

    @rule(length=st.sampled_from(WAITS))
    def wait(self, length: dict[str, float]) -> None:
        """Let time pass; whatever the clocks have to say is said before anybody acts."""
        self.world.clock.advance(**length)
        self._listen()

    def _listen(self) -> None:
        for process in WORKFLOWS:
            for _ in range(20):  # three levels of a few clocks; more would be a clock that never stops
                if not self._ring(process):
                    break
            with self.db.read() as session:
                assert not sweep.due(session, process, at=self.now), "a clock is left unheard"

    def _ring(self, process: str) -> int:
        with self.db.read() as session:
            if not sweep.due(session, process, at=self.now):
                return 0
        with self.db.write() as session:
            due = sweep.claim(session, process, worker="w", at=self.now, lease=LEASE)
            for case_id, name in due:
                sweep.ring(session, case_id, name, at=self.now)
            return len(due)

    @rule(seed=SEEDS)
    def work(self, seed: int) -> None:
        """Do what was promised; now and then do it twice, as after a crash, or leave it to a person."""
        rng = Random(seed)
        for process in WORKFLOWS:
            with self.db.write() as session:
                for row in outbox.claim(session, process, worker="w", at=self.now, lease=LEASE):
                    for _ in range(rng.randint(1, 2)):
                        self._carry_out(session, row)
                    if rng.random() < 0.1:
                        outbox.hold(session, row, worker="w", at=self.now, reason="unknown")
                    else:
                        outbox.settle(session, row, worker="w", at=self.now, outcome={})

    def _carry_out(self, session: Session, row: Outbox) -> None:
        if row.effect == "triage_report":
            reports.triage(session, row.case_id, at=self.now)
        elif row.effect == "open_rectifications":
            opened = rectifications.open_from_finding(session, row.case_id, row.seq, at=self.now)
            self.cases += [case.id for case in opened if case.id not in self.cases]
        elif row.effect == "tell_parent":
            rectifications.tell_parent(session, row.case_id, at=self.now)

    @invariant()
    def history_is_true(self) -> None:
        with self.db.read() as session:
            for case in session.exec(select(Case).where(col(Case.id).in_(self.cases))):
                assert_true_to_history(session, case)
                self._merged_is_answered(session, case)

    def _merged_is_answered(self, session: Session, case: Case) -> None:
        """Whoever waits behind another report has heard what that one's reporter heard."""
        for number in case.facts.get("absorbed", ()):
            if case.state == "replied":
                behind = cases.by_number(session, number)
                assert behind.facts.get("reply") == case.facts["reply"], "a merged report got no answer"

    def teardown(self) -> None:
        """Leave no work to the next example."""
        with self.db.write() as session:
            session.exec(update(Outbox).where(col(Outbox.case_id).in_(self.cases)).values(state="dropped"))
            session.exec(update(ClockRow).where(col(ClockRow.case_id).in_(self.cases)).values(next_at=None))


class PressesAnything(PressesLiveButtons):
    """Also tries what is not offered, sends nonsense, and acts on what was on the screen a while ago."""

    @rule(seed=SEEDS)
    def press_anything(self, seed: int) -> None:
        rng = Random(seed)
        with self.db.read() as session:
            case = cases.by_id(session, rng.choice(self.cases))
            workflow = WORKFLOWS[case.process]
            step = rng.choice(workflow.transitions)
            actor = rng.choice([*self._everybody(session, case), SYSTEM])
            offered = {o.transition.name for o in workflow.offers(case, actor, at=self.now) if o.enabled}
            here = step in workflow.leaving(case.state)
        if step.name in offered:
            return
        if here and step.quiet and actor.plays(*step.roles):
            self._fire_quietly(case.id, step.name, actor, rng)
            return
        if here and not actor.roles.isdisjoint(step.roles):
            self._fire_unoffered(case.id, step.name, actor, rng)
            return
        with pytest.raises(TransitionRefused), self.db.write() as session:
            cases.fire(session, cases.by_id(session, case.id), step.name, actor=actor, at=self.now, data={})
        self._stands(case)

    def _fire_unoffered(self, case_id: UUID, name: str, actor: Actor, rng: Random) -> None:
        """Try a greyed button: refused for a person, while the system is offered nothing and may."""
        with self.db.write() as session:
            case = cases.by_id(session, case_id)
            step = next(t for t in WORKFLOWS[case.process].leaving(case.state) if t.name == name)
            data = fill(Desk(session, self.world, case, actor, self.now, rng), step)
            if data is None:
                return
            with pytest.raises(TransitionRefused):
                cases.fire(session, case, name, actor=actor, at=self.now, data=data)

    def _fire_quietly(self, case_id: UUID, name: str, actor: Actor, rng: Random) -> None:
        """Take a step no page offers; the clocks' and the linked cases' own are left to those who fire them."""
        if name != "decide_held":
            return
        with self.db.write() as session:
            case = cases.by_id(session, case_id)
            step = next(t for t in WORKFLOWS[case.process].leaving(case.state) if t.name == name)
            if any(guard(case, actor, self.now) for guard in step.guards):
                return
            data = fill(Desk(session, self.world, case, actor, self.now, rng), step)
            if data is not None:
                cases.fire(session, case, name, actor=actor, at=self.now, data=data)

    @rule(seed=SEEDS)
    def send_nonsense(self, seed: int) -> None:
        rng = Random(seed)
        with self.db.read() as session:
            case = cases.by_id(session, rng.choice(self.cases))
            everybody = self._everybody(session, case)
        for actor in everybody:
            for offer in WORKFLOWS[case.process].offers(case, actor, at=self.now):
                if offer.enabled and rng.random() < 0.2:
                    with pytest.raises(ValidationError), self.db.write() as session:
                        cases.fire(session, case, offer.transition.name, actor=actor, at=self.now, data={"surprise": 1})
        self._stands(case)

    @rule(seed=SEEDS)
    def press_on_an_old_page(self, seed: int) -> None:
        rng = Random(seed)
        handler = self.people["handler"]
        with self.db.read() as session:
            old = cases.by_id(session, rng.choice(self.cases))
        if WORKFLOWS[old.process].state(old.state).final:
            return
        with self.db.write() as session:
            case = cases.by_id(session, old.id)
            cases.fire(session, case, "comment", actor=handler, at=self.now, data={"text": "先到"})
        with pytest.raises(cases.CaseChanged), self.db.write() as session:
            cases.fire(session, old, "comment", actor=handler, at=self.now, data={"text": "后到"})
        self._stands(case)

    def _stands(self, before: Case) -> None:
        with self.db.read() as session:
            after = cases.by_id(session, before.id)
        assert after.model_dump() == before.model_dump(), "a refused step left a trace"
