"""`fireline import` and `fireline export`: every error with its cell, all or nothing, within reach, recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api import table_commands
from domain import accounts
from domain.database import Database
from domain.models import RegisterEntry, Venue
from domain.settings import get_settings
from tests import tables
from tests.world import World

PASSWORD = "a-long-password"


@pytest.fixture(autouse=True)
def _this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    get_settings.cache_clear()


def venue(number: int, **changes: Any) -> dict[str, Any]:
    return {"名称": f"第{number}号店", "类别": "V06", "地址": f"老街{number}号", "区域": "guanglong", **changes}


def imported(path: Path, table: str = "venues", **how: Any) -> table_commands.Imported:
    return table_commands.import_table(table, path, **{"dry_run": False, "update": False, "username": "", **how})


def there(db: Database) -> int:
    with db.read() as session:
        return session.execute(select(func.count()).select_from(Venue)).scalar_one()


def entries(db: Database, kind: str) -> list[RegisterEntry]:
    with db.read() as session:
        return list(session.execute(select(RegisterEntry).where(col(RegisterEntry.kind) == kind)).scalars())


@pytest.fixture
def account(db: Database, world: World):
    def make(who: str) -> str:
        with db.write() as session:
            accounts.add_account(session, username=who, password=PASSWORD, person_id=world.people[who])
        return who

    return make


@pytest.mark.usefixtures("world")
def test_a_dry_run_writes_nothing_and_the_real_one_all(db: Database, tmp_path: Path) -> None:
    path, before = tables.workbook(tmp_path / "a.xlsx", [venue(1), venue(2)]), there(db)

    tried = imported(path, dry_run=True)
    assert (tried.is_well, tried.lines) == (True, ("Nothing was written: 2 new, 0 changed, 0 already there.",))
    assert there(db) == before

    done = imported(path)
    assert done.lines == ("Entered into the register: 2 new, 0 changed, 0 already there.",)
    assert there(db) == before + 2
    (entry,) = entries(db, "import")
    assert (entry.actor_name, entry.data["file"]) == ("fireline import", "a.xlsx")
    assert imported(path).lines == ("Entered into the register: 0 new, 0 changed, 2 already there.",)


@pytest.mark.usefixtures("world")
def test_changes_are_written_when_they_are_allowed(db: Database, tmp_path: Path) -> None:
    imported(tables.workbook(tmp_path / "a.xlsx", [venue(1), venue(2)]))
    changed = tables.workbook(tmp_path / "b.xlsx", [venue(1, 电话="0877-6911119"), venue(2)])

    refused, tried, done = (
        imported(changed),
        imported(changed, update=True, dry_run=True),
        imported(changed, update=True),
    )

    assert not refused.is_well
    assert tried.lines == ("Nothing was written: 0 new, 1 changed, 1 already there.",)
    assert done.lines == ("Entered into the register: 0 new, 1 changed, 1 already there.",)
    with db.read() as session:
        assert session.execute(select(Venue.phone).where(Venue.name == "第1号店")).scalar_one() is not None


@pytest.mark.usefixtures("world")
def test_every_error_is_said_in_both_languages_with_its_cell(db: Database, tmp_path: Path) -> None:
    before = there(db)

    done = imported(tables.workbook(tmp_path / "a.xlsx", [venue(1), venue(2, 类别="V99"), venue(3, 地址=None)]))

    assert not done.is_well
    assert done.lines[0].startswith("B3\t没有类别“V99”")
    assert "| There is no class “V99”" in done.lines[0]
    assert done.lines[1].startswith("C4\t")
    assert done.lines[-1] == "Nothing was written: 2 errors."
    assert there(db) == before


@pytest.mark.parametrize(
    ("table", "content", "says"),
    [
        ("dragons", b"x", "there is no table 'dragons'"),
        ("venues", b"", "The file is empty."),
        ("venues", b"PK\x03\x04", "damaged"),
        ("venues", None, "there is no file"),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_cannot_be_begun_is_one_line_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SystemExit) as ended:
        imported(path, table)

    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (1, 1)
    assert says in said


def test_somebody_who_may_not_import_cannot_by_the_command_either(
    tmp_path: Path, account, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tables.workbook(tmp_path / "a.xlsx", [venue(1)])

    with pytest.raises(SystemExit):
        imported(path, username=account("handler"))

    assert "may not do this" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["venues.xlsx", "venues.csv"])
def test_an_export_holds_an_accounts_reach_and_is_recorded(db: Database, tmp_path: Path, account, name: str) -> None:
    said = table_commands.export_table("venues", tmp_path / name, username=account("admin"))

    assert said == f"3 rows in {tmp_path / name}."
    if name.endswith(".xlsx"):
        assert openpyxl.load_workbook(tmp_path / name).active.max_row == 4
    else:
        assert "宽澄·鼎元一期南" in (tmp_path / name).read_text("utf-8-sig")
    (entry,) = entries(db, "export")
    assert (entry.actor_name, entry.data["rows"]) == ("沈管理", 3)
    assert entry.at.tzinfo is not None
    assert entry.at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("table", "name", "who", "says"),
    [
        ("vault", "a.xlsx", "admin", "there is no table 'vault'"),
        ("venues", "a.pdf", "admin", "ends with .xlsx or .csv"),
        ("venues", "a.xlsx", "warden", "may not do this"),
        ("venues", "no/such/folder/a.xlsx", "admin", "cannot be written"),
    ],
)
def test_an_export_that_cannot_be_made_says_why(
    db: Database,
    tmp_path: Path,
    account,
    capsys: pytest.CaptureFixture[str],
    table: str,
    name: str,
    who: str,
    says: str,
) -> None:
    with pytest.raises(SystemExit):
        table_commands.export_table(table, tmp_path / name, username=account(who))

    assert says in capsys.readouterr().err
    assert entries(db, "export") == []
