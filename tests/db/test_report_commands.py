"""`fireline report`: what the timetable does, by hand; editions kept and made again; refusals in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from api.command_line import app
from documents import printing
from domain import accounts
from domain.database import Database
from domain.models import ReportEdition
from domain.reporting import files
from domain.settings import get_settings
from tests import filed
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PERIOD = ("--from", "2026-08-01", "--to", "2026-08-31")


@pytest.fixture(autouse=True)
def _this_database(database_url: str, db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    monkeypatch.setenv("FIRELINE_LOCALE", "zh_CN")
    get_settings.cache_clear()
    filed.some_days(db, world)


def fireline(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def sla(*words: str) -> Result:
    return fireline("report", "sla", *PERIOD, *words)


def test_json_goes_to_standard_output_and_is_kept_as_an_edition(db: Database) -> None:
    done = sla("--format", "json")

    data = json.loads(done.stdout)
    with db.read() as session:
        edition = session.exec(select(ReportEdition)).one()
    assert done.exit_code == 0
    assert data["numbers"]["processes"][0]["cases"]["received"] == 4
    assert data["report"]["id"] == str(edition.id)
    assert edition.files["json"]["sha256"] == files.sum_of(done.stdout.encode())
    assert str(edition.id) in done.stderr


def test_a_form_is_made_where_another_cannot_be(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(printing.LIBRARIES, "libnowhere.so.9", "libnowhere9")

    done, refused = sla("--format", "json"), sla("--format", "pdf")

    assert (done.exit_code, refused.exit_code) == (0, 1)
    assert "libnowhere9" in refused.stderr
    with db.read() as session:
        edition = session.exec(select(ReportEdition)).one()
    assert set(edition.files) == {"json"}
    assert "JSON" in fireline("report", "edition", "verify", str(edition.id)).output


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-"), ("xlsx", b"PK\x03\x04")])
def test_a_file_is_written_where_it_is_wanted(form: str, begins: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"report.{form}"

    done = sla("--format", form, "--output", str(path), "--process", "hazard_report", "--area", "chengyang")

    assert done.exit_code == 0, done.stderr
    assert path.read_bytes().startswith(begins)


def test_a_report_as_of_a_day_counts_what_was_known_then() -> None:
    then, now = (json.loads(sla("--format", "json", *more).stdout) for more in (("--as-of", "2026-08-25"), ()))

    received = [data["numbers"]["processes"][0]["cases"]["received"] for data in (then, now)]
    assert received == [3, 4]
    assert then["as_of"].startswith("2026-08-25T16:00:00")


def test_an_edition_is_verified_and_a_changed_file_found_out(db: Database, tmp_path: Path) -> None:
    sla("--format", "pdf", "--output", str(tmp_path / "a.pdf"))
    with db.read() as session:
        edition = session.exec(select(ReportEdition)).one()

    same = fireline("report", "edition", "verify", str(edition.id))
    path = files.path_of(edition.files["pdf"]["sha256"], get_settings().report_files)
    path.write_bytes(b"%PDF-1.7 forged")
    other = fireline("report", "edition", "recompute", str(edition.id))

    assert (same.exit_code, other.exit_code) == (0, 1)
    assert "PDF" in other.stderr


def test_what_is_wrong_is_said_in_words_with_status_1(db: Database, world: World, tmp_path: Path) -> None:
    with db.write() as session:
        accounts.add_account(session, username="warden", password="a-long-password", person_id=world.people["warden"])
    nowhere = str(tmp_path / "there" / "is" / "none.json")

    for words, said in (
        (("--format", "docx"), "docx"),
        (("--format", "json", "--area", "atlantis"), "atlantis"),
        (("--format", "json", "--hazard", "XYZ-99"), "XYZ-99"),
        (("--format", "json", "--language", "fr"), "fr"),
        (("--format", "json", "--as", "warden"), "Your role may not"),
        (("--format", "json", "--as", "nobody"), "nobody"),
        (("--format", "json", "--output", nowhere), "cannot be written"),
    ):
        refused = sla(*words)

        assert (refused.exit_code, refused.stdout) == (1, ""), words
        assert said in refused.stderr, refused.stderr
    for begins, ends in (("2026-08-20", "2026-08-01"), ("1926-01-01", "2026-01-01"), ("yesterday", "2026-08-01"),
                         ("0001-01-01", "0001-01-02")):  # fmt: skip
        refused = fireline("report", "sla", "--from", begins, "--to", ends, "--format", "json")
        assert refused.exit_code == 1
        assert "--" in refused.stderr
    assert fireline("report", "edition", "verify", "abc").exit_code == 1
