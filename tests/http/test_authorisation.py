"""Every route × every role × inside and outside of reach, against a table written by hand.

A role gets through, or is told that it may not (403), or that nothing is there (404). What lies outside of reach is
never there. A route that is not in the table fails the test: whoever adds one says here who it is for.
"""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access import Access, access_of
from api.routes import Endpoint, endpoints
from domain import errands
from domain.actors import VENUE_SIDE, Role
from tests import reach
from tests.reach import Side, Stage

R = Role
ALL = frozenset(reach.ROLES)
VENUE = frozenset(VENUE_SIDE)
STAFF = ALL - VENUE
DESK = frozenset({R.HANDLER})
KEEPERS = frozenset({R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR})
ON_SITE = KEEPERS | {R.WARDEN, R.MANAGER, R.OWNER}
CASES = ALL - {R.CREW}
"""Whoever knows of the cases here: the office of the area, who works on them, the venue of its rectifications."""
ADMIN = frozenset({R.ADMINISTRATOR})
CHIEFS = frozenset({R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR})
COVER = frozenset({R.SUPERVISOR, R.ADMINISTRATOR})
EXPORTERS = frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR})
READERS = frozenset({R.HANDLER, R.INSPECTOR, R.SUPERVISOR, R.LEADER})
"""Whoever reads what applicants send."""
PHONES = frozenset({R.HANDLER, R.INSPECTOR, R.OPERATOR, R.WARDEN, R.SUPERVISOR, R.ADMINISTRATOR})
PUBLISHERS = frozenset({R.SUPERVISOR, R.LEADER})
FIGURES = STAFF - {R.CREW}
WATCHES_PATROLS = VENUE | FIGURES - {R.OPERATOR}
PLANNERS = frozenset({R.MANAGER, R.OWNER, R.WARDEN, R.SUPERVISOR, R.ADMINISTRATOR})
WRITERS = frozenset({R.MANAGER, R.OWNER, R.SUPERVISOR, R.ADMINISTRATOR})
"""Whoever writes checklists."""
NOBODY: frozenset[Role] = frozenset()
"""Of those whose posts are over one district: it concerns the whole installation."""

