"""The telephone intake: what the handler is told while the caller speaks, and the receipt read out once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlmodel import func, select

from domain import places, reports, sealed
from domain.database import Database
from domain.models import Case
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

FORM = "/cases/new"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def registers(office: Office, **fields: str) -> object:
    """Have a handler send the form and return the page it leads to."""
    typed = {
        "channel": "96119",
        "description": "有人在楼道充电",
        "venue": "农贸市场",
        "language": "zh_CN",
        "action": "save",
    }
    member = office.member("handler")
    return followed(member, member.sends(FORM, FORM, **{**typed, **fields}))


def followed(member: Member, answer: object) -> object:
    return member.opens(answer.headers["location"]) if answer.status_code == 303 else answer


def code_on(page: object) -> str | None:
    """Return the receipt code a page shows."""
    found = re.search(r'<p class="code">(\w{4}-\w{4}-\w{4})</p>', page.text)
    return found.group(1) if found else None


def number_in(answer: object) -> str:
    return re.search(r"JB-\d{4}-\d{6}", answer.text).group(0)


def cases_there_are(office: Office) -> int:
    with office.db.read() as session:
        return session.exec(select(func.count()).select_from(Case)).one()


def test_call_becomes_a_case_and_its_receipt_is_shown_grouped(office: Office) -> None:
    answer = registers(office, phone="139 1234 5678", name="张三丰", place="二楼")

    number = number_in(answer)
    code = code_on(answer)
    case = office.case(number)
    assert (case.channel, case.place, case.hazard_code) == ("96119", "岚山农贸市场", "EVB-01")
    assert case.venue_id == office.world.venues["market"]
    assert "13912345678" not in str(case.facts)
    with office.db.read() as session:
        assert reports.by_receipt(session, code).id == case.id
        assert sealed.get(session, sealed.referenced(case.facts["phone"])) == "+8613912345678"


FILLED = {"channel": "12345", "description": "有焦味", "place": "河边", "form_id": "0" * 32, "action": "save"}


def test_receipt_is_shown_once_and_nowhere_to_be_seen_again(office: Office) -> None:
    member = office.member("handler")
    sent = member.posts(FORM, csrf=member.csrf(FORM), **FILLED)

    shown, reloaded = (member.opens(sent.headers["location"]) for _ in range(2))

    code, number = code_on(shown), number_in(shown)
    assert sent.status_code == 303
    assert code
    assert shown.headers["cache-control"] == "no-store"
    for page in (reloaded, member.opens(f"/cases/{number}"), sent):
        assert code not in page.text + str(page.headers)
        assert code.replace("-", "") not in page.text + str(page.headers)
    assert "不能再次显示" in seen(reloaded)
    assert number in seen(reloaded)


def test_receipt_is_for_who_registered_the_report_and_for_some_minutes(office: Office) -> None:
    member, colleague = office.member("handler"), office.member("handler")
    sent = member.posts(FORM, csrf=member.csrf(FORM), **FILLED)
    there = sent.headers["location"]
    note = member.client.cookies.get("fireline-receipt")

    colleague.client.cookies.set("fireline-receipt", note)
    assert code_on(colleague.opens(there)) is None
    colleague.client.cookies.set("fireline-receipt", note + "x")
    assert code_on(colleague.opens(there)) is None
    office.world.clock.advance(minutes=6)
    assert code_on(member.opens(there)) is None


def test_receipt_of_one_report_opens_no_other(office: Office) -> None:
    member = office.member("handler")
    other = office.report()
    member.posts(FORM, csrf=member.csrf(FORM), **FILLED)
    note = member.client.cookies.get("fireline-receipt")
    member.client.cookies.clear()
    again = office.member("handler")
    again.client.cookies.set("fireline-receipt", note)

    assert code_on(again.opens(f"/cases/{other}/registered")) is None


def test_same_form_sent_twice_is_one_case_with_one_receipt(office: Office) -> None:
    member = office.member("handler")

    first, second = (followed(member, member.posts(FORM, csrf=member.csrf(FORM), **FILLED)) for _ in range(2))

    assert number_in(first) == number_in(second)
    assert code_on(first) == code_on(second) is not None
    assert cases_there_are(office) == 1


def test_who_goes_back_and_writes_down_something_else_makes_a_second_case(office: Office) -> None:
    member = office.member("handler")
    csrf = member.csrf(FORM)

    for changed in ({}, {"description": "消防通道被堵"}, {"phone": "13912345678"}, {"place": "山上"}):
        assert member.posts(FORM, csrf=csrf, **{**FILLED, **changed}).status_code == 303

    assert cases_there_are(office) == 4


def test_words_suggest_the_hazard_and_the_register_the_venue(office: Office) -> None:
    member = office.member("handler")

    column = seen(member.posts("/cases/new/look", csrf=member.csrf(FORM), description="有人在楼道充电", venue="岚山"))

    assert "停放电动自行车或充电" in column
    assert "岚山农贸市场" in column


def test_fire_in_progress_goes_to_119_first(office: Office) -> None:
    member = office.member("handler")

    column = seen(member.posts("/cases/new/look", csrf=member.csrf(FORM), description="着火了 冒浓烟"))

    assert "请先转接 119" in column


def test_report_that_may_be_known_is_shown_before_anything_is_saved(office: Office) -> None:
    known = office.report(hazard="ebike", venue_code=office.world.codes["market"])

    shown = registers(office)

    assert shown.status_code == 200
    assert known in seen(shown)
    assert "尚未保存" in seen(shown)
    assert "有人在楼道充电</textarea>" in shown.text
    assert cases_there_are(office) == 1

    saved = registers(office, seen=known)
    assert "举报已登记" in seen(saved)
    assert cases_there_are(office) == 2


def test_several_fitting_venues_are_offered_and_none_is_guessed(office: Office) -> None:
    shown = registers(office, venue="门口")

    assert shown.status_code == 422
    assert "有多个匹配的场所" in seen(shown)
    assert 'href="#venue_code"' in shown.text
    assert cases_there_are(office) == 0

    saved = registers(office, venue="门口", venue_code=office.world.codes["kuancheng"])
    assert office.case(number_in(saved)).venue_id == office.world.venues["kuancheng"]


def test_venue_that_is_not_ours_is_described_as_a_place(office: Office) -> None:
    assert "请改为描述地点" in seen(registers(office, venue="外星基地"))

    saved = registers(office, venue="外星基地", place="河边 12 号")

    case = office.case(number_in(saved))
    with office.db.read() as session:
        assert (case.venue_id, case.place, places.words(session, case)) == (None, None, "河边 12 号")


@pytest.mark.parametrize(("wrong", "words"), [
    ({"phone": "12"}, "电话"), ({"description": ""}, "请选择隐患类型"), ({"channel": "pigeon"}, "选"),
    ({"venue": ""}, "请说明地点"), ({"description": "长" * 2001}, "太长"),
])  # fmt: skip
def test_what_cannot_be_taken_is_said_at_its_field_and_the_rest_is_kept(
    office: Office, wrong: dict[str, str], words: str
) -> None:
    answer = registers(office, **{"name": "张三丰", **wrong})

    assert answer.status_code == 422
    assert words in seen(answer)
    assert 'value="张三丰"' in answer.text
    assert cases_there_are(office) == 0


@pytest.mark.parametrize("who", ["warden", "inspector1", "auditor", "officer"])
def test_intake_is_for_handlers_alone(office: Office, who: str) -> None:
    member = office.member(who)

    assert member.opens(FORM).status_code == 403
    assert member.posts(FORM, csrf=member.csrf(), description="x", place="y", channel="96119").status_code == 403
    assert FORM not in member.opens("/cases").text


def test_nothing_is_said_about_doubles_before_the_venue_is_known(office: Office) -> None:
    member = office.member("handler")

    assert "72 小时" not in seen(member.opens(FORM))

    page = member.posts(f"{FORM}/look", csrf=member.csrf(), venue=office.world.codes["market"])
    assert "72 小时" in seen(page)
