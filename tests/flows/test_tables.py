"""Tables as errands: looked at, taken all or not at all, exported within reach, recorded; code sheets in batch."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from documents.tables_in import open_table
from domain import cases, errand_files, errands, register_log, reports, sealed
from domain.actors import ANYBODY, SYSTEM
from domain.database import Database
from domain.exports import asked, sheets
from domain.exports.asked import Asked
from domain.exports.sheets import Chosen, TooManySheets
from domain.identifiers import new_facility_code, new_id
from domain.imports.kinds import KINDS, read
from domain.imports.terms import Terms
from domain.language import CHINESE, ENGLISH
from domain.models import Area, Errand, Facility, Organisation, Person, Post, RegisterEntry, Venue
from domain.queries import case_list, venue_list
from domain.reports import Intake
from domain.settings import get_settings
from tests import chores, printed, tables
from tests.world import World

Promise = Callable[..., Errand]


def venue(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "统一社会信用代码": tables.credit_code(number), "名称": f"第{number}号店", "类别": "V06",
        "地址": f"老街{number}号", "区域": "guanglong", "责任人": f"张{number}",
        "责任人手机": 13900000000 + number, **changes,
    }  # fmt: skip


@pytest.fixture
def promise(db: Database, world: World) -> Promise:
    """Promise the check or the import of a file."""

    def make(kind: str, path: Path, *, table: str = "venues", update: bool = False, who: str = "admin") -> Errand:
        content = path.read_bytes()
        key = errand_files.store(content, get_settings().errand_files)
        data = {"table": table, "update": update, "file": path.name, "sha256": hashlib.sha256(content).hexdigest()}
        with db.write() as session:
            maker = world.people[who]
            return errands.promise(
                session, kind, key=str(new_id()), at=world.clock.now, made_by=maker, data=data, input_key=key
            )

    return make


@pytest.fixture
def do(db: Database, world: World) -> Callable[[Errand], Errand]:
    """Carry an errand out."""
    return lambda errand: chores.do(db, errand.id, at=world.clock.now)


def venues_there(db: Database) -> int:
    with db.read() as session:
        return session.execute(select(func.count()).select_from(Venue)).scalar_one()


def test_a_check_says_what_would_happen_and_writes_nothing(db: Database, promise, do, tmp_path: Path) -> None:
    before = venues_there(db)

    done = do(promise("check_table", tables.workbook(tmp_path / "a.xlsx", [venue(1), venue(2)])))

    assert done.state == "done"
    assert (done.outcome["new"], done.outcome["changed"], done.outcome["unchanged"]) == (2, 0, 0)
    assert done.outcome["link"] == f"/admin/import/{done.id}"
    assert (done.done, done.total > 0, venues_there(db)) == (done.done, True, before)


def test_an_import_writes_all_and_is_in_the_record(db: Database, world: World, promise, do, tmp_path: Path) -> None:
    before = venues_there(db)
    path = tables.workbook(tmp_path / "商户.xlsx", [venue(1), venue(2)])

    done = do(promise("import_table", path))

    assert (done.state, venues_there(db)) == ("done", before + 2)
    assert (done.done, done.total) == (4, 4)
    with db.read() as session:
        (entry,) = register_log.of(session, done.id)
        assert (entry.kind, entry.actor_id) == ("import", world.people["admin"])
        assert (entry.data["file"], entry.data["rows"], entry.data["new"]) == ("商户.xlsx", 2, 2)
        assert entry.data["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        one = session.execute(select(Venue).where(col(Venue.name) == "第1号店")).scalar_one()
        assert register_log.of(session, one.id)[0].data["import"] == str(done.id)


@pytest.mark.parametrize("kind", ["check_table", "import_table"])
def test_one_wrong_cell_in_the_last_row_and_nothing_is_written(db: Database, promise, do, tmp_path: Path, kind) -> None:
    before = venues_there(db)
    lines = [*(venue(number) for number in range(300)), venue(300, 类别="V99")]

    done = do(promise(kind, tables.workbook(tmp_path / "a.xlsx", lines)))

    assert (done.state, venues_there(db)) == ("failed", before)
    ((complaint),) = errands.complaints_of(done)
    assert (complaint.where, done.outcome["total"]) == ("C302", 1)
    assert "V99" in complaint.reason.in_language(CHINESE)
    assert "没有类别" in complaint.reason.in_language(CHINESE)


def test_a_second_try_of_a_done_import_finds_everything_there(promise, do, tmp_path: Path) -> None:
    path = tables.workbook(tmp_path / "a.xlsx", [venue(1)])
    do(promise("import_table", path))

    again = do(promise("import_table", path))

    assert (again.outcome["new"], again.outcome["unchanged"]) == (0, 1)


def test_csv_in_gbk_comes_in_as_it_is_meant(db: Database, promise, do, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        "名称,类别,地址,区域\r\n鑫鑫炒货店,小商店,老街9号,广龙片区\r\n".replace("小商店", "V06").encode("gbk")
    )

    assert do(promise("import_table", path)).state == "done"

    with db.read() as session:
        assert session.execute(select(Venue.address).where(Venue.name == "鑫鑫炒货店")).scalar_one() == "老街9号"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 no zip", "damaged"),
        ("名称,类别,地址,区域\n=1+1,V06,老街,guanglong\n".encode(), "Errors: 1."),
        (b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_taken_fails_with_the_reason(
    promise, do, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    done = do(promise("check_table", path))

    assert done.state == "failed"
    assert says in errands.reason_of(done).in_language(ENGLISH)


def test_somebody_else_entering_the_same_meanwhile_is_noticed(
    db: Database, world: World, promise, do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from domain.imports import importing  # noqa: PLC0415 - the very moment between look and write

    look = importing.look

    def and_then_somebody(*args: Any, **kwargs: Any) -> Any:
        looked = look(*args, **kwargs)
        with db.write() as session:
            batch, _ = tables.planned(session, "venues", [venue(1, 名称="别人先到")], actor=SYSTEM, at=world.clock.now)
            batch.store(session)
        return looked

    monkeypatch.setattr(importing, "look", and_then_somebody)

    done = do(promise("import_table", tables.workbook(tmp_path / "a.xlsx", [venue(1), venue(2)])))

    assert done.state == "failed"
    assert [complaint.where for complaint in errands.complaints_of(done)] == ["B2"]
    with db.read() as session:
        assert (
            session.execute(select(func.count()).where(col(Venue.name) == "第2号店").select_from(Venue)).scalar_one()
            == 0
        )


def test_changes_that_are_allowed_are_looked_at_and_written(db: Database, promise, do, tmp_path: Path) -> None:
    do(promise("import_table", tables.workbook(tmp_path / "a.xlsx", [venue(1), venue(2)])))
    moved = tables.workbook(tmp_path / "b.xlsx", [venue(1, 地址="新街1号"), venue(2)])

    tried = do(promise("check_table", moved, update=True))
    done = do(promise("import_table", moved, update=True))

    for errand in (tried, done):
        assert errand.state == "done", errand.outcome
        assert (errand.outcome["new"], errand.outcome["changed"], errand.outcome["unchanged"]) == (0, 1, 1)
    with db.read() as session:
        assert session.execute(select(Venue.address).where(Venue.name == "第1号店")).scalar_one() == "新街1号"


def test_whoever_lost_the_right_meanwhile_imports_nothing(promise, do, tmp_path: Path) -> None:
    errand = promise("import_table", tables.workbook(tmp_path / "a.xlsx", [venue(1)]), who="warden")

    done = do(errand)

    assert done.state == "failed"
    assert "may not" in errands.reason_of(done).in_language(ENGLISH)


# Exports.


def exported(
    db: Database, world: World, do, wanted: Any, *, table: str = "venues", who: str = "admin"
) -> tuple[Errand, Path]:
    with db.write() as session:
        actor = world.actor(session, who)
        errand = asked.promise(
            session, Asked(table, wanted, CHINESE), actor=actor, at=world.clock.now, key=str(new_id())
        )
    done = do(errand)
    assert done.state == "done", done.outcome
    return done, errand_files.path_of(done.storage_key, get_settings().errand_files)


def cells(path: Path) -> list[dict[str, Any]]:
    header, *rows = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).active.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_an_export_of_venues_comes_back_as_it_is(db: Database, world: World, promise, do, tmp_path: Path) -> None:
    lines = [
        venue(
            number, 营业时间="每天 09:00-22:00", 纬度=24.531, 经度=129.618, 行业="commerce", 层数=3, 电话="0877-6911119"
        )
        for number in range(3)
    ]
    do(promise("import_table", tables.workbook(tmp_path / "a.xlsx", lines)))

    done, path = exported(db, world, do, venue_list.Wanted(q="号店"))

    assert [row["场所名称"] for row in cells(path)] == ["第0号店", "第1号店", "第2号店"]
    assert "13900000001" not in str(cells(path))
    with open_table(path) as table, db.read() as session:
        found, faults = read(KINDS["venues"], table.rows)
        batch = KINDS["venues"].plan(session, found, faults, Terms(SYSTEM, world.clock.now, False, {}))
    assert (tables.said(faults), batch.unchanged) == ([], 3)
    assert done.needs == "export"


def test_an_export_holds_what_its_maker_may_export_and_is_recorded(db: Database, world: World, do) -> None:
    with db.write() as session:
        session.add(Post(id=new_id(), person_id=world.people["warden"], role="handler", from_on=date(2020, 1, 1),
                         area_id=world.areas["fuxian"]))  # fmt: skip

    done, path = exported(db, world, do, venue_list.Wanted(), who="warden")

    assert [row["场所名称"] for row in cells(path)] == ["岚山农贸市场"], (
        "a warden's own area is to be seen, not exported"
    )
    with db.read() as session:
        (entry,) = register_log.of(session, done.id)
        assert (entry.kind, entry.data["rows"], entry.data["table"]) == ("export", 1, "venues")
        assert entry.data["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_names_that_look_like_formulas_leave_as_text(db: Database, world: World, do) -> None:
    with db.write() as session:
        session.get(Venue, world.venues["market"]).name = '=HYPERLINK("http://127.0.0.1")'

    _, path = exported(db, world, do, venue_list.Wanted(area="fuxian"))

    (sheet,) = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).worksheets
    assert {cell.data_type for cell in sheet["C"]} == {"s"}


def test_an_export_of_cases_says_nothing_of_who_reported(db: Database, world: World, do) -> None:
    secret = {"place": "匿名者家楼下", "phone": "13987654321", "name": "金丝雀", "description": "我就住在隔壁三零二"}
    with db.write() as session:
        intake = Intake(hazard="equipment", **{k: v for k, v in secret.items() if k in Intake.model_fields})
        case = reports.open_report(session, intake, actor=ANYBODY, at=world.clock.now).case
        handler = world.actor(session, "handler")
        cases.fire(session, case, "accept", actor=handler, at=world.clock.now, data={"hazard_code": "FAC-07"})

    for who in ("handler", "admin", "auditor"):
        _, path = exported(db, world, do, case_list.Wanted(open=True), table="cases", who=who)

        (row,) = cells(path)
        assert row["案件编号"].startswith("JB-")
        assert not [word for word in secret.values() if word in str(row)]


def test_a_filter_that_leaves_nothing_still_leaves_nothing_after_waiting(db: Database, world: World, do) -> None:
    with db.write() as session:
        reports.open_report(session, Intake(hazard="equipment", place="老街"), actor=ANYBODY, at=world.clock.now)

    _, path = exported(db, world, do, case_list.Wanted(waiting=()), table="cases")

    assert cells(path) == []


def test_filters_of_cases_are_kept_while_the_export_waits(db: Database, world: World) -> None:
    wanted = case_list.Wanted(
        process="hazard_report", states=("reported", "accepted"), area="guanglong", overdue=True, open=False,
        waiting=(case_list.WaitsFor("hazard_report", ("reported",), world.people["warden"]),),
        due_before=world.clock.now, assignee_id=world.people["warden"], venue_id=world.venues["market"], q="老街",
    )  # fmt: skip
    with db.write() as session:
        actor = world.actor(session, "handler")
        errand = asked.promise(session, Asked("cases", wanted, CHINESE), actor=actor, at=world.clock.now, key="one")
        again = asked.promise(session, Asked("cases", wanted, CHINESE), actor=actor, at=world.clock.now, key="one")

    assert (asked.from_data(errand.data).wanted, again.id) == (wanted, errand.id)


def test_words_searched_for_stand_in_clear_neither_in_the_errand_nor_in_the_record(
    db: Database, world: World, do
) -> None:
    done, _ = exported(db, world, do, venue_list.Wanted(q="农贸"))

    with db.read() as session:
        (entry,) = register_log.of(session, done.id)
    assert entry.data["wanted"]["q"] == sealed.mark("农贸")
    assert "农贸" not in str((done.data, done.outcome, entry.data))


def facility(session: Session, world: World, number: int, **values: Any) -> Facility:
    made = Facility(
        id=new_id(), code=new_facility_code(), venue_id=world.venues["kuancheng"], kind="extinguisher",
        number=f"MH-{number:03}", location="走廊", from_on=date(2026, 1, 1), **values,
    )  # fmt: skip
    session.add(made)
    return made


def test_an_export_of_facilities_comes_back_as_it_is(db: Database, world: World, promise, do) -> None:
    with db.write() as session:
        for number in range(3):
            facility(session, world, number, responsible_id=world.people["officer"])
        facility(session, world, 9, ended_on=date(2026, 2, 2))

    _, path = exported(db, world, do, venue_list.Wanted(), table="facilities")

    assert [row["设施编号"] for row in cells(path)] == ["MH-000", "MH-001", "MH-002"]
    assert cells(path)[0]["现责任人"] == "褚巡查"
    done = do(promise("import_table", path, table="facilities"))
    assert (done.state, done.outcome.get("unchanged")) == ("done", 3)


# Code sheets.


def printed_by(db: Database, world: World, do, chosen: Chosen, who: str = "admin") -> tuple[Errand, bytes]:
    with db.write() as session:
        actor = world.actor(session, who)
        errand = sheets.promise(session, chosen, actor=actor, at=world.clock.now, key=str(new_id()))
    done = do(errand)
    return done, errand_files.path_of(
        done.storage_key, get_settings().errand_files
    ).read_bytes() if done.storage_key else b""


def test_code_sheets_of_an_area_open_the_pages_of_its_venues(db: Database, world: World, do) -> None:
    with db.write() as session:
        district = session.execute(select(Area.id).where(Area.code == "chengyang")).scalar_one()
        session.add(Organisation(id=new_id(), code="dd", name="澄阳区消防救援大队", kind="brigade", area_id=district,
                                 from_on=date(2020, 1, 1)))  # fmt: skip

    done, pdf = printed_by(db, world, do, Chosen("A6", venue_list.Wanted(area="chengyang")))

    read_back = [printed.codes(page) for page in printed.pages(pdf)]
    assert sorted(url for page in read_back for url in page) == sorted(
        f"{get_settings().public_url}/v/{world.codes[key]}" for key in ("kuancheng", "market", "lonely")
    )
    assert "澄阳区消防救援大队" in printed.words(pdf)
    assert (done.done, done.total, done.media_type) == (3, 3, "application/pdf")


def test_labels_of_facilities_open_their_pages(db: Database, world: World, do) -> None:
    with db.write() as session:
        codes = {facility(session, world, number).code for number in range(3)}

    _, pdf = printed_by(db, world, do, Chosen("labels", venue_list.Wanted(), kind="extinguisher"))

    assert {url.rpartition("/")[2] for url in printed.codes(printed.pages(pdf)[0])} == codes


def test_sheets_are_printed_for_venues_within_reach_only(db: Database, world: World, do) -> None:
    done, pdf = printed_by(db, world, do, Chosen("A5", venue_list.Wanted(), tuple(world.codes.values())), who="warden")

    assert done.state == "done"
    assert [printed.codes(page)[0].rpartition("/")[2] for page in printed.pages(pdf, dpi=100)] == [
        world.codes["kuancheng"]
    ]


def test_nothing_to_print_is_said(db: Database, world: World, do) -> None:
    done, _ = printed_by(db, world, do, Chosen("A5", venue_list.Wanted(area="nowhere")))

    assert (done.state, "nothing to print" in str(errands.reason_of(done))) == ("failed", True)


def test_more_than_one_pdf_holds_is_refused_before_it_is_begun(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sheets.MOST, "venues", 2)

    chosen = Chosen("A5", venue_list.Wanted())
    with db.write() as session:
        actor = world.actor(session, "admin")
        with pytest.raises(TooManySheets) as refused:
            sheets.promise(session, chosen, actor=actor, at=world.clock.now, key="x")

    assert "3 codes" in str(refused.value.reason)


def test_a_worker_that_died_half_way_leaves_nothing_and_the_next_one_does_it_all(
    db: Database, world: World, promise, tmp_path: Path
) -> None:
    errand = promise("import_table", tables.workbook(tmp_path / "a.xlsx", [venue(1)]))
    with db.write() as session:  # claimed by a worker that is never heard of again
        errands.claim(session, ["import_table"], worker="dead", at=world.clock.now, lease=timedelta(minutes=1), most=1)
    world.clock.advance(minutes=2)

    done = chores.do(db, errand.id, at=world.clock.now)

    assert (done.state, done.attempts, done.outcome["new"]) == ("done", 2, 1)
    with db.read() as session:
        assert (
            session.execute(select(func.count()).where(col(Person.name) == "张1").select_from(Person)).scalar_one() == 1
        )
        entries = select(func.count()).where(col(RegisterEntry.kind) == "import").select_from(RegisterEntry)
        assert session.execute(entries).scalar_one() == 1
