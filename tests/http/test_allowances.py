"""Callers without a name send as much as people do, and not more; bodies are as long as their address needs."""

from __future__ import annotations

import json
import uuid

import pytest
from sqlmodel import func, select
from starlette.testclient import TestClient

from api.allowances import PHOTOS, REPORTS
from api.app import create_app
from api.middleware.limits import FORM, JSON, SHORT, WITH_PHOTOS
from domain.models import Case, Photo
from tests.http.conftest import ORIGIN
from tests.http.test_rest_story import report_body
from tests.pictures import jpeg
from tests.visitor import Visitor, hidden_fields, kept_photos, photo, seen

HERE = "203.0.113.7"


@pytest.fixture
def caller(db, world, settings):
    """Give a client at an address."""
    made = create_app(db, settings)
    made.state.clock = lambda: world.clock.now

    def at(address: str = HERE) -> TestClient:
        return TestClient(made, base_url=ORIGIN, client=(address, 4000), follow_redirects=False)

    return at


def how_many(db, table=Case) -> int:
    with db.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def spend_all(client, world):
    for _ in range(REPORTS.most):
        assert client.post("/api/v1/hazard-reports", json=report_body(world)).status_code == 201


def test_reports_from_one_address_are_bounded_and_others_and_colleagues_are_not(caller, db, world, program):
    client = caller()
    spend_all(client, world)
    world.clock.advance(minutes=4)

    refused = client.post("/api/v1/hazard-reports?lang=en", json=report_body(world))

    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-attempts")
    assert refused.headers["retry-after"] == "360"
    assert "wait 6 min" in refused.json()["detail"]
    assert how_many(db) == REPORTS.most
    for who, headers in (
        (caller("203.0.113.8"), {}),
        (client, program("handler")),
        (caller("127.0.0.1"), {}),
        (caller("::1"), {}),
    ):
        assert who.post("/api/v1/hazard-reports", json=report_body(world), headers=headers).status_code == 201
    world.clock.advance(minutes=6)
    assert client.post("/api/v1/hazard-reports", json=report_body(world)).status_code == 201, (
        "ten minutes from the first"
    )


def test_report_that_was_refused_is_not_counted(caller, world):
    client = caller()
    for _ in range(REPORTS.most + 5):
        assert client.post("/api/v1/hazard-reports", json=report_body(world, phone="12")).status_code == 422
    assert client.post("/api/v1/hazard-reports", json=report_body(world)).status_code == 201


def test_page_says_to_wait_and_keeps_everything_typed(caller, db, world):
    visitor = Visitor(caller(), world)
    spend_all(visitor.client, world)

    answer = visitor.sends(visitor.report_path(), photos=[("a.jpg", photo())], hazard="escape", description="出口锁着")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
    assert "请等待" in seen(answer)
    assert "出口锁着</textarea>" in answer.text
    assert len(kept_photos(answer.text)) == 1
    world.clock.advance(minutes=10)
    again = visitor.posts(
        visitor.report_path(), hazard="escape", description="出口锁着", form=hidden_fields(answer.text)["form"],
        kept=kept_photos(answer.text),
    )  # fmt: skip
    assert again.status_code == 303
    assert how_many(db) == REPORTS.most + 1


def test_photos_from_one_address_are_bounded_in_forms_and_uploads_alike(caller, db, world, program):
    client = caller()
    picture = jpeg()

    def upload(**headers):
        return client.post("/api/v1/uploads", files={"file": ("a.jpg", picture, "image/jpeg")}, headers=headers)

    for _ in range(PHOTOS.most - 1):
        assert upload().status_code == 201
    visitor = Visitor(client, world)
    answer = visitor.sends(visitor.report_path(), photos=[("a.jpg", picture)] * 2, hazard="escape", description="出口")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
    assert "出口</textarea>" in answer.text
    assert upload().status_code == 201, "what was refused was not counted"
    assert upload().status_code == 429
    assert upload(**program("handler")).status_code == 201
    assert how_many(db, Photo) == PHOTOS.most + 1
    assert how_many(db) == 0


