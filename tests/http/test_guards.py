"""Every address says who may call it, and a form that another site makes the browser send is not taken."""

from __future__ import annotations

import base64

import pytest
from sqlmodel import select

from api import deps
from api.access import Access, Router, UnguardedRoute, access_of
from api.app import routers
from api.problem import JSON_PATHS
from api.routes import endpoints
from domain.language import LOCALES
from domain.models import SignIn
from tests.http.conftest import ORIGIN, PASSWORD

FILLED = {"number": "JB-2026-000001", "name": "comment", "receipt": "ABCDEFGHJKMN", "code": "AAAAAAAA", "size": "full"}
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def filled(path: str) -> str:
    for place in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{place}}}", FILLED.get(place.split(":")[0], "x"))
    return path


def test_route_without_a_rule_cannot_be_made():
    router = Router()

    def nobody_said_who():
        """Answer anybody, by mistake."""

    with pytest.raises(UnguardedRoute):
        router.get("/open")(nobody_said_who)


def test_every_route_has_a_rule(app):
    routes = [route for route in endpoints(app) if route.path != "/static"]
    assert len(routes) > 30
    without = [route.path for route in routes if access_of(route.endpoint) is None]
    assert without == []
    assert all(isinstance(router, Router) for router in routers())


def test_everything_behind_the_sign_in_asks_for_it(app, anybody):
    for route in endpoints(app):
        if route.path == "/static" or access_of(route.endpoint) is not Access.STAFF:
            continue
        for method in route.methods - {"HEAD"}:
            answer = anybody.request(method, filled(route.path), headers={"accept": "text/html"})
            told = (answer.status_code, answer.headers.get("location", ""))
            if route.path.startswith(JSON_PATHS):
                assert told == (401, ""), f"{method} {route.path}"
            else:
                assert told[0] == 303, f"{method} {route.path}"
                assert told[1].startswith("/login?next=/"), f"{method} {route.path}"


def test_steps_of_a_sign_in_are_for_who_has_begun_one_and_for_no_program(app, anybody, program):
    headers = program("handler") | {"accept": "text/html"}
    tried = []
    for route in endpoints(app):
        if route.path == "/static" or access_of(route.endpoint) is not Access.BEGUN:
            continue
        for method in route.methods - {"HEAD"}:
            for given in ({"accept": "text/html"}, headers):
                answer = anybody.request(method, filled(route.path), headers=given)
                assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login"), f"{method} {route.path}"
            tried.append(route.path)
    assert {"/login/second", "/account/app", "/account/password", "/logout"} <= set(tried)


def test_every_public_form_refuses_another_site(app, anybody):
    tried = []
    for route in endpoints(app):
        if access_of(route.endpoint) in (Access.PUBLIC, Access.RECEIPT) and route.methods & WRITES:
            for headers in (
                {"origin": "https://evil.example"},
                {"origin": "null"},
                {"origin": "http://["},
                {"sec-fetch-site": "cross-site", "origin": ORIGIN},
                {"sec-fetch-site": "same-site"},
            ):
                answer = anybody.post(filled(route.path), headers=headers, data={})
                assert answer.status_code == 403, f"{route.path} {headers}"
                tried.append(route.path)
    assert "/api/v1/hazard-reports" in tried
    assert "/login" in tried


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": ORIGIN},
        {"origin": "http://localhost:8000"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_own_forms_and_programs_are_taken(anybody, world, headers):
    body = {"venue_code": world.codes["kuancheng"], "hazard": "equipment"}
    assert anybody.post("/api/v1/hazard-reports", json=body, headers=headers).status_code == 201


@pytest.fixture
def handler(anybody, account):
    """Signed in with a cookie; returns the CSRF token as a page has it."""
    account("handler")
    return anybody.post("/login", data={"username": "handler", "password": PASSWORD})


@pytest.fixture
def csrf(handler, db):
    assert handler.status_code == 303
    with db.read() as session:
        return session.exec(select(SignIn)).one().csrf


def comment(client, *, version=1, **headers):
    return client.post(
        "/api/v1/cases/JB-2026-000001/transitions/comment",
        json={"version": version, "text": "看一下"},
        headers={name: text.encode("latin-1") for name, text in headers.items()},
    )


def test_cookie_alone_moves_nothing(anybody, csrf, world):
    body = {"venue_code": world.codes["kuancheng"], "hazard": "equipment"}
    anybody.post("/api/v1/hazard-reports", json=body)

    without = comment(anybody)
    garbage = [
        comment(anybody, **{"x-csrf-token": text})
        for text in ("x", "AAAA", csrf, deps.masked("another" * 4), "\xff\xfe")
    ]
    foreign = comment(anybody, **{"x-csrf-token": deps.masked(csrf), "sec-fetch-site": "cross-site"})
    right = comment(anybody, **{"x-csrf-token": deps.masked(csrf)})

    assert [answer.status_code for answer in (without, *garbage, foreign)] == [403] * 7
    assert (right.status_code, right.json()["version"]) == (200, 2)


def test_masked_tokens_differ_each_time_and_mean_the_same():
    token = "a-csrf-token-of-some-length"
    masks = {deps.masked(token) for _ in range(50)}
    assert len(masks) == 50
    assert {deps.unmasked(mask) for mask in masks} == {token.encode()}
    assert all(token.encode() not in base64.urlsafe_b64decode(mask) for mask in masks)


def test_staff_cookie_is_hidden_from_scripts_and_other_sites(handler):
    cookie = handler.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


ALWAYS = {
    "content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "permissions-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy", "cache-control",
}  # fmt: skip


def test_every_answer_carries_the_security_headers(app, anybody):
    for route in endpoints(app):
        answer = anybody.get(filled(route.path))
        assert set(answer.headers) >= ALWAYS, route.path
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert "server" not in answer.headers
    for path in ("/nothing", "/static/none.css", "/static/../pyproject.toml", "/api/v1/nothing"):
        answer = anybody.get(path)
        assert answer.status_code == 404
        assert set(answer.headers) >= ALWAYS, path


def test_crash_is_answered_with_headers_in_both_shapes(anybody, monkeypatch):
    def crash(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("api.operations.metrics.exposed", crash)
    answer = anybody.get("/metrics")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/failed")
    assert set(answer.headers) >= ALWAYS
    for locale in LOCALES:
        said = anybody.get(f"/metrics?lang={locale}").json()["title"]
        assert said.isascii() == (locale == "en")


def test_error_page_says_what_was_kept_and_what_to_do(anybody):
    for locale, words in (
        ("zh_CN", ("没有这个页面", "没有保存任何内容。")),
        ("en", ("There is no such page", "Nothing was saved.")),
    ):
        page = anybody.get(f"/nothing?lang={locale}", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert all(word in page.text for word in words)
    assert (
        anybody.get("/nothing", headers={"accept": "application/json"}).headers["content-type"]
        == "application/problem+json"
    )
