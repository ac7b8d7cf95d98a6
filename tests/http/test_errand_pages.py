"""The pages of one's errands: how far, what came of it, its file; and nothing of anybody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain import errand_files, errands, system_errands, tidying
from domain.database import Database
from domain.errand_kinds import KINDS, ErrandKind
from domain.errands import Made
from domain.language import Label
from domain.models import Errand
from domain.rights import Right
from domain.settings import get_settings
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setitem(KINDS, "sums", ErrandKind(Label("算账", "Sums")))
    with office_of(db, world) as opened:
        yield opened


def promised(office: Office, who: str = "supervisor", **more: object) -> Errand:
    with office.db.write() as session:
        return errands.promise(session, "sums", key=f"k{more}", at=office.world.clock.now,
                               made_by=office.world.people[who], **more)  # fmt: skip


def claimed(office: Office) -> Errand:
    with office.db.write() as session:
        at = office.world.clock.now
        return errands.claim(session, ["sums"], worker="w", at=at, lease=timedelta(minutes=1), most=1)[0]


def finished(office: Office) -> Errand:
    errand = claimed(office)
    key = errand_files.store("一,二\n".encode(), get_settings().errand_files)
    with office.db.write() as session:
        errands.settle(session, errand, worker="w", at=office.world.clock.now, outcome={},
                       file=Made(key, "场所 清单.csv", "text/csv"))  # fmt: skip
    return errand


def test_page_shows_how_far_it_is_and_renews_itself_until_it_is_over(office: Office) -> None:
    member = office.member("supervisor")
    errand = promised(office)
    running = claimed(office)
    with office.db.write() as session:
        errands.progress(session, running, worker="w", done=300, total=1200)

    page = member.opens(f"/errands/{errand.id}")

    assert "算账" in seen(page)
    assert 'max="1200" value="300"' in page.text
    assert "every 2s" in page.text
    with office.db.write() as session:
        errands.settle(
            session, running, worker="w", at=office.world.clock.now, outcome={"said": "This has ended already."}
        )
    over = member.opens(f"/errands/{errand.id}", lang="en")
    assert "every 2s" not in over.text
    assert "This has ended already." in seen(over)


def test_file_is_handed_to_who_asked_for_it_under_its_own_name(office: Office) -> None:
    errand = promised(office)
    finished(office)

    answer = office.member("supervisor").opens(f"/errands/{errand.id}/file")

    assert (answer.status_code, answer.content.decode()) == (200, "一,二\n")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert "%E5%9C%BA%E6%89%80" in answer.headers["content-disposition"]


@pytest.mark.parametrize("who", ["handler", "leader", "inspector1"])
@pytest.mark.parametrize("part", ["", "/file"])
def test_errand_of_another_does_not_exist(office: Office, who: str, part: str) -> None:
    errand = promised(office)
    finished(office)

    member = office.member(who)

    assert member.opens(f"/errands/{errand.id}{part}").status_code == 404
    assert member.posts(f"/errands/{errand.id}/cancel", csrf=member.csrf()).status_code == 404
    assert str(errand.id) not in member.opens("/errands").text


def test_file_asks_for_the_right_again_when_it_is_fetched(office: Office) -> None:
    errand = promised(office, "warden", needs=Right.EXPORT.value)
    finished(office)

    assert office.member("warden").opens(f"/errands/{errand.id}/file").status_code == 403


def test_cancelled_errand_is_not_begun_and_says_so(office: Office) -> None:
    member, errand = office.member("supervisor"), promised(office)

    answer = member.sends(f"/errands/{errand.id}", f"/errands/{errand.id}/cancel")

    assert answer.headers["location"] == f"/errands/{errand.id}"
    page = member.opens(f"/errands/{errand.id}")
    assert "已取消" in seen(page)
    assert f"/errands/{errand.id}/cancel" not in page.text
    assert member.posts(f"/errands/{errand.id}/cancel", csrf=member.csrf()).status_code == 303


def test_held_errand_can_be_tried_again(office: Office) -> None:
    member, errand = office.member("supervisor"), promised(office)
    with office.db.write() as session:
        at = office.world.clock.now
        [row] = errands.claim(session, ["sums"], worker="w", at=at, lease=timedelta(minutes=1), most=1)
        errands.hold(session, row, worker="w", at=at, reason=errands.DIED_OF_IT)
    assert "多次" in seen(member.opens(f"/errands/{errand.id}"))

    member.sends(f"/errands/{errand.id}", f"/errands/{errand.id}/again")

    assert claimed(office).id == errand.id


def test_what_the_system_could_not_do_is_for_administrators_to_see_and_to_have_tried_again(office: Office) -> None:
    at = office.world.clock.now
    with office.db.write() as session:
        errand = errands.promise(session, "sla_report", key="night", at=at, data={"title": "月报 2026-08-01"})
        [row] = errands.claim(session, ["sla_report"], worker="w", at=at, lease=timedelta(minutes=1), most=1)
        errands.hold(session, row, worker="w", at=at, reason=errands.DIED_OF_IT)
        system_errands.tell(session, row, at=at)
    administrator, supervisor = office.member("admin"), office.member("supervisor")

    page = administrator.opens("/errands")

    assert f'href="/errands/{errand.id}"' in page.text
    assert "月报 2026-08-01" in seen(page)
    assert "多次" in seen(page)
    told = administrator.opens("/notices")
    assert "时限报表" in seen(told)
    assert 'href="/errands"' in told.text
    assert str(errand.id) not in supervisor.opens("/errands").text
    assert supervisor.opens(f"/errands/{errand.id}").status_code == 404
    assert supervisor.posts(f"/errands/{errand.id}/again", csrf=supervisor.csrf()).status_code == 404
    administrator.sends(f"/errands/{errand.id}", f"/errands/{errand.id}/again")
    with office.db.read() as session:
        assert errands.by_id(session, errand.id).state == "pending"
    assert str(errand.id) not in administrator.opens("/errands").text


def test_errors_are_shown_with_their_places_in_the_readers_language(office: Office) -> None:
    errand = promised(office)
    row = claimed(office)
    with office.db.write() as session:
        wrong = [errands.complaint("B7", "This is not a number."), errands.complaint("C9", "Please fill this in.")]
        errands.fail(session, row, worker="w", at=office.world.clock.now, reason="Some fields need your attention.",
                     outcome={"errors": wrong})  # fmt: skip

    page = seen(office.member("supervisor").opens(f"/errands/{errand.id}"))

    assert "B7 这不是数字。" in " ".join(page.split())


def test_program_reads_its_own_errand(office: Office, anybody, program) -> None:
    errand = promised(office)
    finished(office)

    answer = anybody.get(f"/api/v1/errands/{errand.id}", headers=program("supervisor"))

    assert (answer.json()["state"], answer.json()["file"]) == ("done", "场所 清单.csv")
    file = anybody.get(f"/api/v1/errands/{errand.id}/file", headers=program("supervisor"))
    assert file.content.decode() == "一,二\n"
    assert anybody.get(f"/api/v1/errands/{errand.id}", headers=program("handler")).status_code == 404


def test_file_goes_after_seven_days_and_the_page_says_so(office: Office) -> None:
    errand = promised(office)
    kept = finished(office)
    later = office.world.clock.now + timedelta(days=8)
    with office.db.read() as session:
        key = errands.by_id(session, kept.id).storage_key
    path = get_settings().errand_files / key
    written = office.world.clock.now.timestamp()
    os.utime(path, (written, written))

    assert tidying.remove_errand_files(get_settings().errand_files, still_needed=[], at=later) == 1

    member = office.member("supervisor")
    assert member.opens(f"/errands/{errand.id}/file").status_code == 404
    assert "7 天" in seen(member.opens(f"/errands/{errand.id}"))


def test_what_an_open_errand_was_given_stays(office: Office) -> None:
    key = errand_files.store(b"x", get_settings().errand_files)
    promised(office, input_key=key)
    os.utime(get_settings().errand_files / key, (0, 0))

    with office.db.read() as session:
        needed = errands.still_needed(session)

    assert tidying.remove_errand_files(get_settings().errand_files, still_needed=needed, at=office.world.clock.now) == 0


@pytest.mark.parametrize("cursor", ["x", "YQ", "====", "é"])
def test_garbage_for_a_cursor_is_no_page(office: Office, cursor: str) -> None:
    assert office.member("supervisor").opens("/errands", cursor=cursor).status_code == 404


def test_list_says_of_each_what_came_of_it_and_where_it_is(office: Office) -> None:
    waiting, done = promised(office), promised(office, data={"file": "商户.xlsx"})
    with office.db.write() as session:
        at = office.world.clock.now
        claims = errands.claim(session, ["sums"], worker="w", at=at, lease=timedelta(minutes=1), most=2)
        mine = next(errand for errand in claims if errand.id == done.id)
        link = f"/admin/import/{done.id}"
        errands.settle(session, mine, worker="w", at=at, outcome={"link": link, "said": "This has ended already."})

    page = office.member("supervisor").opens("/errands")

    assert page.status_code == 200
    assert f'href="/errands/{waiting.id}"' in page.text
    assert "商户.xlsx" in seen(page)
    assert f'href="{link}"' in page.text
