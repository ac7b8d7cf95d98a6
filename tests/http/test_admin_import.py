"""Importing on a page: the template, the look, the errors, the confirmation; printing codes; exports of lists."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update

from documents.tables_in import LARGEST_FILE, open_table
from domain.database import Database
from domain.imports.kinds import KINDS
from domain.models import Errand, Post, Venue
from tests import chores, tables
from tests.staff_member import Member, Office, form_of, hidden_fields, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def admin(office: Office) -> Member:
    return office.member("admin")


def venue(number: int = 1, **changes: Any) -> dict[str, Any]:
    known = {"名称": f"第{number}号店", "类别": "V06", "地址": f"老街{number}号", "区域": "guanglong"}
    return known | changes


def uploads(member: Member, path: Path, **fields: str) -> Any:
    form = hidden_fields(form_of(member.opens("/admin/import").text, "/admin/import"))
    return member.client.post(
        "/admin/import", data={"table": "venues", **form, **fields}, files={"file": (path.name, path.read_bytes())},
        follow_redirects=False,
    )  # fmt: skip


def looked_at(office: Office, answer: Any) -> tuple[str, Errand]:
    """Have the errand done whose page an answer leads to; return that page's address."""
    assert answer.status_code == 303, seen(answer)
    address = answer.headers["location"]
    with office.db.read() as session:
        errand_id = next(one.id for one in session.execute(select(Errand)).scalars() if address.endswith(str(one.id)))
    return address, chores.do(office.db, errand_id, at=office.world.clock.now)


def venues_there(db: Database) -> int:
    with db.read() as session:
        return session.execute(select(func.count()).select_from(Venue)).scalar_one()


def test_a_table_is_looked_at_confirmed_and_entered(office: Office, admin: Member, tmp_path: Path) -> None:
    before = venues_there(office.db)
    answer = uploads(admin, tables.workbook(tmp_path / "商户.xlsx", [venue(1), venue(2)]))
    waiting = admin.opens(answer.headers["location"])
    assert 'data-hx-trigger="every 1s"' in waiting.text
    assert "商户.xlsx" in seen(waiting)

    address, _ = looked_at(office, answer)
    page = admin.opens(address)
    assert "新增 2 条" in seen(page)
    assert venues_there(office.db) == before
    taken = admin.sends(address, f"{address}/take")
    result, _ = looked_at(office, taken)

    assert "已全部写入登记库" in seen(admin.opens(result))
    assert venues_there(office.db) == before + 2


def test_a_confirmation_sent_twice_is_one_import(office: Office, admin: Member, tmp_path: Path) -> None:
    address, _ = looked_at(office, uploads(admin, tables.workbook(tmp_path / "a.xlsx", [venue(1)])))

    first, second = admin.sends(address, f"{address}/take"), admin.sends(address, f"{address}/take")

    assert first.headers["location"] == second.headers["location"]


def test_errors_are_listed_by_cell_and_come_as_a_table(office: Office, admin: Member, tmp_path: Path) -> None:
    path = tables.workbook(tmp_path / "a.xlsx", [venue(1, 类别="V77"), venue(2, 区域="atlantis")])
    address, _ = looked_at(office, uploads(admin, path))

    page = admin.opens(address)
    assert "B2 没有类别“V77”" in seen(page)
    assert f'action="{address}/take"' not in page.text
    book = openpyxl.load_workbook(io.BytesIO(admin.opens(f"{address}/errors.xlsx").content))
    _header, *lines = book.active.iter_rows(values_only=True)
    assert [line[0] for line in lines] == ["B2", "D3"], "the area is looked at too, though another row is wrong"
    assert "There is no class" in lines[0][2]
    english = admin.opens(address, lang="en")
    assert "There is no class “V77”" in seen(english)


def test_uploading_and_confirming_ask_for_a_fresh_proof(office: Office, admin: Member, tmp_path: Path) -> None:
    address, _ = looked_at(office, uploads(admin, tables.workbook(tmp_path / "a.xlsx", [venue(1)])))
    before = venues_there(office.db)
    office.world.clock.advance(minutes=11)

    opened = admin.opens("/admin/import")
    csrf = admin.csrf()
    sent = admin.client.post(
        "/admin/import", data={"table": "venues", "csrf": csrf}, files={"file": ("b.csv", b"x")}, follow_redirects=False
    )
    taken = admin.posts(f"{address}/take", csrf=csrf)

    for answer in (opened, sent, taken):
        assert answer.headers["location"].startswith("/account/prove?next=")
    with office.db.read() as session:
        assert session.execute(select(func.count()).select_from(Errand)).scalar_one() == 1
    assert venues_there(office.db) == before


def test_what_cannot_be_confirmed_is_not_taken(office: Office, admin: Member, tmp_path: Path) -> None:
    address, _ = looked_at(office, uploads(admin, tables.workbook(tmp_path / "a.xlsx", [venue(1, 类别="V77")])))

    answer = admin.posts(f"{address}/take", csrf=admin.csrf())

    assert (answer.status_code, answer.headers["location"]) == (303, address)