# Address → who gets through where it concerns something of their own district or venue, or nothing in particular.
GETS: dict[str, frozenset[Role]] = {
    "/account": ALL,
    "/account/app": ALL,
    "/account/cover": ALL,
    "/account/password": ALL,
    "/account/prove": ALL,
    "/account/sessions": ALL,
    "/account/tokens": ALL,
    "/admin": CHIEFS,
    "/admin/areas": STAFF,
    "/admin/areas/new": ADMIN,
    "/admin/areas/outlines": ADMIN,
    "/admin/areas/{code}": STAFF,
    "/admin/areas/{code}/{change}": ADMIN,
    "/admin/audit": NOBODY,
    "/admin/calendar": CHIEFS,
    "/admin/code-sheets": ON_SITE,
    "/admin/delegations": COVER,
    "/admin/delegations/new": COVER,
    "/admin/import": ADMIN,
    "/admin/import/template/{table}": ADMIN,
    "/admin/limits": CHIEFS,
    "/admin/limits/{rule}": CHIEFS,
    "/admin/limits/{rule}/{what}": NOBODY,
    "/admin/organisations": STAFF,
    "/admin/organisations/new": ADMIN,
    "/admin/organisations/{code}": STAFF,
    "/admin/organisations/{code}/change": ADMIN,
    "/admin/organisations/{code}/end": ADMIN,
    "/admin/settings": NOBODY,
    "/admin/settings/{key}": NOBODY,
    "/admin/settings/{key}/{what}": NOBODY,
    "/admin/users": CHIEFS,
    "/admin/users/new": ADMIN,
    "/admin/users/{person_id}": CHIEFS,
    "/admin/users/{person_id}/account": ADMIN,
    "/admin/users/{person_id}/accounts/{account_id}/{what}": ADMIN,
    "/admin/users/{person_id}/change": ADMIN,
    "/admin/users/{person_id}/posts/new": ADMIN,
    "/admin/users/{person_id}/posts/{post_id}/end": ADMIN,
    "/admin/vault": NOBODY,
    "/api/v1/cases": ALL,
    "/api/v1/cases/{number}": CASES,
    "/api/v1/cases/{number}/calls": CASES,
    "/api/v1/cases/{number}/offers": CASES,
    "/api/v1/cases/{number}/timeline": CASES,
    "/api/v1/cockpit": FIGURES,
    "/api/v1/map/areas": FIGURES,
    "/api/v1/map/outlines": FIGURES,
    "/api/v1/map/points": FIGURES,
    "/api/v1/deadlines": ALL,
    "/api/v1/notices": ALL,
    "/api/v1/venues": ALL,
    "/api/v1/venues/{code}": ALL,
    "/api/v1/venues/{code}/facilities": ALL,
    "/board": ALL,
    "/cases": ALL,
    "/cases/new": DESK,
    "/cases/{number}": CASES,
    "/cases/{number}/identity": CASES,
    "/cases/{number}/papers/{paper_id}": READERS,
    "/cases/{number}/registered": CASES,
    "/enrolments": ALL,
    "/enrolments/new": DESK,
    "/errands": ALL,
    "/login/second": ALL,
    "/cockpit": FIGURES,
    "/map": FIGURES,
    "/my-place": VENUE,
    "/my-place/XC-{serial}": VENUE,
    "/notices": ALL,
    "/patrol/work": ALL,
    "/api/v1/patrols/compliance": WATCHES_PATROLS,
    "/api/v1/patrols/compliance/tasks": WATCHES_PATROLS,
    "/patrols": WATCHES_PATROLS,
    "/patrols/campaigns": PUBLISHERS | {R.WARDEN},
    "/patrols/campaigns/new": PUBLISHERS,
    "/patrols/campaigns/{campaign_id}": PUBLISHERS,
    "/patrols/checklists": WATCHES_PATROLS,
    "/patrols/checklists/import": WRITERS,
    "/patrols/checklists/new": WRITERS,
    "/patrols/checklists/{template_id}": WATCHES_PATROLS,
    "/patrols/checklists/{template_id}/edit": WRITERS,
    "/patrols/checklists/{template_id}/end": WRITERS,
    "/patrols/checklists/{template_id}/preview": WATCHES_PATROLS,
    "/patrols/checklists/{template_id}/versions/{version_number}.xlsx": WATCHES_PATROLS,
    "/patrols/tasks": WATCHES_PATROLS,
    "/patrols/XC-{serial}": CASES,
    "/photos/{photo_id}/{size}": CASES,
    "/api/v1/reports/editions": EXPORTERS,
    "/api/v1/reports/editions/{edition_id}": EXPORTERS,
    "/api/v1/reports/editions/{edition_id}/{file}": EXPORTERS,
    "/api/v1/reports/sla": EXPORTERS,
    "/api/v1/reports/sla/cases": EXPORTERS,
    "/reports": EXPORTERS,
    "/reports/editions/{edition_id}": EXPORTERS,
    "/reports/editions/{edition_id}/{file}": EXPORTERS,
    "/reports/sla": EXPORTERS,
    "/reports/sla/cases": EXPORTERS,
    "/reports/subscriptions": EXPORTERS,
    "/tasks": ALL,
    "/tasks/{number}": CASES,
    "/tasks/{number}/{name}": CASES,
    "/venues": ALL,
    "/venues/new": KEEPERS,
    "/venues/{code}": ALL,
    "/venues/{code}/buildings/new": ON_SITE,
    "/venues/{code}/buildings/{building_id}/edit": ON_SITE,
    "/venues/{code}/buildings/{building_id}/end": ON_SITE,
    "/venues/{code}/buildings/{building_id}/floors": ON_SITE,
    "/venues/{code}/code": ON_SITE,
    "/venues/{code}/code/sheet": ON_SITE,
    "/venues/{code}/decide/{decision}": COVER,
    "/venues/{code}/documents/new": ON_SITE,
    "/venues/{code}/documents/{document_id}": ALL,
    "/venues/{code}/documents/{document_id}/end": ON_SITE,
    "/venues/{code}/edit": KEEPERS,
    "/venues/{code}/facilities": ALL,
    "/venues/{code}/facilities/new": ON_SITE,
    "/venues/{code}/facilities/{facility_id}/{step}": ON_SITE,
    "/venues/{code}/history": ALL,
    "/venues/{code}/key-parts/new": ON_SITE,
    "/venues/{code}/key-parts/{part_id}/edit": ON_SITE,
    "/venues/{code}/key-parts/{part_id}/end": ON_SITE,
    "/venues/{code}/patrols": WATCHES_PATROLS,
    "/venues/{code}/patrols/ahead": WATCHES_PATROLS,
    "/venues/{code}/patrols/ahead.json": WATCHES_PATROLS,
    "/venues/{code}/patrols/new": PLANNERS,
    "/venues/{code}/patrols/plans/{plan_id}": WATCHES_PATROLS,
    "/venues/{code}/patrols/plans/{plan_id}/edit": PLANNERS,
    "/venues/{code}/patrols/plans/{plan_id}/end": PLANNERS,
    "/venues/{code}/patrols/plans/{plan_id}/start": PLANNERS,
    "/venues/{code}/patrols/rosters/new": PLANNERS,
    "/venues/{code}/patrols/rosters/{roster_id}/edit": PLANNERS,
    "/venues/{code}/patrols/rosters/{roster_id}/end": PLANNERS,
    "/venues/{code}/people/{person_id}/phone": PHONES,
    "/venues/{code}/posts/new": KEEPERS,
    "/venues/{code}/posts/{post_id}/end": KEEPERS,
}
# The same for what changes something. An empty form is refused by whoever may send it (422, 409), not by the door.
POSTS: dict[str, frozenset[Role]] = {
    **{path: who for path, who in GETS.items() if path.endswith(("/new", "/edit", "/end", "/floors", "/change"))},
    "/account/app": ALL,
    "/account/app/codes": ALL,
    "/account/app/remove": ALL,
    "/account/cover": ALL,
    "/account/sessions/end": ALL,
    "/account/tokens": ALL,
    "/admin/areas/outlines": ADMIN,
    "/admin/areas/{code}/{change}": ADMIN,
    "/admin/calendar": NOBODY,
    "/admin/code-sheets": ON_SITE,
    "/admin/import": ADMIN,
    "/admin/limits/{rule}/{what}": NOBODY,
    "/admin/users/{person_id}/account": ADMIN,
    "/admin/users/{person_id}/accounts/{account_id}/{what}": ADMIN,
    "/admin/settings/{key}/{what}": NOBODY,
    "/admin/vault/redact": NOBODY,
    "/admin/vault/rotate": NOBODY,
    "/api/v1/cases/{number}/transitions/reveal_identity": CASES,
    "/api/v1/cases/{number}/transitions/{name}": CASES,
    "/api/v1/notices/read": ALL,
    "/cases/new/look": DESK,
    "/cases/remind": ALL,
    "/cases/{number}/identity": CASES,
    "/cases/{number}/steps/{name}": CASES,
    "/login/second": ALL,
    "/logout": ALL,
    "/my-place/XC-{serial}": VENUE,
    "/my-place/{code}/start": frozenset({R.MANAGER, R.OWNER}),
    "/notices/read": ALL,
    "/patrol/sync": ALL,
    "/patrols/XC-{serial}/steps/{name}": CASES,
    "/patrols/campaigns/{campaign_id}/end": PUBLISHERS,
    "/patrols/campaigns/{campaign_id}/publish": PUBLISHERS,
    "/patrols/checklists/import": WRITERS,
    "/patrols/checklists/import/look": WRITERS,
    "/patrols/checklists/new": WRITERS,
    "/patrols/checklists/{template_id}/edit": WRITERS,
    "/patrols/checklists/{template_id}/end": WRITERS,
    "/patrols/excuse": WATCHES_PATROLS,
    "/reports/editions/{edition_id}/compare": EXPORTERS,
    "/reports/sla/editions": EXPORTERS,
    "/reports/subscriptions": EXPORTERS,
    "/tasks/{number}/{name}": CASES,
    "/venues/{code}/code": ON_SITE,
    "/venues/{code}/decide/{decision}": COVER,
    "/venues/{code}/facilities/assign": ON_SITE,
    "/venues/{code}/facilities/{facility_id}/{step}": ON_SITE,
    "/venues/{code}/patrols/adopt": PLANNERS,
    "/venues/{code}/patrols/plans/{plan_id}/start": PLANNERS,
    "/venues/{code}/people/{person_id}/phone": PHONES,
}
PUTS: dict[str, frozenset[Role]] = {"/patrol/photos/{photo_id}": ALL}
# Errands are their maker's alone, notices and subscriptions are for whom they name. What takes ids of things in the
# fields of a form is in the second table: an empty form has none of them.
OWN = frozenset({
    "/errands/{errand_id}", "/errands/{errand_id}/again", "/errands/{errand_id}/cancel", "/errands/{errand_id}/file",
    "/api/v1/errands/{errand_id}", "/api/v1/errands/{errand_id}/file",
    "/reports/subscriptions/{subscription_id}/end",
    "/notices/{notice_id}/read", "/api/v1/notices/{notice_id}/read",
    "/admin/import/{errand_id}", "/admin/import/{errand_id}/errors.xlsx", "/admin/import/{errand_id}/take",
})  # fmt: skip
NAMED_IN_THE_FORM: dict[str, frozenset[Role]] = {
    "/account/cover/end": ALL,
    "/account/tokens/revoke": ALL,
    "/admin/delegations/end": COVER,
    "/exports": EXPORTERS,
}
WRONG_PASSWORD = frozenset({"/account/password", "/account/prove"})
"""An empty password is a wrong one, for whoever it is."""
STEPS = {"change": "rename", "decision": "suspend", "file": "json", "key": "session_hours", "name": "comment",
         "rule": "CMP-20",
         "size": "thumbnail", "step": "edit", "table": "venues", "what": "disable"}  # fmt: skip


