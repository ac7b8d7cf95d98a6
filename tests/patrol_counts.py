"""A random month of patrols written straight into the tables, and a slow count of it that nobody can get wrong."""

from __future__ import annotations

import random
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, select

from domain.models import (
    Area,
    Case,
    ChecklistTemplate,
    ChecklistVersion,
    PatrolAnswer,
    PatrolBatch,
    PatrolPlan,
    PatrolTask,
)
from domain.patrols.compliance import Tally
from tests.world import START, World

DAYS = [date(2026, 7, 25) + timedelta(days=number) for number in range(40)]
STATES = {"done": "done", "late": "done_late", "missed": "missed", "excused": "excused", "cancelled": "cancelled",
          "": "open"}  # fmt: skip


def fill(session: Session, world: World, *, tasks: int, seed: int) -> None:
    """Write tasks of two checklists at the three open venues, some with answers that failed."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    versions = []
    for frequency in ("daily", "monthly"):
        template = ChecklistTemplate(id=uuid4(), code=f"own:{frequency}", zh=frequency, frequency=frequency,
                                     made_at=START)  # fmt: skip
        session.add(template)
        session.flush()
        items = [{"code": f"P0{number}", "zh": f"项 {number}", "en": f"Item {number}"} for number in range(1, 5)]
        version = ChecklistVersion(id=uuid4(), template_id=template.id, number=1, from_on=DAYS[0], items=items,
                                   sha256="0" * 64, made_at=START)  # fmt: skip
        session.add(version)
        versions.append((template, version))
    session.flush()
    places = [(world.venues[name], world.areas[area]) for name, area in
              (("kuancheng", "guanglong"), ("market", "fuxian"), ("lonely", "empty"))]  # fmt: skip
    later: tuple[list[Any], list[Any]] = ([], [])
    people = [world.people[who] for who in ("officer", "manager", "warden")]
    for number in range(tasks):
        template, version = rng.choice(versions)
        venue, area = rng.choice(places)
        outcome, day = rng.choice(list(STATES)), rng.choice(DAYS)
        _task(
            session,
            rng,
            number,
            template,
            version,
            venue=venue,
            area=area,
            outcome=outcome,
            day=day,
            people=people,
            later=later,
        )
    for rows in ([], *later):
        session.add_all(rows)
        session.flush()


def _task(
    session: Session, rng: random.Random, number: int, template: ChecklistTemplate, version: ChecklistVersion, *,
    venue: UUID, area: UUID, outcome: str, day: date, people: list[UUID],
    later: tuple[list[Any], list[Any]],
) -> None:  # fmt: skip
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    plan = PatrolPlan(id=uuid4(), series_id=uuid4(), venue_id=venue, template_id=template.id, title="巡查",
                      rule_key="-", from_on=day, made_at=START)  # fmt: skip
    case = Case(id=uuid4(), number=f"XC-2026-{900_000 + number:06d}", process="patrol_task", state=STATES[outcome],
                chain_head=b"0", opened_at=at, changed_at=at, venue_id=venue, area_id=area)  # fmt: skip
    session.add_all([plan, case])
    carried = outcome in ("done", "late")
    failures = rng.choice([0, 0, 1, 2]) if carried else 0
    later[0].append(
        PatrolTask(
            case_id=case.id, plan_id=plan.id, series_id=plan.series_id, slot=f"{day}", version_id=version.id,
            venue_id=venue, area_id=area, day=day, kind=rng.choice(["visits", "rounds"]),
            frequency=template.frequency, starts_at=at, due_at=at, miss_at=at,
            person_id=rng.choice([None, *people]), role="officer", outcome=outcome,
            done_by=rng.choice(people) if carried else None, failed=failures, doubts=rng.choice([0, 0, 2]),
            conflicts=rng.choice([0, 0, 0, 1]),
        )
    )  # fmt: skip
    if failures:
        batch = PatrolBatch(id=uuid4(), case_id=case.id, person_id=people[0], device_id=uuid4(), sent_at=at,
                            received_at=at, sha256="0" * 64)  # fmt: skip
        later[0].append(batch)
        for place in range(failures + 2):
            outcome_of = "fail" if place < failures else rng.choice(["pass", "na"])
            later[1].append(
                _answer(batch, case, venue, version, rng.choice(["P01", "P02", "P03"]), outcome_of, at, stands=True)
            )
        later[1].append(_answer(batch, case, venue, version, "P04", "fail", at, stands=False))


def _answer(
    batch: PatrolBatch, case: Case, venue: UUID, version: ChecklistVersion, item: str, outcome: str, at: datetime,
    *, stands: bool,
) -> PatrolAnswer:  # fmt: skip
    return PatrolAnswer(id=uuid4(), case_id=case.id, batch_id=batch.id, venue_id=venue, item=item,
                        version_id=version.id, outcome=outcome, at=at, claimed_at=at, person_id=batch.person_id,
                        device_id=batch.device_id, stands=stands)  # fmt: skip


def paths(session: Session) -> dict[UUID, str]:
    """Return area → its path."""
    return {area.id: area.path for area in session.execute(select(Area)).scalars()}


def recount(tasks: list[PatrolTask]) -> Tally:
    """Count the obvious way."""
    names = {"done": "in_time", "late": "late", "missed": "missed", "excused": "excused", "cancelled": "cancelled",
             "": "open"}  # fmt: skip
    found = dict.fromkeys((one.name for one in fields(Tally)), 0)
    for task in tasks:
        found["planned"] += 1
        found[names[task.outcome]] += 1
        found["failed"] += 1 if task.failed else 0
        found["doubtful"] += 1 if task.doubts else 0
        found["contradictory"] += 1 if task.conflicts else 0
    return Tally(**found)
