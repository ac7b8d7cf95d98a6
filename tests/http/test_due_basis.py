"""The article stands beside every deadline: on each page, for reporters and applicants too, and in JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain import cases, reports
from domain.database import Database
from domain.queries.public_report import public_report
from domain.reports import Intake
from domain.settings import get_settings
from tests.journeys import REPORTER, order, press, report
from tests.staff_member import office_of, seen
from tests.visitor import visitor_of
from tests.world import World

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WITHIN_3_DAYS = "《消防监督检查规定》第十八条第一款第二项"
SERVED = "《消防监督检查规定》第十九条"
CORRECTED = "《消防监督检查规定》第二十条"


@ONLY_SQLITE
def test_pages_of_the_staff_say_the_article(db: Database, world: World) -> None:
    with office_of(db, world) as office:
        number = office.report(triaged=True)
        with db.write() as session:
            ordered = order(session, world)
            found = ordered.number
        supervisor, warden = office.member("supervisor"), office.member("warden")

        pages = {
            "case": supervisor.opens(f"/cases/{found}"),
            "queue": supervisor.opens("/cases", view="open"),
            "tasks": warden.opens("/tasks"),
            "task": warden.opens(f"/tasks/{found}"),
            "venue": supervisor.opens(f"/venues/{world.codes['kuancheng']}"),
        }
        report_page = seen(supervisor.opens(f"/cases/{number}"))
        listed = supervisor.client.get("/api/v1/cases", params={"q": found}).json()["cases"][0]
        one = supervisor.client.get(f"/api/v1/cases/{found}").json()

    assert {name for name, page in pages.items() if SERVED not in seen(page)} == set()
    assert "《消防监督检查规定》第十八条" in report_page
    assert listed["due_basis"] == {"rule": "COR-20", "label": SERVED}
    assert listed["provisional"] is False
    assert one["clocks"][0]["due_basis"] == {"rule": "COR-20", "label": SERVED}


@ONLY_SQLITE
def test_reporters_applicants_and_visitors_read_it_too(db: Database, world: World) -> None:
    world.clock.now = datetime(2026, 12, 30, 2, tzinfo=UTC)
    with db.write() as session:
        said = Intake(venue_code=world.codes["kuancheng"], hazard="other", description="有焦味")
        receipt = reports.open_report(session, said, actor=REPORTER, at=world.clock.now).receipt
        press(session, world, order(session, world), "inspector1", "serve", correct_by="2027-03-01")

    with visitor_of(db, world) as visitor:
        venue, followed = visitor.opens(f"/v/{world.codes['kuancheng']}"), visitor.opens(f"/r/{receipt}")
        answered = visitor.client.get(f"/api/v1/hazard-reports/{receipt}")

    assert f"整改期限由监督员依据{CORRECTED}确定" in seen(venue)
    assert WITHIN_3_DAYS in seen(followed)
    assert "暂定：该年放假安排尚未公布" in seen(followed)
    assert answered.json()["ahead"][0]["due_basis"] == WITHIN_3_DAYS
    assert answered.json()["ahead"][0]["provisional"] is True


@ONLY_SQLITE
def test_reporter_in_henan_is_told_until_when_the_province_has_them_told(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRELINE_REGION", "411300")
    get_settings.cache_clear()
    world.clock.now = datetime(2026, 12, 30, 2, tzinfo=UTC)
    with db.write() as session:
        case = cases.by_id(session, report(session, world).id)
        shown = public_report(session, case, at=world.clock.now)

    checked, told, _ = shown.ahead
    assert checked.basis is not None
    assert told.basis is not None
    assert (checked.basis.zh, checked.is_provisional) == (WITHIN_3_DAYS, True)
    assert (told.basis.zh, told.is_provisional) == ("《河南省消防条例》第六十一条", False)
    assert told.due_at == datetime(2027, 1, 19, 16, tzinfo=UTC)