def behind_the_sign_in(app: FastAPI) -> list[Endpoint]:
    return [one for one in endpoints(app) if access_of(one.endpoint) in (Access.STAFF, Access.BEGUN)]


def address(path: str, side: Side, role: Role) -> str:
    number = side.rectification if role in VENUE else side.report
    code = side.area if "/areas" in path else f"{side.area}-brigade" if "/organisations" in path else side.venue_code
    for name, value in {"number": number, "code": code, **STEPS, **side.things}.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"say in tests/reach.py what stands for the parameters of {path}"
    return path


def status(stage: Stage, site: FastAPI, role: Role, method: str, path: str) -> int:
    return answered(stage.client(site, role), method, path)


def answered(client: TestClient, method: str, path: str) -> int:
    sent = {} if method == "GET" else {"json": {"version": 1}} if path.startswith("/api") else {"data": {"x": "y"}}
    answer = client.request(method, path, headers={"accept": "text/html"}, **sent)
    assert answer.status_code < 500, f"{method} {path}: {answer.status_code}"
    assert not (answer.status_code == 303 and "/login?" in answer.headers["location"]), f"{method} {path} signs out"
    return answer.status_code


def test_the_table_names_every_route_behind_the_sign_in_and_no_other(site: FastAPI) -> None:
    gets = {one.path for one in behind_the_sign_in(site) if "GET" in one.methods}
    posts = {one.path for one in behind_the_sign_in(site) if "POST" in one.methods}
    puts = {one.path for one in behind_the_sign_in(site) if "PUT" in one.methods}

    assert {method for one in behind_the_sign_in(site) for method in one.methods} <= {"GET", "HEAD", "POST", "PUT"}
    assert puts == set(PUTS)
    assert gets - OWN == set(GETS)
    assert posts - OWN - WRONG_PASSWORD - set(NAMED_IN_THE_FORM) == set(POSTS)


