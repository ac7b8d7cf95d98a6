"""The code at a door, replaced: by whom, how it reads afterwards, how a hazard is reported all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from domain import places, venue_codes
from domain.database import Database
from domain.models import Case, Venue
from tests.printed import codes, pages
from tests.staff_member import Office, office_of
from tests.visitor import Visitor, hidden_fields, kept_photos, photo, seen, visitor_of
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


def replaced(db: Database, world: World) -> str:
    """Replace the first venue's code and return the new one."""
    with db.write() as session:
        return venue_codes.reissue(
            session, world.venues["kuancheng"], reason="标牌被撕", replacing=world.codes["kuancheng"],
            actor=world.actor(session, "handler"), at=world.clock.now,
        )  # fmt: skip


# The staff's page.


def test_page_shows_code_square_and_sheets(office: Office) -> None:
    code = office.world.codes["kuancheng"]

    page = office.member("warden").opens(f"/venues/{code}/code")
    sheet = office.member("warden").opens(f"/venues/{code}/code/sheet", size="A6")

    assert page.status_code == 200
    assert code in seen(page)
    assert '<svg class="qr"' in page.text
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "application/pdf")
    [printed] = pages(sheet.content)
    assert codes(printed) == [f"http://localhost:8000/v/{code}"]


def test_code_is_replaced_once_a_reason_is_given_and_confirmed(office: Office) -> None:
    old = office.world.codes["kuancheng"]
    page = f"/venues/{old}/code"
    handler = office.member("handler")

    unsure = handler.sends(page, page, reason="标牌被撕")
    unreasoned = handler.sends(page, page, confirm="1")
    done = handler.sends(page, page, reason="标牌被撕", confirm="1")

    assert (unsure.status_code, unreasoned.status_code, done.status_code) == (422, 422, 303)
    assert 'value="标牌被撕"' in unsure.text
    assert 'href="#reason"' in unreasoned.text
    with office.db.read() as session:
        new = session.get_one(Venue, office.world.venues["kuancheng"]).code
    assert new != old
    after = seen(handler.opens(done.headers["location"]))
    assert f"{old} 已失效" in after
    assert "标牌被撕" in after


def test_pressed_twice_replaces_once(office: Office) -> None:
    old = office.world.codes["kuancheng"]
    handler = office.member("handler")
    csrf = handler.csrf(f"/venues/{old}/code")
    said = {"csrf": csrf, "replacing": old, "reason": "丢失", "confirm": "1"}

    first, second = (handler.posts(f"/venues/{old}/code", **said) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]


@pytest.mark.parametrize(
    ("who", "status"), [("handler", 200), ("owner", 200), ("warden2", 404), ("auditor", 403), ("inspector1", 403)]
)
def test_page_is_for_who_may_print_the_sheet(office: Office, who: str, status: int) -> None:
    assert office.member(who).opens(f"/venues/{office.world.codes['kuancheng']}/code").status_code == status


def test_closed_venue_keeps_its_history_and_prints_nothing(office: Office) -> None:
    code = office.world.codes["closed"]
    handler = office.member("handler")

    page = handler.opens(f"/venues/{code}/code")

    assert "场所已停业" in seen(page)
    assert "<form" not in page.text.partition("<main")[2]
    assert handler.opens(f"/venues/{code}/code/sheet").status_code == 404
    assert handler.opens("/venues/AAAAAAAA/code").status_code == 404


# What the public meets.


@pytest.mark.parametrize("path", ["", "/report"])
def test_old_code_says_that_it_was_replaced_and_how_to_report(
    db: Database, world: World, visitor: Visitor, path: str
) -> None:
    old, new = world.codes["kuancheng"], replaced(db, world)

    page = visitor.opens(f"/v/{old}{path}")

    words = seen(page)
    assert page.status_code == 410
    for said in ("该场所码已更换", "2026年8月23日", "宽澄·鼎元一期南", "96119", "119"):
        assert said in words
    assert new not in page.text
    form = visitor.opens("/report?place=宽澄·鼎元一期南")
    assert 'value="宽澄·鼎元一期南"' in form.text


@pytest.mark.parametrize("path", ["", "/report"])
def test_old_code_of_a_closed_venue_says_closed_and_names_nobody(
    db: Database, world: World, visitor: Visitor, path: str
) -> None:
    replaced(db, world)
    form = hidden_fields(visitor.opens("/report").text)
    with db.write() as session:
        session.get_one(Venue, world.venues["kuancheng"]).closed_on = world.clock.now.date()

    page = visitor.opens(f"/v/{world.codes['kuancheng']}{path}")
    sent = visitor.posts(f"/v/{world.codes['kuancheng']}/report", **form, hazard="escape", description="后门锁了")

    assert page.status_code == 410
    assert "该场所已停业" in seen(page)
    assert "已更换" not in seen(page)
    assert "宽澄" not in page.text
    assert sent.status_code == 422
    assert "后门锁了" in sent.text, "what was typed is kept"
    assert "已停业" in seen(sent)


def test_report_typed_at_the_old_code_is_kept_and_sent_only_once_the_place_is_looked_at(
    db: Database, world: World, visitor: Visitor
) -> None:
    path = visitor.report_path()
    form = hidden_fields(visitor.opens(path).text)
    replaced(db, world)

    kept = visitor.posts(path, **form, hazard="escape", description="后门锁了", photos=[("a.jpg", photo())])
    assert kept.status_code == 422
    assert "后门锁了" in kept.text
    assert 'action="/report"' in kept.text
    assert len(kept_photos(kept.text)) == 1
    with db.read() as session:
        assert session.exec(select(Case)).all() == []
    sent = visitor.posts("/report", **hidden_fields(kept.text), hazard="escape", description="后门锁了",
                         place="宽澄·鼎元一期南 后门", kept=kept_photos(kept.text))  # fmt: skip

    assert sent.status_code == 303
    with db.read() as session:
        [case] = session.exec(select(Case))
        assert (case.venue_id, places.words(session, case)) == (None, "宽澄·鼎元一期南 后门")


def test_program_is_told_the_same(db: Database, world: World, visitor: Visitor) -> None:
    replaced(db, world)

    answer = visitor.client.post(
        "/api/v1/hazard-reports", json={"venue_code": world.codes["kuancheng"], "hazard": "escape"}
    )

    assert answer.status_code == 410
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["type"].endswith("code-replaced")


def test_new_code_opens_the_venue(db: Database, world: World, visitor: Visitor) -> None:
    assert "宽澄·鼎元一期南" in seen(visitor.opens(f"/v/{replaced(db, world)}"))


def test_caller_who_reads_an_old_sheet_out_is_shown_the_venue_with_its_code_in_force(office: Office) -> None:
    new = replaced(office.db, office.world)

    handler = office.member("handler")
    typed = {"csrf": handler.csrf("/cases/new"), "venue": office.world.codes["kuancheng"]}

    look = handler.posts("/cases/new/look", **typed)

    assert look.status_code == 200
    assert new in look.text