def test_information_with_too_many_photos_is_given_back(caller, world):
    visitor = Visitor(caller(), world)
    receipt = visitor.reports()
    picture = jpeg()
    for _ in range(PHOTOS.most):
        visitor.client.post("/api/v1/uploads", files={"file": ("a.jpg", picture, "image/jpeg")})

    answer = visitor.posts(f"/r/{receipt}/add_information", photos=[("a.jpg", picture)], text="二楼也是", version="1")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
    assert "二楼也是</textarea>" in answer.text


# Keys of repeated requests


def test_key_of_somebody_without_a_name_is_long_and_theirs_alone(caller, world):
    body, key = report_body(world), {"Idempotency-Key": str(uuid.uuid4())}
    mine = caller().post("/api/v1/hazard-reports", json=body, headers=key)

    again, theirs = (
        caller(address).post("/api/v1/hazard-reports", json=body, headers=key) for address in (HERE, "198.51.100.1")
    )

    assert again.json() == mine.json()
    assert theirs.status_code == 201
    assert theirs.json()["receipt"] != mine.json()["receipt"], "a key that was guessed opens nobody's report"
    short = caller().post("/api/v1/hazard-reports?lang=en", json=body, headers={"Idempotency-Key": "k" * 15})
    assert short.status_code == 422
    assert "16 characters" in short.json()["errors"][0]["message"]


def test_key_of_a_program_with_a_token_may_be_short(caller, world, program):
    headers = {**program("handler"), "Idempotency-Key": "12345678"}
    answers = [
        caller(address).post("/api/v1/hazard-reports", json=report_body(world), headers=headers)
        for address in (HERE, "198.51.100.1")
    ]
    assert answers[0].json()["receipt"] == answers[1].json()["receipt"]


@pytest.mark.parametrize("key", ["", "k", "k" * 7])
@pytest.mark.parametrize(
    ("language", "beginning"), [("zh_CN", "键（"), ("en", "A key"), ("zh_CN", "没有令牌"), ("en", "Without")]
)
def test_a_key_too_short_is_told_the_least_length(caller, world, program, *, key, language, beginning):
    knows = beginning in ("键（", "A key")
    headers = {**(program("handler") if knows else {}), "Idempotency-Key": key}

    answer = caller().post(f"/api/v1/hazard-reports?lang={language}", json=report_body(world), headers=headers)

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "Idempotency-Key")
    assert error["message"].startswith(beginning)
    assert f" {8 if knows else 16} " in error["message"]


def test_the_rule_for_keys_is_described(anybody):
    operation = anybody.get("/api/openapi.json").json()["paths"]["/api/v1/hazard-reports"]["post"]
    key = next(parameter for parameter in operation["parameters"] if parameter["name"] == "idempotency-key")
    assert "without a token 16" in key["description"]
    assert '"minLength": 8' in json.dumps(key["schema"])
    assert "429" in operation["description"]


# Bodies


@pytest.mark.parametrize(
    ("path", "kind", "limit"),
    [
        ("/webhooks/twilio/voice", "application/x-www-form-urlencoded", SHORT),
        ("/login", "application/x-www-form-urlencoded", SHORT),
        ("/login", "multipart/form-data; boundary=x", SHORT),
        ("/r", "multipart/form-data; boundary=x", SHORT),
        ("/api/v1/hazard-reports", "application/json", JSON),
        ("/report", "application/x-www-form-urlencoded", FORM),
        ("/report", "multipart/form-data; boundary=x", WITH_PHOTOS),
        ("/api/v1/uploads", "multipart/form-data; boundary=x", WITH_PHOTOS),
    ],
)
def test_body_is_as_long_as_its_address_needs(anybody, path, kind, limit):
    def announced(length):
        return anybody.post(
            path, headers={"content-type": kind, "content-length": str(length)}, content=b""
        ).status_code

    assert announced(limit + 1) == 413
    assert announced(limit) != 413


def test_body_that_announces_nothing_is_cut_off(anybody):
    answer = anybody.post(
        "/login",
        content=(b"x" * 1024 for _ in range(65)),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413
