"""The switch of language and text size on a page that is being filled in, and on one that a form was sent to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from api.app import create_app
from api.readable import readable
from api.routes import endpoints
from domain.database import Database
from domain.models import Case
from domain.settings import get_settings
from tests.pictures import jpeg
from tests.staff_member import Office, office_of
from tests.visitor import Visitor, hidden_fields, kept_photos, seen, visitor_of
from tests.world import World

SWITCH = re.compile(r'<button class="link" form="([^"]+)" formaction="([^"]+)" name="([^"]+)" value="([^"]+)"')


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def switches(visitor: Visitor, page: Any, which: str, *, field: str = "photos", data: bytes = b"", **said: str) -> Any:
    """Press a switch of the page's head, as a browser does with what is filled in."""
    form, address, name, value = next(found for found in SWITCH.findall(page.text) if which in found[1])
    assert f'<form id="{form}"' in page.text
    fields = {**hidden_fields(page.text), **said, name: value, "kept": kept_photos(page.text)}
    file = (field, ("a.jpg" if data else "", data, "image/jpeg"))
    return visitor.client.post(address, data=fields, files=[file], follow_redirects=False)


@pytest.mark.parametrize("where", ["anywhere", "venue"])
def test_a_report_that_is_being_written_stays_as_it_is(db: Database, visitor: Visitor, where: str) -> None:
    path = visitor.report_path() if where == "venue" else "/report"
    begun = visitor.opens(path)

    english = switches(visitor, begun, "lang=en", data=jpeg(), hazard="escape", description="后门锁了", phone="12")
    large = switches(visitor, english, "size=large", hazard="escape", description="后门锁了", phone="12")

    assert english.status_code == large.status_code == 200, "nothing is sent yet, so nothing is wrong yet"
    assert '<html lang="en" class="large">' in large.text
    assert "后门锁了" in large.text
    assert 'value="12"' in large.text
    assert re.search(r'value="escape"[^>]* checked', large.text)
    assert len(kept_photos(large.text)) == 1
    assert hidden_fields(large.text)["form"] == hidden_fields(begun.text)["form"]
    with db.read() as session:
        assert session.exec(select(Case)).all() == []
    sent = visitor.posts(path, **hidden_fields(large.text), hazard="escape", description="后门锁了", place="老街 8 号",
                         kept=kept_photos(large.text))  # fmt: skip
    assert sent.status_code == 303
    with db.read() as session:
        assert len(session.exec(select(Case)).all()) == 1


def test_an_application_stays_on_its_page_with_what_was_typed(visitor: Visitor) -> None:
    first = visitor.opens("/enrol")
    named = {"name": "广龙小卖部", "class_code": "V06"}
    second = visitor.client.post("/enrol", data={**hidden_fields(first.text), "to": "next", **named})

    english = switches(visitor, second, "lang=en", field="documents", credit_code="911", industry="commerce")

    assert english.status_code == 200
    assert "Step 2 of 7" in seen(english)
    assert 'value="911"' in english.text
    assert hidden_fields(english.text)["name"] == "广龙小卖部"
    for page in (first, second, english):
        assert page.headers["cache-control"] == "private, no-cache", "Back does not ask to send it again"


def test_enter_in_a_field_sends_the_form_and_switches_nothing(visitor: Visitor) -> None:
    for path in ("/report", "/enrol"):
        page = visitor.opens(path).text
        form = re.search(r'<form id="([^"]+)"', page)
        assert form
        buttons = re.findall(rf'<button [^>]*form="{form[1]}"[^>]*>', page)
        assert 'class="unseen"' in buttons[0], "the first button of a form is the one that Enter presses"
        assert "formaction" not in buttons[0]


def test_a_refused_step_leads_back_to_the_case_in_the_other_language(office: Office) -> None:
    number = office.report(triaged=True)
    member = office.member("handler")
    refused = member.posts(f"/cases/{number}/steps/reject", csrf=member.csrf(), version="1", explanation="")
    switch = re.search(r'<a href="([^"]+)" lang="en"', refused.text)

    assert refused.status_code in (409, 422)
    assert switch
    assert member.client.get(switch[1]).status_code == 200
    assert switch[1] == f"/cases/{number}?lang=en"


def test_a_step_opened_like_a_page_is_answered_within_the_staffs_pages(office: Office) -> None:
    number = office.report()

    answer = office.member("handler").opens(f"/cases/{number}/steps/accept")

    assert answer.status_code == 405
    assert 'class="areas"' in answer.text


def test_every_address_that_takes_a_form_has_one_above_it_that_can_be_opened(db: Database) -> None:
    app = create_app(db, get_settings())
    opened = {one.path for one in endpoints(app) if "GET" in one.methods}
    assert readable(app, "/cases/remind") == "/cases"
    assert readable(app, "/cases/JB-2026-000001/steps/accept") == "/cases/JB-2026-000001"
    assert readable(app, "/enrol") == "/enrol"
    assert readable(app, "/nowhere/at/all") == "/"

    for one in endpoints(app):
        if "POST" in one.methods and not one.path.startswith(("/api/", "/webhooks")):
            path = readable(app, one.path)
            assert path in opened, f"{one.path} leads to {path}"
