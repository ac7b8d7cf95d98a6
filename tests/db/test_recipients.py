"""Whom an effect tells: a number anybody may have typed in is not written to without end."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from domain import cases, reports
from domain.actors import ANYBODY
from domain.database import Database
from domain.models import TimelineEntry
from domain.reports import Intake
from notifications.recipients import MOST_ACKNOWLEDGED, TELLINGS, TOLD_OFTEN, Audience
from tests.world import World

SOMEBODY, OTHER = "+19005550100", "13912345678"


def told_of_a_report(db: Database, world: World, phone: str, effect: str = "acknowledge_reporter") -> Audience:
    """Have a report opened and return who its effect tells."""
    with db.write() as session:
        intake = Intake(venue_code=world.codes["kuancheng"], hazard="equipment", phone=phone)
        case_id = reports.open_report(session, intake, actor=ANYBODY, at=world.clock.now).case.id
    with db.read() as session:
        case = cases.by_id(session, case_id)
        entry = session.exec(select(TimelineEntry).where(TimelineEntry.case_id == case_id)).one()
        return TELLINGS[effect].whom(session, case, entry)


def test_one_number_is_acknowledged_so_often_in_a_day_and_answered_always(db: Database, world: World) -> None:
    said = [told_of_a_report(db, world, SOMEBODY) for _ in range(MOST_ACKNOWLEDGED + 2)]
    answer = told_of_a_report(db, world, SOMEBODY, "reply_reporter")
    somebody_else = told_of_a_report(db, world, OTHER)
    world.clock.now += timedelta(days=1)
    next_day = told_of_a_report(db, world, SOMEBODY)

    assert [one.nobody for one in said] == [""] * MOST_ACKNOWLEDGED + [TOLD_OFTEN] * 2
    assert [len(one.recipients) for one in said] == [1] * MOST_ACKNOWLEDGED + [0] * 2
    assert [one.nobody for one in (answer, somebody_else, next_day)] == ["", "", ""]
