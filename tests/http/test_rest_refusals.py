"""What cannot be is refused with one shape of answer, in the caller's language, and nothing is written."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import func, select

from domain import reports
from domain.models import Case, RepeatedRequest, Throttle, TimelineEntry, VaultItem
from domain.reports import Intake
from tests import looping
from tests.http.test_rest_story import report_body, step


def how_many(db, table=Case) -> int:
    with db.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


@pytest.fixture
def open_report(db, world):
    def make(**changes):
        with db.write() as session:
            intake = Intake(**report_body(world, **changes))
            return reports.open_report(session, intake, actor=reports.reporter_of(Case(id=None)), at=world.clock.now)

    return make


BAD_REPORTS = [
    ({"venue_code": "AAAAAAAA"}, 404, None, "没有此编码的场所"),
    ({"description": None, "hazard": None}, 422, "hazard", None),
    ({"description": "火" * 400_000}, 422, "description", "内容太长"),
    ({"phone": "12"}, 422, "phone", None),
    ({"hazard": "no-such-thing"}, 422, "hazard", None),
    ({"venue_code": None}, 422, "place", None),
    ({"lat": 91.0}, 422, "lat", None),
    ({"photos": ["not-an-id"]}, 422, "photos", None),
    ({"colour": "red"}, 422, "colour", None),
]


@pytest.mark.parametrize(("changes", "status", "field", "words"), BAD_REPORTS)
def test_bad_report_is_refused_by_field_and_opens_nothing(anybody, db, world, changes, status, field, words):
    answer = anybody.post("/api/v1/hazard-reports?lang=zh_CN", json=report_body(world, **changes))

    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "zh-CN"
    if field:
        assert [error["field"] for error in problem["errors"]] == [field]
    if words:
        assert words in str(problem)
    assert how_many(db) == 0
    english = anybody.post("/api/v1/hazard-reports?lang=en", json=report_body(world, **changes)).json()
    assert english["title"].isascii()
    assert english["title"] != problem["title"]


def test_closed_venue_is_gone(anybody, db, world):
    answer = anybody.post("/api/v1/hazard-reports", json=report_body(world, venue_code=world.codes["closed"]))
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/venue-closed")
    assert how_many(db) == 0


def test_body_that_is_no_json_is_refused(anybody):
    headers = {"content-type": "application/json"}
    answer = anybody.post("/api/v1/hazard-reports?lang=en", content=b"{not json", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (422, "This is not valid JSON.")


def test_script_in_text_comes_back_as_text(anybody, world, program):
    script = "<script>alert(1)</script>"
    report = anybody.post("/api/v1/hazard-reports", json=report_body(world, description=script)).json()
    shown = anybody.get(f"/api/v1/cases/{report['number']}", headers=program("handler"))
    assert shown.json()["reporter"]["words"] == script
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["x-content-type-options"] == "nosniff"


# Idempotency


def test_same_key_and_request_gets_the_same_answer_and_opens_nothing(anybody, db, world):
    send = {"json": report_body(world), "headers": {"Idempotency-Key": "7f0c5a3e-4c1d-key"}}

    first, again = anybody.post("/api/v1/hazard-reports", **send), anybody.post("/api/v1/hazard-reports", **send)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert how_many(db) == 1
    with db.read() as session:
        stored = session.exec(select(RepeatedRequest)).one()
    assert first.json()["receipt"] not in str(stored.model_dump())
    assert "7f0c5a3e-4c1d-key" not in str(stored.model_dump())


def test_same_key_with_another_request_is_refused(anybody, db, world):
    headers = {"Idempotency-Key": "7f0c5a3e-4c1d-key"}
    anybody.post("/api/v1/hazard-reports", json=report_body(world), headers=headers)

    other = anybody.post("/api/v1/hazard-reports", json=report_body(world, description="另一件事"), headers=headers)

    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert how_many(db) == 1


def test_refused_request_leaves_its_key_free(anybody, db, world):
    headers = {"Idempotency-Key": "7f0c5a3e-4c1d-key"}
    answers = [
        anybody.post("/api/v1/hazard-reports", json=report_body(world, phone=phone), headers=headers)
        for phone in ("12", "13912345678")
    ]
    assert [answer.status_code for answer in answers] == [422, 201]
    assert how_many(db) == 1


def test_double_submit_at_the_same_moment_opens_one_case(app, db, world):
    body, headers = report_body(world), {"Idempotency-Key": "pressed-twice-at-once"}

    async def press(times: int):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            sent = [client.post("/api/v1/hazard-reports", json=body, headers=headers) for _ in range(times)]
            return await asyncio.gather(*sent)

    answers = looping.run(press(8))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert how_many(db) == 1


# Receipts


def test_wrong_receipt_is_unknown_and_guessing_is_slowed_down(anybody, db, world, open_report):
    opened = open_report()
    wrong = "ABCDEFGHJKMN" if opened.receipt != "ABCDEFGHJKMN" else "ABCDEFGHJKMP"

    answers = [anybody.get(f"/api/v1/hazard-reports/{wrong}") for _ in range(12)]

    assert [answer.status_code for answer in answers[:11]] == [404] * 11
    assert answers[11].status_code == 429
    assert int(answers[11].headers["retry-after"]) >= 1
    blocked = anybody.get(f"/api/v1/hazard-reports/{opened.receipt}")
    assert blocked.status_code == 429, "a right code among many wrong ones does not help the guesser"
    world.clock.advance(seconds=int(answers[11].headers["retry-after"]))
    assert anybody.get(f"/api/v1/hazard-reports/{opened.receipt}").status_code == 200
    with db.read() as session:
        assert wrong not in str([row.model_dump() for row in session.exec(select(Throttle))])


@pytest.mark.parametrize("receipt", ["x", "%00", "a" * 500, "…", "ABCDEFGHJKM"])
def test_what_is_no_receipt_is_unknown_too(anybody, receipt):
    answer = anybody.get(f"/api/v1/hazard-reports/{receipt}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/wrong-receipt")


def test_reporter_does_only_what_reporters_may(anybody, db, open_report):
    opened = open_report()
    url = f"/api/v1/hazard-reports/{opened.receipt}/transitions"

    refused = anybody.post(f"{url}/accept", json={"hazard_code": "FAC-07"})
    unknown = anybody.post(f"{url}/explode", json={})
    early = anybody.post(f"{url}/rate", json={"rating": 5})
    added = anybody.post(f"{url}/add_information", json={"text": "二楼也是"})

    assert (refused.status_code, unknown.status_code, early.status_code) == (403, 404, 409)
    assert (added.status_code, added.json()["version"]) == (200, 2)
    assert "changes" not in early.json(), "a reporter does not read who did what"
    with db.read() as session:
        entry_data = [dict(e.data) for e in session.exec(select(TimelineEntry))]
        assert "二楼也是" not in str(entry_data)
        assert session.exec(select(VaultItem).where(VaultItem.kind == "addition")).one()


# Staff


def test_without_a_name_nothing_of_cases_is_told(anybody, open_report):
    number = open_report().case.number
    for path in ("", f"/{number}", f"/{number}/timeline", f"/{number}/offers", f"/{number}/calls", "/JB-2026-999999"):
        answer = anybody.get(f"/api/v1/cases{path}")
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for bad in ("Bearer nonsense", "Bearer ", "Basic aGFuZGxlcjpmaXJl", "Bearer \x00"):
        assert anybody.get("/api/v1/cases", headers={"authorization": bad}).status_code == 401


def test_case_one_may_not_know_of_is_unknown(anybody, program, open_report):
    number = open_report().case.number
    for who in ("manager", "crew", "warden2"):
        headers = program(who)
        hidden, absent = (anybody.get(f"/api/v1/cases/{n}", headers=headers) for n in (number, "JB-2026-999999"))
        assert (hidden.status_code, hidden.json()) == (404, absent.json())
        url = f"/api/v1/cases/{number}/transitions/comment"
        tried = anybody.post(url, json={"version": 1, "text": "x"}, headers=headers)
        assert tried.status_code == 404
        assert anybody.get("/api/v1/cases", headers=headers).json()["cases"] == []


def test_step_of_another_role_and_missing_fields_and_version(anybody, program, open_report):
    number = open_report(hazard="other").case.number
    url = f"/api/v1/cases/{number}/transitions"
    supervisor, handler = program("supervisor"), program("handler")

    accepted = {"version": 1, "hazard_code": "FAC-07"}
    assert anybody.post(f"{url}/accept", json=accepted, headers=supervisor).status_code == 403
    assert anybody.post(f"{url}/explode", json={"version": 1}, headers=handler).status_code == 404
    missing = anybody.post(f"{url}/reject", json={"version": 1}, headers=handler)
    assert missing.status_code == 422
    assert sorted(error["field"] for error in missing.json()["errors"]) == ["explanation", "reason"]
    for version in (None, "1", True, 1.5, -1, 2**31, 10**30):
        unversioned = anybody.post(f"{url}/remind", json={"version": version}, headers=handler)
        assert (unversioned.status_code, unversioned.json()["errors"][0]["field"]) == (422, "version")
    wrong_code = anybody.post(f"{url}/accept", json={"version": 1, "hazard_code": "XXX-99"}, headers=handler)
    assert (wrong_code.status_code, wrong_code.json()["errors"][0]["field"]) == (422, "hazard_code")
    assert anybody.get(f"/api/v1/cases/{number}", headers=handler).json()["version"] == 1


def test_stale_version_names_what_changed(anybody, program, open_report, world):
    number = open_report(hazard="other").case.number
    handler, supervisor = program("handler"), program("supervisor")
    world.clock.advance(minutes=5)
    step(anybody, number, "accept", handler, hazard_code="FAC-07")
    step(anybody, number, "comment", supervisor, text="请尽快")

    stale = anybody.post(
        f"/api/v1/cases/{number}/transitions/transfer?lang=zh_CN",
        json={"version": 1, "authority": "住建局", "contact": "12345"}, headers=handler,
    )  # fmt: skip

    assert stale.status_code == 409
    problem = stale.json()
    assert (problem["type"], problem["state"], problem["version"]) == ("/problems/case-changed", "accepted", 3)
    assert [(c["transition"], c["label"], c["by"]) for c in problem["changes"]] == [
        ("accept", "受理", "举报受理员"), ("comment", "备注", "主管"),
    ]  # fmt: skip
    assert problem["changes"][0]["at"] == world.clock.now.isoformat()
    assert "请尽快" not in stale.text


def test_step_not_possible_now_says_where_the_case_stands(anybody, program, open_report):
    number = open_report(hazard="other").case.number
    url = f"/api/v1/cases/{number}/transitions/reply"
    answer = anybody.post(url, json={"version": 1, "text": "好"}, headers=program("handler"))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-now")
    assert (answer.json()["state"], answer.json()["version"]) == ("reported", 1)


def test_commit_that_fails_does_not_answer_200(anybody, program, open_report, db, monkeypatch):
    number = open_report(hazard="other").case.number
    handler = program("handler")

    def no_disk(*_):
        raise OperationalError("COMMIT", {"phone": "13912345678"}, Exception("disk full"))

    monkeypatch.setattr(type(db.engine.dialect), "do_commit", no_disk)
    url = f"/api/v1/cases/{number}/transitions/comment"
    answer = anybody.post(url, json={"version": 1, "text": "x"}, headers=handler)
    monkeypatch.undo()

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert anybody.get(f"/api/v1/cases/{number}", headers=handler).json()["version"] == 1


def test_more_writers_than_threads_do_not_wait_for_each_other_for_ever(app, db, world):
    """Sixty at once, with forty threads and one writer: a session held across dependencies deadlocks on it."""

    async def all_at_once():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client:
            body = report_body(world)
            return await asyncio.gather(*(client.post("/api/v1/hazard-reports", json=body) for _ in range(60)))

    answers = looping.run(all_at_once())

    assert {answer.status_code for answer in answers} == {201}
    assert how_many(db) == 60


def test_two_programs_with_the_same_version_one_wins(app, program, open_report):
    number = open_report(hazard="other").case.number
    headers = [program("handler"), program("supervisor")]
    together = threading.Barrier(2)

    def comment(mine):
        async def send():
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                url = f"/api/v1/cases/{number}/transitions/comment"
                return await client.post(url, json={"version": 1, "text": "我先"}, headers=mine)

        together.wait()
        return looping.run(send())

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(comment, headers))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert (loser.json()["version"], [c["transition"] for c in loser.json()["changes"]]) == (2, ["comment"])


@pytest.mark.parametrize(
    "path", ["/api/v1/cases/%00", "/api/v1/cases?area=%00", "/api/v1/cases?state=%00", "/api/v1/cases?q=%00"]
)
def test_nul_in_an_address_is_no_crash(anybody, program, path):
    assert anybody.get(path, headers=program("handler")).status_code in (200, 400, 404)


def test_half_a_character_is_refused_and_nul_is_dropped(anybody, db, world, program):
    body = report_body(world, description="\ud83d")
    half = anybody.post(
        "/api/v1/hazard-reports", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    nul = anybody.post("/api/v1/hazard-reports", json=report_body(world, description="烟\x00感"))

    assert (half.status_code, half.json()["errors"][0]["field"]) == (422, "description")
    shown = anybody.get(f"/api/v1/cases/{nul.json()['number']}", headers=program("handler")).json()
    assert shown["reporter"]["words"] == "烟感"
    assert how_many(db) == 1
