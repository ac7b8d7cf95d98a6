"""The staff's page of one patrol: what was recorded, what is in doubt, and the forms people decide with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.database import Database
from tests.patrols import CRITICAL, ITEMS, LATITUDE, Phone, Round, keep_photo, make_task, row_of
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as office:
        yield office


@pytest.fixture
def task(db: Database, world: World) -> Round:
    """A patrol of which two phones disagree on one answer, one check-in is far off, and one item failed."""
    with db.write() as session:
        task = make_task(session, world, items=[*ITEMS, CRITICAL])
        photos = [keep_photo(session, at=world.clock.now) for _ in range(2)]
    one, two = Phone(world, task), Phone(world, task, who="manager")
    one.visits(1, lat=LATITUDE + 5 / 111.2)
    one.visits(2, how="none", code="", reason="标签脱落")
    one.finds(0, CRITICAL.code, "fail", photos=[photos[0]], comment="<b>门锁着</b>")
    one.finds(1, "P06", comment="正常")
    one.delivers(db)
    two.finds(1, "P06", "fail", photos=[photos[1]])
    two.delivers(db)
    return task


def test_page_says_what_was_recorded_in_the_words_it_was_asked_in(office: Office, task: Round) -> None:
    officer = office.member("officer")
    page = officer.opens(f"/patrols/{task.number}")
    words = seen(page)

    assert page.status_code == 200
    for said in ("巡查中", "安全出口、疏散通道畅通", "消防安全管理规定》第二十五条", "<b>门锁着</b>", "位置偏离",
                 "距场所 5000 米", "没有扫码，所填原因：标签脱落", "两部手机记录不一致", "灭火器 MH-001",
                 "ZG-2026-000001"):  # fmt: skip
        assert said in words, said
    assert "decide_doubt" not in page.text
    manager = office.member("manager").opens(f"/patrols/{task.number}", lang="en")
    assert "You took part in this patrol; somebody else has to decide." in seen(manager)
    assert "<b>门锁着" not in page.text
    english = seen(officer.opens(f"/patrols/{task.number}", lang="en"))
    assert "Exits and escape routes clear" in english
    assert "Two phones say different things" in english
    assert f"/patrols/{task.number}" in officer.opens(f"/cases/{task.number}").text


def test_doubt_is_contested_and_decided_on_the_page(office: Office, db: Database, task: Round) -> None:
    path = f"/patrols/{task.number}"
    officer, warden = office.member("officer"), office.member("warden")
    contested = officer.sends(path, f"{path}/steps/contest", text="地下室没有信号")
    assert contested.headers["location"].startswith(f"{path}?done=")

    refused = warden.sends(path, f"{path}/steps/decide_doubt", verdict="cleared", reason="")
    assert refused.status_code == 422
    assert "aria-invalid" in refused.text
    decided = warden.sends(path, f"{path}/steps/decide_doubt", verdict="cleared", reason="现场核实过")

    assert decided.status_code == 303
    assert "现场核实过" in seen(warden.opens(path))
    assert row_of(db, task).doubts == 1


def test_of_two_answers_one_is_chosen_on_the_page(office: Office, db: Database, task: Round) -> None:
    path = f"/patrols/{task.number}"
    owner = office.member("owner")

    answer = owner.sends(path, f"{path}/steps/decide_conflict", reason="我去看过")

    assert answer.status_code == 303
    assert row_of(db, task).conflicts == 0
    assert "两部手机记录不一致" not in seen(owner.opens(path))


def test_page_is_open_to_who_sees_patrols_there_and_to_nobody_else(office: Office, task: Round) -> None:
    path = f"/patrols/{task.number}"
    found = {who: office.member(who).opens(path).status_code for who in ("warden", "warden2", "handler", "auditor")}

    assert found == {"warden": 200, "warden2": 404, "handler": 200, "auditor": 200}
    assert office.nobody().opens(path).headers["location"].startswith("/login")
    assert office.member("handler").opens("/patrols/XC-2026-999999").status_code == 404
