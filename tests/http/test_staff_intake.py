"""The telephone intake: what the handler is told while the caller speaks, and the receipt read out once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlmodel import func, select

from domain import reports, sealed
from domain.database import Database
from domain.models import Case
from tests.staff_member import Office, office_of, seen
from tests.world import World

FORM = "/cases/new"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def registers(office: Office, **fields: str) -> object:
    typed = {
        "channel": "96119",
        "description": "有人在楼道充电",
        "venue": "农贸市场",
        "language": "zh_CN",
        "action": "save",
    }
    return office.member("handler").sends(FORM, FORM, **{**typed, **fields})


def number_in(answer: object) -> str:
    return re.search(r"JB-\d{4}-\d{6}", answer.text).group(0)


def cases_there_are(office: Office) -> int:
    with office.db.read() as session:
        return session.exec(select(func.count()).select_from(Case)).one()


def test_call_becomes_a_case_and_its_receipt_is_shown_grouped(office: Office) -> None:
    answer = registers(office, phone="139 1234 5678", name="张三丰", place="二楼")

    number = number_in(answer)
    code = re.search(r'<p class="code">(\w{4}-\w{4}-\w{4})</p>', answer.text).group(1)
    case = office.case(number)
    assert (case.channel, case.place, case.hazard_code) == ("96119", "二楼", "EVB-01")
    assert case.venue_id == office.world.venues["market"]
    assert "13912345678" not in str(case.facts)
    with office.db.read() as session:
        assert reports.by_receipt(session, code).id == case.id
        assert sealed.get(session, sealed.referenced(case.facts["phone"])) == "+8613912345678"


def test_receipt_is_nowhere_to_be_seen_again(office: Office) -> None:
    answer = registers(office)
    code = re.search(r'<p class="code">(\w{4}-\w{4}-\w{4})</p>', answer.text).group(1)

    page = office.member("handler").opens(f"/cases/{number_in(answer)}").text

    assert code not in page
    assert code.replace("-", "") not in page
    assert answer.headers["cache-control"] == "no-store"


def test_same_form_sent_twice_is_one_case_with_one_receipt(office: Office) -> None:
    form_id = "0" * 32
    member = office.member("handler")
    fields = {"channel": "12345", "description": "有焦味", "place": "河边", "form_id": form_id, "action": "save"}

    first, second = (member.posts(FORM, csrf=member.csrf(FORM), **fields) for _ in range(2))

    assert number_in(first) == number_in(second)
    assert re.search(r'class="code">[^<]+', first.text).group(0) == re.search(r'class="code">[^<]+', second.text).group(
        0
    )
    assert cases_there_are(office) == 1


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
    assert (case.venue_id, case.place) == (None, "河边 12 号")


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
