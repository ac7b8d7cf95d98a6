"""`fireline doctor`: what it sees on a machine, and that it names what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api import doctor
from documents import printing
from domain import errands, schema
from domain.database import open_database
from domain.parts import PartStatus, write_status
from domain.settings import get_settings

DEAD = "http://127.0.0.1:9"


@contextmanager
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def examined(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, doctor.Finding]:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    return {finding.what: finding for finding in doctor.examine()}


def test_nothing_is_wrong_with_a_fresh_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(get_settings().url)
    schema.upgrade(database)
    database.dispose()

    found = examined(monkeypatch)

    assert not [finding.line for finding in found.values() if finding.is_fault]
    assert {"python", "keys", "database", "clock", "photos", "calendar", "font", "pdf", "phones", "prefect"} <= set(
        found
    )
    assert found["database"].kind == "ok"


def test_a_task_of_the_system_that_nobody_looks_after_is_worth_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    database, at = open_database(get_settings().url), datetime.now(UTC)
    schema.upgrade(database)
    with database.write() as session:
        errands.promise(session, "sla_report", key="night", at=at)
        [row] = errands.claim(session, ["sla_report"], worker="w", at=at, lease=timedelta(minutes=1), most=1)
        errands.hold(session, row, worker="w", at=at, reason=errands.DIED_OF_IT)
    database.dispose()

    found = examined(monkeypatch)["tasks"]

    assert found.kind == "note"
    assert "sla_report (held)" in found.says
    assert "/errands" in found.mend


def test_a_database_that_is_not_there_yet_is_worth_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = examined(monkeypatch)

    assert found["database"].kind == "note"
    assert "fireline run" in found["database"].mend
    assert not (tmp_path / "fireline.db").exists()


def test_a_database_of_another_version_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fireline.db").touch()

    found = examined(monkeypatch)

    assert found["database"].is_fault
    assert found["database"].mend == "fireline db upgrade"


@pytest.mark.parametrize(
    ("what", "environment", "says"),
    [
        ("keys", {"FIRELINE_MODE": "production"}, "set FIRELINE_SECRET_KEY to 32 or more characters"),
        ("database", {"FIRELINE_DATABASE_URL": "postgresql://127.0.0.1:9/x"}, "correct FIRELINE_DATABASE_URL"),
        ("zone", {"FIRELINE_TIMEZONE": "Mars/Olympus"}, "Mars/Olympus is no time zone"),
        ("settings", {"FIRELINE_LOCALE": "fr"}, "FIRELINE_LOCALE"),
        ("phones", {"FIRELINE_TWILIO_BASE_URL": DEAD}, f"{DEAD} does not answer"),
        ("photos", {"FIRELINE_STORAGE_DIR": "/proc/photos"}, "/proc/photos cannot be written"),
    ],
)
def test_what_is_wrong_is_named_with_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, what: str, environment: dict[str, str], says: str
) -> None:
    found = examined(monkeypatch, **environment)

    assert [finding.what for finding in found.values() if finding.is_fault] == [what]
    assert says in found[what].line
    assert found[what].mend


def test_libraries_that_pdfs_lack_are_named_as_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(printing.LIBRARIES, "libnowhere.so.9", "libnowhere9")

    found = examined(monkeypatch)

    assert (found["pdf"].kind, found["pdf"].mend) == ("note", "apt-get install libnowhere9")


def test_a_prefect_that_is_away_is_worth_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    assert examined(monkeypatch, PREFECT_API_URL=f"{DEAD}/api")["prefect"].kind == "note"


def test_an_exchange_that_is_not_started_yet_is_worth_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, FIRELINE_TWILIO_BASE_URL=DEAD, FIRELINE_EXCHANGE_URL=DEAD)

    assert found["phones"].kind == "note"
    assert "fireline exchange" in found["phones"].mend


def test_a_run_on_other_ports_is_asked_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as exchange, listening() as prefect:
        here = {"web": DEAD, "exchange": exchange, "prefect": prefect, "worker": ""}
        running = {name: PartStatus(name, "running", 1, "", url=url) for name, url in here.items()}
        write_status(get_settings().data_dir, running)

        found = examined(monkeypatch)

    assert (found["phones"].kind, found["phones"].says) == ("ok", f"{exchange} answers")
    assert (found["prefect"].kind, found["prefect"].says) == ("ok", f"{prefect}/api answers")
    assert f"exchange running {exchange}" in found["run"].says
    assert "ports" not in found


def test_a_provider_that_was_named_is_asked_even_while_an_exchange_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as exchange:
        write_status(get_settings().data_dir, {"exchange": PartStatus("exchange", "running", 1, "", url=exchange)})

        found = examined(monkeypatch, FIRELINE_TWILIO_BASE_URL=DEAD)

    assert found["phones"].is_fault