@pytest.mark.parametrize("role", reach.ROLES, ids=str)
def test_a_role_gets_through_where_the_table_says_and_nowhere_outside_of_its_reach(
    stage: Stage, site: FastAPI, role: Role
) -> None:
    wrong = []
    for method, table in (("GET", GETS), ("POST", POSTS), ("PUT", PUTS)):
        for path, who in table.items():
            if (method, path) == ("POST", "/logout"):
                continue
            got = status(stage, site, role, method, address(path, stage.here, role))
            if (got not in (401, 403, 404)) != (role in who):
                wrong.append(f"{method} {path}: {got}, {'let in' if role in who else 'kept out'} by the table")
            if method != "PUT" and "{" in path.replace("{table}", "").replace("{rule}", ""):  # nowhere in particular
                got = status(stage, site, role, method, address(path, stage.there, role))
                if got != 404 and (role in who or got != 403):
                    wrong.append(f"{method} {path} outside of reach: {got}")
    assert wrong == []


@pytest.mark.parametrize("role", reach.ROLES, ids=str)
def test_what_a_form_names_is_out_of_reach_when_it_is_not_there(stage: Stage, site: FastAPI, role: Role) -> None:
    for path, who in NAMED_IN_THE_FORM.items():
        assert (status(stage, site, role, "POST", path) != 403) == (role in who), path
    for path in WRONG_PASSWORD:
        assert status(stage, site, role, "POST", path) in (401, 422), path