@pytest.mark.parametrize(
    ("content", "fields", "says"),
    [
        (None, {}, "请选择 .xlsx 或 .csv 文件"),
        (b"x" * (LARGEST_FILE + 1), {}, "文件过大"),
        (b"x", {"table": "dragons"}, "请从给出的选项中选择"),
    ],
)
def test_what_cannot_be_looked_at_is_said_on_the_form(
    admin: Member, content: bytes | None, fields: dict[str, str], says: str
) -> None:
    form = hidden_fields(form_of(admin.opens("/admin/import").text, "/admin/import"))
    files = {"file": ("a.csv", content)} if content is not None else {"other": ("", b"")}

    answer = admin.client.post(
        "/admin/import", data={"table": "people", "update": "1", **form, **fields}, files=files, follow_redirects=False
    )

    assert answer.status_code == 422
    assert says in seen(answer)
    assert 'name="update" value="1" checked' in answer.text


@pytest.mark.parametrize("table", KINDS)
def test_a_template_names_every_column_and_is_a_table_itself(admin: Member, tmp_path: Path, table: str) -> None:
    for lang in ("zh_CN", "en"):
        answer = admin.opens(f"/admin/import/template/{table}", lang=lang)
        (tmp_path / "a.xlsx").write_bytes(answer.content)

        with open_table(tmp_path / "a.xlsx") as opened:
            (header,) = opened.rows
        names = [str(cell.value).removesuffix(" *") for cell in header.cells]
        wanted = [column.title.in_language(lang) for column in KINDS[table].columns if not column.only_out]
        assert names == wanted
        assert "attachment" in answer.headers["content-disposition"]


def test_the_template_offers_the_areas_one_may_write_to(admin: Member) -> None:
    book = openpyxl.load_workbook(io.BytesIO(admin.opens("/admin/import/template/venues").content))

    offered = [cell.value for column in book.worksheets[2].columns for cell in column]

    assert "guanglong 广龙片区" in offered
    assert "V09" in " ".join(str(value) for value in offered)


def test_nobody_else_sees_an_import_or_its_errors(office: Office, admin: Member, tmp_path: Path) -> None:
    address, _ = looked_at(office, uploads(admin, tables.workbook(tmp_path / "a.xlsx", [venue(1, 类别="V77")])))
    other = office.member("supervisor")

    assert {other.opens(path).status_code for path in ("/admin/import", address, f"{address}/errors.xlsx")} == {403}
    second = office.member("admin")
    assert second.opens(address).status_code == 200, "the same person elsewhere"


def test_whoever_reaches_elsewhere_now_reads_neither_the_errors_nor_the_codes_of_before(
    office: Office, admin: Member, program: Any, tmp_path: Path
) -> None:
    wrong = uploads(admin, tables.workbook(tmp_path / "a.xlsx", [venue(1, 类别="不存在的类")]))
    import_page, errand = looked_at(office, wrong)
    asked = admin.sends("/admin/code-sheets", "/admin/code-sheets", layout="A5", area="guanglong")
    sheets_page, _ = looked_at(office, asked)
    pages = (import_page, f"/errands/{errand.id}")
    assert all("不存在的类" in seen(admin.opens(page)) for page in pages)
    assert admin.opens(f"{sheets_page}/file").status_code == 200

    with office.db.write() as session:
        mine = Post.person_id == office.world.people["admin"]
        session.execute(update(Post).where(mine).values(area_id=office.world.areas["chengyang"]))

    for page in pages:
        assert "任职或管辖范围已变" in seen(admin.opens(page))
        assert "不存在的类" not in seen(admin.opens(page))
    assert admin.opens(f"{import_page}/errors.xlsx").status_code == 403
    assert admin.opens(f"{sheets_page}/file").status_code == 403
    assert "任职或管辖范围已变" in seen(admin.opens(f"{sheets_page}/file"))
    told = admin.client.get(f"/api/v1/errands/{errand.id}", headers=program("admin")).json()
    assert (told["state"], told["errors"]) == ("failed", [])


def test_codes_of_an_area_are_made_into_a_pdf(office: Office, admin: Member) -> None:
    answer = admin.sends("/admin/code-sheets", "/admin/code-sheets", layout="A6", area="chengyang")

    address, done = looked_at(office, answer)

    assert (done.state, done.outcome["said_params"]) == ("done", {"count": 3})
    fetched = admin.opens(f"{address}/file")
    assert fetched.content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"layout": "A3"}, "请从给出的选项中选择"),
        ({"layout": "A5", "codes": "7K3M9QAB, 12"}, "以下不是场所编码：7K3M9QAB, 12"),
        ({"layout": "A5", "area": "nowhere"}, "没有可打印的内容"),
        ({"layout": "labels"}, "没有可打印的内容"),
    ],
)
def test_codes_that_cannot_be_printed_are_said_on_the_form(admin: Member, fields: dict[str, str], says: str) -> None:
    answer = admin.sends("/admin/code-sheets", "/admin/code-sheets", **fields)

    assert answer.status_code == 422
    assert says in seen(answer)
    assert re.search(rf'value="{fields["layout"]}" checked', answer.text) or fields["layout"] == "A3"


def test_whoever_may_not_print_or_import_is_told_so(office: Office) -> None:
    inspector = office.member("inspector1")

    assert inspector.opens("/admin/code-sheets").status_code == 403
    assert inspector.opens("/admin/import/template/venues").status_code == 403
