"""Tables in and out at a city's size: 65,000 venues from a workbook into the register and out again, 500 code sheets.

Beside each its anchor: openpyxl and one COPY into a bare table; XlsxWriter alone; WeasyPrint on pages with nothing but
the code.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from sqlalchemy import text
from sqlmodel import Session

from documents import code_sheets, exports, qr
from documents.code_sheets import VenueSheet
from documents.tables_in import open_table
from documents.tables_out import OutColumn, write_xlsx
from domain import schema
from domain.actors import SYSTEM
from domain.credit_code import check_character
from domain.database import Database, open_database
from domain.exports.asked import Asked
from domain.identifiers import new_id, new_venue_code
from domain.imports import importing
from domain.imports.kinds import KINDS
from domain.imports.terms import Terms
from domain.language import CHINESE
from domain.queries import venue_list
from tests.cluster import Cluster
from tests.world import build_world

VENUES = 65_000
ROWS_WITH_ONE_ERROR = 100_000
SHEETS = 500
HEADS = ("统一社会信用代码", "场所名称", "场所类别", "行业", "地址", "所属区域", "纬度", "经度", "坐标系", "场所电话",
         "营业时间", "启用日期", "层数", "消防安全责任人", "责任人手机", "消防安全管理人", "管理人手机")  # fmt: skip


def rows(count: int, *, bad: int | None = None) -> Iterator[Sequence[Any]]:
    """Yield venues, each with two people; the row `bad` has a class there is none of."""
    chance = random.Random(7)
    for number in range(count):
        body = f"91530481MA{number:07}"
        yield (
            body + check_character(body), f"第 {number} 号店铺", "V99" if number == bad else f"V{1 + number % 14:02}",
            "commerce", f"环城北路 {number} 号", "guanglong", 24.5 + chance.random() / 10, 129.5 + chance.random() / 10,
            "GCJ-02", f"0877-{6_000_000 + number}", "每天 09:00-22:00", date(2026, 1, 1), 1 + number % 6, f"张{number}",
            f"138{number:08}", f"李{number}", f"139{number:08}",
        )  # fmt: skip


def workbook(path: Path, count: int, **how: Any) -> Path:
    """Write the table."""
    write_xlsx(path, [OutColumn(head) for head in HEADS], rows(count, **how), title="场所", locale=CHINESE)
    return path


def imported(database: Database, path: Path) -> importing.Looked:
    """Do what the page and the command do, from the file to the commit."""
    terms, kind = Terms(SYSTEM, datetime.now(UTC), update=False, source={"file": path.name}), KINDS["venues"]
    with open_table(path) as table:
        looked = importing.look(database, kind, table.rows, terms)
    if looked.faults.total:
        return looked
    with database.write() as session:
        return importing.carry_out(session, kind, looked, terms, import_id=new_id())


def bare_import(database: Database, path: Path) -> None:
    """Read the same file with openpyxl and copy it into one table of texts, unchecked."""
    sheet = openpyxl.load_workbook(path, read_only=True).active
    columns = ", ".join(f"c{index} text" for index in range(len(HEADS)))
    with database.write() as session:
        session.execute(text(f"CREATE TABLE bare ({columns})"))
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
            for row in sheet.iter_rows(min_row=2, values_only=True):
                copy.write_row([None if value is None else str(value) for value in row])


def bare_export(path: Path, session: Session) -> None:
    """Write the venues' own columns with nothing looked up beside them."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(session.execute(text("SELECT * FROM venue"))):
            for index, value in enumerate(row):
                sheet.write_string(number, index, str(value))


def bare_sheets(count: int) -> bytes:
    """Render so many pages with a code and nothing else."""
    from weasyprint import HTML  # noqa: PLC0415 - measured by itself

    pages = []
    for _ in range(count):
        drawn = qr.draw(f"https://fire.example.gov.cn/v/{new_venue_code()}")
        pages.append(
            f'<section><svg viewBox="0 0 {drawn.width} {drawn.width}"><path d="{drawn.path}"/></svg></section>'
        )
    style = "@page{size:A5}section{break-after:page}svg{width:90mm;height:90mm}"
    made: bytes = HTML(string=f"<style>{style}</style>{''.join(pages)}").write_pdf()
    return made


def sheets(count: int) -> bytes:
    """Render so many sheets as they are printed."""
    made = []
    for number in range(count):
        code = new_venue_code()
        made.append(VenueSheet(f"https://fire.example.gov.cn/v/{code}", code, f"第 {number} 号店铺", "", "环城北路",
                               "消防救援大队", date(2026, 11, 20)))  # fmt: skip
    return code_sheets.venue_sheets(made, size="A5")


def seconds(work: Callable[[], Any]) -> float:
    """Return how long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _row(what: str, ours: float, bare: float, beside: str, to_reach: str) -> dict[str, Any]:
    return {"what": what, "ours": f"{ours:.1f} s", beside: f"{bare:.1f} s", "ratio": round(ours / bare, 1),
            "to reach": to_reach}  # fmt: skip


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure each beside its anchor, and say how much memory the whole took."""
    database = open_database(cluster.create_database("tables"))
    schema.upgrade(database)
    with database.write() as session:
        build_world(session)
    path = workbook(folder / "venues.xlsx", VENUES)
    ours, bare = seconds(lambda: imported(database, path)), seconds(lambda: bare_import(database, path))
    what = f"import {VENUES:,} venues with two people each, XLSX → PostgreSQL"
    yield _row(what, ours, bare, "openpyxl + COPY", "≤ 60 s")
    again = seconds(lambda: imported(database, path))
    yield _row("the same file again: nothing changes", again, bare, "openpyxl + COPY", "—")

    long = workbook(folder / "long.xlsx", ROWS_WITH_ONE_ERROR, bad=ROWS_WITH_ONE_ERROR - 1)
    found: list[importing.Looked] = []
    spent = seconds(lambda: found.append(imported(database, long)))
    where = [complaint.where for complaint in found[0].faults.listed if "V99" in str(complaint.reason)]
    yield {"what": f"{ROWS_WITH_ONE_ERROR:,} rows, one error in the last: {', '.join(where)}", "ours": f"{spent:.1f} s",
           "to reach": f"C{ROWS_WITH_ONE_ERROR + 1} named, nothing written"}  # fmt: skip

    asked, at = Asked("venues", venue_list.Wanted(), CHINESE), datetime.now(UTC)
    with database.read() as session:
        ours = seconds(lambda: exports.write(folder / "out.xlsx", session, asked, actor=SYSTEM, at=at))
        bare = seconds(lambda: bare_export(folder / "bare.xlsx", session))
    yield _row(f"export {VENUES:,} venues", ours, bare, "XlsxWriter alone", "—")

    sheets(2)  # fonts are looked for once
    ours, bare = seconds(lambda: sheets(SHEETS)), seconds(lambda: bare_sheets(SHEETS))
    yield _row(f"{SHEETS} code sheets in one PDF", ours, bare, "WeasyPrint, code only", "≤ 60 s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield {"what": "memory of all this at most", "ours": f"{peak} MB", "to reach": "—"}
    database.dispose()