def test_errands_are_their_makers_alone(stage: Stage, site: FastAPI) -> None:
    with stage.db.write() as session:
        mine = errands.promise(session, "check_table", key="mine", at=stage.world.clock.now,
                               made_by=stage.people[R.ADMINISTRATOR], data={"table": "venues"})  # fmt: skip
        path = f"/errands/{mine.id}"

    assert status(stage, site, R.ADMINISTRATOR, "GET", path) == 200
    for role in ALL - {R.ADMINISTRATOR}:
        assert status(stage, site, role, "GET", path) == 404
        assert status(stage, site, role, "POST", f"{path}/cancel") == 404
        assert status(stage, site, role, "GET", f"/admin/import/{mine.id}") in (403, 404)
        assert status(stage, site, role, "GET", f"/api/v1{path}") == 404


def test_lists_hold_what_is_within_reach_and_nothing_else(stage: Stage, site: FastAPI) -> None:
    lists = (
        "/cases?view=open", "/api/v1/cases", "/board", "/board?column=today", "/api/v1/deadlines?kind=today",
        "/venues", "/api/v1/venues", "/admin/areas", "/admin/organisations",
        "/admin/users", "/tasks", "/reports", "/reports/sla", "/reports/subscriptions", "/api/v1/reports/sla",
        "/api/v1/reports/editions",
        "/reports/sla/cases?figure=hazard_report.received", "/api/v1/reports/sla/cases",
        "/cockpit", "/api/v1/cockpit", "/map?level=grid",
        "/api/v1/map/areas?level=grid", "/api/v1/map/outlines?level=grid",
        f"/cases?q={stage.there.report}", f"/venues?q={stage.there.venue_code}",
    )  # fmt: skip
    secrets = (stage.there.report, stage.there.rectification, stage.there.venue_code, "云台家居", "wanglan")

    for role in reach.ROLES:
        for path in lists:
            page = stage.client(site, role).get(path).text
            asked = path.split("q=")[-1] if "q=" in path else "?"
            told = page.replace(f'value="{asked}"', "").replace(f"q={asked}", "")
            for secret in secrets:
                assert secret not in told, f"{role} reads {secret} on {path}"
