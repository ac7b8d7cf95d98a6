"""Every step that is offered works, every other leaves no trace: state x step x role on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel

from domain import cases, enrolments, reports
from domain.actors import SYSTEM, Actor, Role
from domain.database import Database
from domain.models import Case, Outbox, TimelineEntry
from domain.processes import WORKFLOWS
from domain.workflow import Transition, TransitionRefused, Workflow
from tests.filling import Desk, fill
from tests.journeys import WAYS, begin, guard_the_reporter, hold_a_message, press, reach
from tests.world import PEOPLE, World

STATES = [(process, state) for process, ways in WAYS.items() for state in ways]


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """Roll back what happens within, and forget it."""
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        session.expunge_all()


def actors(session: Session, world: World, case: Case) -> dict[Role, Actor]:
    """Return one actor per role: the register's people, the reporter with the receipt, the system."""
    by_role = {role: world.actor(session, who) for who, (_, _, role, _, _) in reversed(PEOPLE.items())}
    holders = {Role.REPORTER: reports.reporter_of(case), Role.APPLICANT: enrolments.applicant_of(case)}
    return {**by_role, **holders, Role.SYSTEM: SYSTEM}


def possible(workflow: Workflow, case: Case, actor: Actor, world: World) -> dict[str, Transition]:
    """Return the steps `plan` would let this actor take, by name."""
    found = {}
    for step in workflow.leaving(case.state):
        try:
            found[step.name] = workflow.plan(case, step.name, actor=actor, at=world.clock.now).transition
        except TransitionRefused:
            continue
    return found


def rows(session: Session) -> dict[str, int]:
    """Return how many rows every table has."""
    tables = SQLModel.metadata.sorted_tables
    counted = select(*(select(func.count()).select_from(table).scalar_subquery() for table in tables))
    return dict(zip((table.name for table in tables), session.execute(counted).one(), strict=True))


def stands(session: Session, case_id: UUID) -> dict[str, Any]:
    session.expire_all()  # what the database holds, not what the session remembers
    return cases.by_id(session, case_id).model_dump()


def promised(session: Session, case_id: UUID) -> set[str]:
    return set(session.execute(select(Outbox.key).where(Outbox.case_id == case_id)).scalars())


@pytest.mark.parametrize("team", ["warden", "inspectors"])
def test_offered_is_what_works(db: Database, world: World, subtests: pytest.Subtests, team: str) -> None:
    for process, state in STATES:
        with subtests.test(process=process, state=state), db.write() as session:
            begin(session, world, process)  # so that there is something to merge into
            case = reach(session, world, process, state, team=team)
            hold_a_message(session, world, case)
            if process == "hazard_report":
                guard_the_reporter(session, world, case)
            if process == "enrolment":
                press(session, world, case, "supervisor", "hold_redaction")
            session.expunge_all()
            _fire_everything(session, world, case.id)


def _fire_everything(session: Session, world: World, case_id: UUID) -> None:
    case = cases.by_id(session, case_id)
    workflow, state, fired = WORKFLOWS[case.process], case.state, set()
    for role, actor in actors(session, world, case).items():
        case = cases.by_id(session, case_id)
        open_to = possible(workflow, case, actor, world)
        offered = {o.transition.name for o in workflow.offers(case, actor, at=world.clock.now) if o.enabled}
        assert offered == {name for name, step in open_to.items() if not step.quiet}
        for name, step in open_to.items():
            with undone(session):
                _fire_and_look(session, world, case_id, actor, step)
            fired.add(name)
            assert stands(session, case_id)["state"] == state, (role, name)
    assert fired == {step.name for step in workflow.leaving(state)}


def _fire_and_look(session: Session, world: World, case_id: UUID, actor: Actor, step: Transition) -> None:
    case, at = cases.by_id(session, case_id), world.clock.now
    source, version, before = case.state, case.version, promised(session, case_id)
    data = fill(Desk(session, world, case, actor, at, Random(f"{step.name} {actor.name}")), step)
    assert data is not None, step.name

    plan = cases.fire(session, case, step.name, actor=actor, at=at, data=data)

    entry = session.get_one(TimelineEntry, (case_id, version + 1))
    where = step.target.name if step.target else source
    assert (entry.transition, entry.source, entry.target, entry.at) == (step.name, source, where, at)
    assert (entry.actor_id, entry.actor_role in {role.value for role in step.roles}) == (
        actor.person_id,
        True,
    )
    assert plan.transition is step
    mine = {key for key in promised(session, case_id) - before if key.startswith(f"{case_id}:{version + 1}:")}
    assert mine == {f"{case_id}:{version + 1}:{effect}" for effect in step.effects}
    stored = stands(session, case_id)
    assert stored["version"] >= version + 1
    assert stored == case.model_dump(), "the object in hand differs from the row"


def test_refused_step_leaves_no_trace(db: Database, world: World, subtests: pytest.Subtests) -> None:
    for process, state in STATES:
        with subtests.test(process=process, state=state), _unchanged(db, world, process, state) as (case, everybody):
            for name in sorted({step.name for step in WORKFLOWS[process].transitions}):
                refused_to = [
                    role
                    for role, actor in everybody.items()
                    if name not in possible(WORKFLOWS[process], case, actor, world)
                ]
                for role in Random(f"{state} {name}").sample(refused_to, 1):
                    with pytest.raises(TransitionRefused), db.write() as session:
                        cases.fire(session, case, name, actor=everybody[role], at=world.clock.now, data={"note": "x"})


def test_form_that_does_not_fit_leaves_no_trace(db: Database, world: World, subtests: pytest.Subtests) -> None:
    for process, state in STATES:
        with subtests.test(process=process, state=state), _unchanged(db, world, process, state) as (case, everybody):
            for actor in everybody.values():
                for name, step in possible(WORKFLOWS[process], case, actor, world).items():
                    assert step.form is not None
                    with pytest.raises(ValidationError, match="surprise"), db.write() as session:
                        cases.fire(session, case, name, actor=actor, at=world.clock.now, data={"surprise": 1})


@contextmanager
def _unchanged(db: Database, world: World, process: str, state: str) -> Iterator[tuple[Case, dict[Role, Actor]]]:
    """Give a case and everybody; assert in the end that no table has another row and the case stands as it was."""
    with db.write() as session:
        case = reach(session, world, process, state)
    with db.read() as session:
        before, stood = rows(session), stands(session, case.id)
        everybody = actors(session, world, case)
    yield case, everybody
    with db.read() as session:
        assert rows(session) == before
        assert stands(session, case.id) == stood
