"""Health says what is true of every part; metrics hold no code and no receipt."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import OperationalError

from api.pages.staff_frame import troubles_of
from domain import heartbeats, people, reports
from domain.parts import PartStatus, write_status
from domain.patrols import planning_days
from domain.patrols.planning import Planned
from domain.reports import Intake
from domain.settings import get_settings
from tests.http.test_rest_story import report_body
from tests.patrol_ground import Ground

FIELDS = {"status", "database", "worker", "prefect", "gateway", "exchange", "oldest_due_seconds", "patrols"}


def beat(db, world, part="worker", **data):
    with db.write() as session:
        heartbeats.beat(session, part, "one", at=world.clock.now, data=data)


def test_without_a_worker_nothing_promised_is_kept_and_health_says_so(anybody):
    answer = anybody.get("/healthz")
    body = answer.json()
    assert (answer.status_code, body["status"], body["worker"], body["database"]) == (503, "down", "none", "running")
    assert set(body) >= FIELDS
    assert (body["gateway"], body["exchange"], body["prefect"]) == ("none", "none", "none")


def test_with_a_worker_all_is_well(anybody, db, world):
    beat(db, world)
    answer = anybody.get("/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["worker"]) == (200, "ok", "running")


def test_silent_worker_is_stopped(anybody, db, world):
    beat(db, world)
    world.clock.advance(seconds=heartbeats.ALIVE_WITHIN.total_seconds() + 1)
    answer = anybody.get("/healthz")
    assert (answer.status_code, answer.json()["worker"]) == (503, "stopped")


def test_prefect_away_degrades_and_does_not_fail(anybody, db, world):
    beat(db, world, prefect="away")
    answer = anybody.get("/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["prefect"]) == (200, "degraded", "away")


def test_silent_gateway_degrades(anybody, db, world):
    beat(db, world, part="gateway")
    world.clock.advance(minutes=1)
    beat(db, world)
    body = anybody.get("/healthz").json()
    assert (body["status"], body["gateway"]) == ("degraded", "stopped")


def test_health_says_when_today_s_patrols_are_not_planned(anybody, db, world):
    before = anybody.get("/healthz").json()["patrols"]
    with db.write() as session:
        Ground(world).plan(session, "kuancheng", "daily")
    without = anybody.get("/healthz").json()["patrols"]
    with db.write() as session:
        today = people.local_day(world.clock.now)
        planning_days.note_planned(session, today, Planned(), at=world.clock.now)
    assert (before, without, anybody.get("/healthz").json()["patrols"]) == ("planned", "behind", "planned")


def test_health_and_the_frame_of_staff_pages_say_the_same(anybody, db, world):
    write_status(get_settings().data_dir, {"prefect": PartStatus("prefect", "starting", 1, "", restarts=1)})
    beat(db, world, prefect="joined", since=world.clock.now.isoformat())
    beat(db, world, part="exchange")
    world.clock.advance(seconds=2)

    body = anybody.get("/healthz").json()
    with db.read() as session:
        troubles = troubles_of(session, at=world.clock.now, data_dir=get_settings().data_dir)
    write_status(get_settings().data_dir, {"exchange": PartStatus("exchange", "failing", None, "", restarts=9)})
    without_exchange = anybody.get("/healthz").json()
    with db.read() as session:
        troubles_without = troubles_of(session, at=world.clock.now, data_dir=get_settings().data_dir)

    assert (body["status"], body["prefect"]) == ("degraded", "restarting")
    assert ["Prefect" in str(trouble.words) for trouble in troubles] == [True]
    assert (without_exchange["status"], without_exchange["exchange"]) == ("degraded", "failing")
    assert ["telephone" in str(trouble.words) for trouble in troubles_without] == [True]


def test_oldest_promise_is_measured(anybody, db, world):
    with db.write() as session:
        reports.open_report(
            session, Intake(**report_body(world)), actor=reports.reporter_of(reports.Case(id=None)), at=world.clock.now
        )
    world.clock.advance(seconds=90)
    assert anybody.get("/healthz").json()["oldest_due_seconds"] == pytest.approx(90)


def test_database_that_does_not_answer_is_down(anybody, db, monkeypatch):
    def away(*_, **__):
        raise OperationalError("SELECT 1", {"phone": "13912345678"}, Exception("gone"))

    monkeypatch.setattr(type(db), "read", away)
    answer = anybody.get("/healthz")
    page = anybody.get("/api/v1/hazard-reports/ABCDEFGHJKMN")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "down", "stopped")
    assert set(answer.json()) >= FIELDS
    assert (page.status_code, page.json()["type"], page.headers["retry-after"]) == (503, "/problems/unavailable", "10")
    assert "13912345678" not in page.text


def test_metrics_and_access_log_name_routes_not_addresses(anybody, world, program, caplog):
    caplog.set_level(logging.INFO, logger="fireline.access")
    made = anybody.post("/api/v1/hazard-reports", json=report_body(world)).json()
    anybody.get(f"/api/v1/hazard-reports/{made['receipt']}?secret=1")
    anybody.get(f"/v/{world.codes['kuancheng']}")
    anybody.get(f"/r/{made['receipt']}")
    anybody.get(f"/nothing/{made['receipt']}")
    anybody.get(f"/api/v1/cases/{made['number']}", headers=program("handler"))

    text = anybody.get("/metrics").text

    lines = "\n".join(record.getMessage() for record in caplog.records if record.name == "fireline.access")
    assert "GET /api/v1/hazard-reports/{receipt} 200" in lines
    assert "GET /r/{receipt} 200" in lines
    assert "GET (none) 404" in lines
    for secret in (made["receipt"], world.codes["kuancheng"], made["number"], "secret"):
        assert secret not in lines
        assert secret not in text
    assert (
        'fireline_http_requests_total{method="GET",route="/api/v1/hazard-reports/{receipt}",status="200"} 1.0' in text
    )
    assert 'fireline_open_cases{process="hazard_report",state="reported"} 1.0' in text
    assert 'fireline_outbox{state="due"} 1.0' in text


def test_description_names_every_json_route_and_who_needs_a_token(anybody):
    document = anybody.get("/api/openapi.json").json()
    paths = document["paths"]
    assert {
        "/api/v1/hazard-reports",
        "/api/v1/uploads",
        "/api/v1/cases/{number}/transitions/{name}",
        "/healthz",
    } <= set(paths)
    assert paths["/api/v1/cases"]["get"]["security"] == [{"token": []}]
    assert "security" not in paths["/api/v1/hazard-reports"]["post"]
    assert not [path for path in paths if path.startswith(("/login", "/webhooks", "/r/", "/v/"))]
    listed = anybody.get("/api/docs").text
    assert "/api/v1/uploads" in listed
    assert "http" not in listed.replace("http-equiv", "").replace("https://", "X"), "nothing is loaded from elsewhere"
    assert "https://" not in listed
