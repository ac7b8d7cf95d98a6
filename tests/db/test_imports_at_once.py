"""Imports and other writers at the same moment: nothing is there twice, and nobody's change is written over unseen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import register_log
from domain.actors import SYSTEM
from domain.database import Database
from domain.identifiers import new_id, new_venue_code
from domain.imports import importing
from domain.imports.importing import Looked, RegisterMoved
from domain.imports.kinds import KINDS
from domain.imports.terms import Terms
from domain.models import Facility, Venue
from tests.at_once import at_once
from tests.tables import credit_code, rows_of, said
from tests.world import World

Line = dict[str, Any]


def venue(number: int, **changes: Any) -> Line:
    return {"名称": f"第{number}号店", "类别": "V06", "地址": f"老街{number}号", "区域": "guanglong", **changes}


def look(db: Database, world: World, lines: Sequence[Line], *, table: str = "venues") -> tuple[Looked, Terms]:
    terms = Terms(SYSTEM, world.clock.now, update=True, source={"file": "a.xlsx"})
    looked = importing.look(db, KINDS[table], rows_of(lines), terms)
    assert said(looked.faults) == []
    return looked, terms


def write(db: Database, looked: Looked, terms: Terms, *, table: str = "venues") -> dict[str, int]:
    with db.write() as session:
        return importing.carry_out(session, KINDS[table], looked, terms, import_id=new_id()).counts


def like(world: World, **values: Any) -> Venue:
    known = {
        "class_code": "V06",
        "address": "别处",
        "area_id": world.areas["guanglong"],
        "opened_on": world.clock.now.date(),
    }
    return Venue(id=new_id(), code=new_venue_code(), **{**known, **values})


@pytest.mark.parametrize("table", ["venues", "facilities"])
def test_one_table_imported_three_times_at_once_is_there_once(db: Database, world: World, table: str) -> None:
    hydrant = {"场所编码": world.codes["market"], "类型": "hydrant_indoor"}
    lines = [venue(number) if table == "venues" else {**hydrant, "编号": f"X-{number}"} for number in range(100)]
    looked = [look(db, world, lines, table=table) for _ in range(3)]

    counts = at_once([partial(write, db, *one, table=table) for one in looked])

    assert sorted((one["new"], one["unchanged"]) for one in counts) == [(0, 100), (0, 100), (100, 0)]
    with db.read() as session:
        model, name, start = (Venue, Venue.name, "第") if table == "venues" else (Facility, Facility.number, "X-")
        query = select(func.count()).select_from(model).where(col(name).startswith(start))
        assert session.execute(query).scalar_one() == 100
        assert register_log.verify_everything(session).whole


def test_a_credit_code_taken_a_moment_before_is_told_and_nothing_is_written(db: Database, world: World) -> None:
    looked, terms = look(db, world, [venue(1), venue(2, 统一社会信用代码=credit_code(2))])
    with db.write() as session:  # not yet in the record, so that only the database itself can notice
        session.add(like(world, name="别人先到", credit_code=credit_code(2)))

    with pytest.raises(RegisterMoved):
        write(db, looked, terms)

    with db.read() as session:
        assert session.execute(select(Venue.name).where(col(Venue.name).startswith("第"))).all() == []


def test_a_change_made_since_the_look_is_compared_again_and_stays_in_the_record(db: Database, world: World) -> None:
    write(db, *look(db, world, [venue(1)]))
    looked, terms = look(db, world, [venue(1, 电话="0877-6911119")])
    with db.write() as session:
        there = by_name(session, "第1号店")
        there.phone = "+868776911118"
        register_log.record(
            session, "venue", there.id, "change", actor=SYSTEM, at=world.clock.now, data={"phone": [None, there.phone]}
        )

    write(db, looked, terms)

    with db.read() as session:
        last = max(register_log.of(session, by_name(session, "第1号店").id), key=lambda entry: entry.seq)
        assert last.data["phone"][0] == "+868776911118"


def by_name(session: Session, name: str) -> Venue:
    return session.execute(select(Venue).where(col(Venue.name) == name)).scalar_one()
