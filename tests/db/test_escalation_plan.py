"""The plan of escalation: a row for every case, whom it names with cover and areas above; and quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from domain import cases, people, reports
from domain.actors import ANYBODY, SYSTEM, Role
from domain.database import Database
from domain.escalation import PLAN, Gravity, Level, Way, gravity_of
from domain.identifiers import new_id
from domain.models import Account, Case, Delegation, Post, TimelineEntry
from domain.quiet_hours import QuietHours
from domain.reports import Intake
from domain.table import Clock
from notifications.recipients import NOBODY_IN_CHARGE, TELLINGS, Audience
from tests.world import World


def report(session: Session, world: World, hazard: str = "escape", **intake: Any) -> Case:
    said = {"venue_code": world.codes["kuancheng"], "hazard": hazard, "description": "上了锁", **intake}
    return reports.open_report(session, Intake(**said), actor=ANYBODY, at=world.clock.now).case


def audience(session: Session, world: World, case: Case, level: int) -> Audience:
    """Return who a notice of the verify clock is for."""
    notice = {"clock": "verify", "level": level, "due_at": world.clock.now.isoformat()}
    step = "warn" if level == Level.NEAR else "escalate"
    cases.fire(session, case, step, actor=SYSTEM, at=world.clock.now, data=notice)
    entry = session.get_one(TimelineEntry, (case.id, case.version))
    effect = "remind_assignee" if level == Level.NEAR else "tell_superior"
    return TELLINGS[effect].whom(session, case, entry, world.clock.now)


def names(told: Audience) -> list[str]:
    return [recipient.name for recipient in told.recipients]


def test_plan_has_a_row_for_every_clock_that_is_a_deadline_at_every_level_and_gravity() -> None:
    kinds = set(get_args(get_type_hints(Clock)["kind"])) - {"timer"}

    assert set(PLAN) == {(kind, level, gravity) for kind in kinds for level in Level for gravity in Gravity}
    assert all(Way.NOTICE in tier.ways and len(tier.ways) == 2 for tier in PLAN.values())
    spoken = {key for key, tier in PLAN.items() if Way.VOICE in tier.ways}
    assert spoken == {(kind, Level.HANDED_UP, Gravity.LIFE_SAFETY) for kind in kinds}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_gravity_goes_by_the_hazard_and_doubt_counts_as_grave(db: Database, world: World) -> None:
    with db.write() as session:
        escape, equipment, other = (report(session, world, kind) for kind in ("escape", "equipment", "other"))
        found = [gravity_of(escape), gravity_of(equipment), gravity_of(other)]
        for case in (escape, equipment):
            reports.triage(session, case.id, at=world.clock.now)
        handler = world.actor(session, "handler")
        cases.fire(session, other, "accept", actor=handler, at=world.clock.now, data={"hazard_code": "FAC-05"})
        looked_at = [gravity_of(cases.by_id(session, case.id)) for case in (escape, equipment, other)]

    grave, ordinary = Gravity.LIFE_SAFETY, Gravity.ORDINARY
    assert found == [grave] * 3  # nobody has looked yet
    assert looked_at == [grave, ordinary, ordinary]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_levels_go_from_the_desk_to_the_assignee_to_the_supervisor_to_the_leader(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)
        before = audience(session, world, case, Level.NEAR)
        reports.triage(session, case.id, at=world.clock.now)
        levels = [audience(session, world, cases.by_id(session, case.id), level) for level in Level]

    assert (names(before), before.ways) == (["赵受理"], {Way.NOTICE, Way.SMS})
    assert [names(told) for told in levels] == [["李庚"], ["郑主管"], ["王队长"]]
    assert levels[-1].ways == {Way.NOTICE, Way.VOICE}


def cover(session: Session, world: World, away: str, deputy: str) -> None:
    """Have `deputy` cover for `away` today, who is on holiday."""
    day = people.local_day(world.clock.now)
    session.add(Account(id=new_id(), person_id=world.people[deputy], username=deputy, password_hash="-"))
    session.flush()
    session.add(
        Delegation(id=new_id(), from_person_id=world.people[away], to_person_id=world.people[deputy], from_on=day,
                   until_on=day, reason="休假", made_by=world.people["admin"], made_at=world.clock.now)
    )  # fmt: skip
    session.flush()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_on_holiday_is_covered_for(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)
        reports.triage(session, case.id, at=world.clock.now)
        case = cases.by_id(session, case.id)
        cover(session, world, "supervisor", "operator")
        cover(session, world, "warden", "warden2")

        warned, over = (audience(session, world, case, level) for level in (Level.NEAR, Level.OVER))

    assert names(over) == ["冯值班"]
    assert names(warned) == ["李庚", "赵受理"]  # the deputy cannot work on this case; the desk can give it to others


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_cover_counts_as_of_the_moment_of_sending(db: Database, world: World) -> None:
    """What a step promised before the holidays, and quiet hours, a busy line or a person held, is sent in them."""
    begun = world.clock.now
    with db.write() as session:
        case = report(session, world)
        notice = {"clock": "verify", "level": Level.OVER, "due_at": begun.isoformat()}
        cases.fire(session, case, "escalate", actor=SYSTEM, at=begun, data=notice)
        entry = session.get_one(TimelineEntry, (case.id, case.version))
        world.clock.advance(days=1)
        cover(session, world, "supervisor", "operator")
        cover(session, world, "handler", "inspector3")

        told = {
            effect: [names(TELLINGS[effect].whom(session, case, entry, at)) for at in (begun, world.clock.now)]
            for effect in ("tell_superior", "tell_supervisor", "ask_to_agree", "tell_handler", "triage_report")
        }

    supervises, desk = [["郑主管"], ["冯值班"]], [["赵受理"], ["吴监督"]]
    assert told == {
        "tell_superior": supervises, "tell_supervisor": supervises, "ask_to_agree": supervises, "tell_handler": desk,
        "triage_report": desk,
    }  # fmt: skip


def posts(session: Session, world: World, role: Role, area: str | None) -> None:
    """Have everybody of this role hold it for that area; None: for nothing any more."""
    for post in session.exec(select(Post).where(Post.role == role.value)).all():
        if area is None:
            session.delete(post)
        else:
            post.area_id = world.areas[area]
    session.flush()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_level_without_anybody_goes_to_the_area_above_then_to_the_post_above_and_says_so(
    db: Database, world: World
) -> None:
    with db.write() as session:
        case = report(session, world)
        posts(session, world, Role.SUPERVISOR, "guanglong")
        own = audience(session, world, case, Level.OVER)
        posts(session, world, Role.SUPERVISOR, "lanshan")
        above = audience(session, world, case, Level.OVER)
        posts(session, world, Role.SUPERVISOR, None)
        higher = audience(session, world, case, Level.OVER)
        posts(session, world, Role.LEADER, None)
        nobody = audience(session, world, case, Level.OVER)

    assert (names(own), own.handed_on) == (["郑主管"], {})
    said = {"asked": "supervisor", "post": "supervisor", "own": "广龙片区", "area": "岚山市"}
    assert (names(above), above.handed_on) == (["郑主管"], said)
    assert (names(higher), higher.handed_on) == (["王队长"], {**said, "post": "leader", "area": ""})
    assert (nobody.recipients, nobody.nobody) == ((), NOBODY_IN_CHARGE)


CITY = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("begin", "end", "hour", "over"),
    [
        ("22:00", "07:00", "21:59", None),
        ("22:00", "07:00", "22:00", (1, "07:00")),
        ("22:00", "07:00", "00:00", (0, "07:00")),
        ("22:00", "07:00", "06:59", (0, "07:00")),
        ("22:00", "07:00", "07:00", None),
        ("12:00", "14:00", "13:59", (0, "14:00")),
        ("12:00", "14:00", "14:00", None),
        ("22:00", "00:00", "23:59", (1, "00:00")),
        ("22:00", "22:00", "22:00", None),
    ],
)
def test_quiet_hours_end_at_their_minute_also_after_midnight(
    begin: str, end: str, hour: str, over: tuple[int, str] | None
) -> None:
    quiet = QuietHours(time.fromisoformat(begin), time.fromisoformat(end), CITY)
    day = datetime(2026, 8, 24, tzinfo=CITY)

    found = quiet.over_at(datetime.combine(day.date(), time.fromisoformat(hour), CITY).astimezone(UTC))

    wanted = over and datetime.combine(day.date() + timedelta(days=over[0]), time.fromisoformat(over[1]), CITY)
    assert found == (wanted.astimezone(UTC) if wanted else None)
