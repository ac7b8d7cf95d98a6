"""The register's pages: nothing typed is lost, two at once hear of each other, nothing beyond one's reach is told."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from sqlmodel import select

from domain import register_log
from domain.database import Database
from domain.models import Facility, KeyPart, Post, RegisterEntry, Venue
from tests.staff_member import Office, office_of, seen
from tests.world import World

PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def home(office: Office) -> str:
    return f"/venues/{office.world.codes['kuancheng']}"


def listed(answer: object) -> list[str]:
    return re.findall(r'<tr data-code="([^"]+)"', answer.text)


def test_list_searches_and_filters_within_ones_reach(office: Office) -> None:
    codes = office.world.codes
    handler, warden = office.member("handler"), office.member("warden")

    assert set(listed(handler.opens("/venues"))) == {codes[key] for key in ("kuancheng", "market", "lonely")}
    assert listed(handler.opens("/venues", q="农贸")) == [codes["market"]]
    assert listed(handler.opens("/venues", state="closed", area="guanglong")) == [codes["closed"]]
    assert listed(warden.opens("/venues")) == [codes["kuancheng"]]
    assert "没有符合筛选条件" in seen(handler.opens("/venues", q="没有的"))
    found = handler.opens("/venues", q=codes["market"].lower(), go="1")
    assert found.headers["location"] == f"/venues/{codes['market']}"
    assert handler.opens("/venues", q="岚山农贸市场", go="1").headers["location"] == f"/venues/{codes['market']}"
    assert handler.opens("/venues", q="2222-222222", go="1").headers["location"] == "/f/2222222222"
    assert handler.opens("/venues", q="农贸", go="1").status_code == 200
    assert handler.opens("/venues", cursor="x", q="a").headers["location"] == "/venues?q=a"


def test_venue_page_shows_everything_that_belongs_to_it(office: Office, home: str) -> None:
    number = office.report(hazard="escape", triaged=True)
    page = seen(office.member("supervisor").opens(home))

    for words in (
        "宽澄·鼎元一期南",
        "宾馆旅馆民宿",
        "蒋责任",
        "消防安全责任人",
        "138 **** 0013",
        number,
        "李庚",
        "监管人：郑主管",
    ):
        assert words in page, words
    assert "13800000013" not in page.replace(" ", "")


def test_venue_out_of_reach_is_no_venue(office: Office) -> None:
    warden = office.member("warden")
    market = f"/venues/{office.world.codes['market']}"
    for path in (market, f"{market}/facilities", f"{market}/history", f"{market}/edit", "/venues/22222222"):
        answer = warden.opens(path)
        assert answer.status_code in (403, 404), path
        assert "农贸" not in answer.text
    assert warden.opens(market).status_code == 404
    assert office.nobody().opens(market).status_code == 303


def test_supervisor_enters_a_venue_and_wrong_fields_keep_what_was_typed(office: Office) -> None:
    member = office.member("supervisor")
    typed = {"name": "新开茶馆", "class_code": "V10", "address": "环城路 1 号", "area": "guanglong",
             "credit_code": "91350100M000100Y44", "hours": "随便", "lat": "24.5", "beds": "viele"}  # fmt: skip

    wrong = member.sends("/venues/new", "/venues/new", **typed)

    assert wrong.status_code == 422
    assert "校验码" in seen(wrong)
    assert 'value="新开茶馆"' in wrong.text
    assert "随便" in wrong.text
    assert "经度和纬度要么都填" in seen(wrong)
    good = {**typed, "credit_code": "91350100M000100Y43", "hours": "每天 9-22", "lat": "", "beds": "",
            "form_id": "0" * 31 + "7"}  # fmt: skip
    right = member.posts("/venues/new", **good, csrf=member.csrf())
    assert right.status_code == 303, seen(right)
    with office.db.read() as session:
        venue = session.exec(select(Venue).where(Venue.name == "新开茶馆")).one()
    assert right.headers["location"] == f"/venues/{venue.code}?done=entered"
    again = member.posts("/venues/new", **good, csrf=member.csrf())
    assert again.headers["location"] == right.headers["location"]


def test_second_of_two_hears_what_changed_and_decides_again(office: Office, home: str) -> None:
    first, second = office.member("handler"), office.member("supervisor")
    form = {"class_code": "V09", "address": "鼎元一期", "area": "guanglong"}
    late = second.opens(f"{home}/edit").text

    done = first.sends(f"{home}/edit", f"{home}/edit", name="先改的名", **form)
    version = re.search(r'name="version" value="(\d+)"', late).group(1)
    answer = second.posts(f"{home}/edit", name="后改的名", csrf=second.csrf(), version=version, **form)

    assert done.headers["location"] == f"{home}?done=saved"
    assert answer.status_code == 409
    assert "先改的名" in seen(answer)
    assert 'value="后改的名"' in answer.text
    newer = re.search(r'name="version" value="(\d+)"', answer.text).group(1)
    again = second.posts(f"{home}/edit", name="后改的名", csrf=second.csrf(), version=newer, **form)
    assert again.status_code == 303
    assert "后改的名" in seen(second.opens(home))


def test_decisions_are_confirmed_with_a_reason(office: Office, home: str) -> None:
    member = office.member("supervisor")
    for decision in ("suspend", "reinstate"):
        path = f"{home}/decide/{decision}"
        assert member.sends(path, path, reason="").status_code == 422
        assert member.sends(path, path, reason="现场核实").status_code == 303
    twice = member.sends(f"{home}/decide/reinstate", f"{home}/decide/reinstate", reason="再来")
    assert twice.status_code == 409
    assert "没有停用" in seen(twice)
    key = f"{home}/decide/key-unit"
    assert member.sends(key, key, is_key_unit="yes", basis="客房 60 间").status_code == 303
    assert "重点单位自" in seen(member.opens(home))
    number = office.report(venue_code=home.rpartition("/")[2])
    asked = member.opens(f"{home}/decide/close")
    assert f'<a href="/cases/{number}">{number}</a>' in asked.text, "what stays open is named before it is confirmed"
    assert "隐患举报" in seen(asked)
    assert number not in member.opens(f"{home}/decide/suspend").text
    assert member.sends(f"{home}/decide/close", f"{home}/decide/close", reason="拆迁").status_code == 303
    closed = member.opens(home)
    assert "已于" in seen(closed) or "注销" in seen(closed)
    assert f"{home}/edit" not in closed.text
    assert member.opens(f"{home}/decide/nothing").status_code == 404
    assert office.member("handler").opens(key).status_code == 403


def test_people_are_appointed_ended_and_their_number_seen_for_a_reason(office: Office, home: str) -> None:
    member = office.member("supervisor")
    new = f"{home}/posts/new"
    assert member.sends(new, new, role="owner", name="新责任", phone="123").status_code == 422
    assert member.sends(new, new, role="owner", name="新责任", phone="13900000001").status_code == 303
    page = member.opens(home)
    assert "新责任" in seen(page)
    person = re.search(rf'href="{home}/people/([^/]+)/phone"', page.text).group(1)
    ask = f"{home}/people/{person}/phone"
    assert "139 0000 0001" not in seen(member.opens(ask))
    assert member.sends(ask, ask, reason="").status_code == 422
    shown = member.sends(ask, ask, reason="夜间联系")
    assert "139 0000 0001" in seen(shown)
    assert shown.headers["cache-control"] == "no-store"
    assert "夜间联系" not in seen(member.opens(home))
    with office.db.read() as session:
        entry = session.exec(select(RegisterEntry).where(RegisterEntry.action == "reveal_phone")).one()
        post = session.exec(select(Post).where(Post.role == "manager")).one()
    assert entry.data["reason"] == "夜间联系"
    end = f"{home}/posts/{post.id}/end"
    assert member.sends(end, end, reason="离职").status_code == 303
    assert member.sends(end, end, reason="离职", until_on="2019-01-01").status_code == 422
    assert office.member("auditor").opens(ask).status_code == 403


def test_manager_enters_buildings_key_parts_and_facilities(office: Office, home: str) -> None:
    member = office.member("manager")
    steps = (
        ("buildings/new", {"name": "主楼", "storeys_above": "3", "storeys_below": "1", "fire_resistance": "二"}),
        ("key-parts/new", {"kind": "control_room", "name": "消控室"}),
        ("facilities/new", {"kind": "extinguisher", "count": "3", "expires_on": "2026-09-01"}),
    )
    for path, fields in steps:
        address = f"{home}/{path}"
        wrong = member.sends(address, address, **{**fields, "name": "", "kind": "nothing"})
        assert wrong.status_code == 422, path
        answer = member.sends(address, address, **fields)
        assert answer.status_code == 303, (path, seen(answer))
    page = seen(member.opens(home))
    for words in ("主楼", "消控室", "3 项设施", "灭火器"):
        assert words in page, words
    table = member.opens(f"{home}/facilities", expiring="1")
    assert len(listed(table)) == 3
    assert "MH-002" in seen(table)
    with office.db.read() as session:
        facility = session.exec(select(Facility).where(Facility.number == "MH-002")).one()
        building = re.search(r'value="(b:[^"]+)"', member.opens(f"{home}/facilities/new").text).group(1)
    officer = str(office.world.people["officer"])
    form = f"{home}/facilities/{facility.id}"
    assert member.sends(f"{form}/edit", f"{form}/edit", kind="extinguisher", number="2F-02").status_code == 303
    assert member.sends(f"{form}/move", f"{form}/move", where=building, location="楼梯口").status_code == 303
    ticked = {"facility": str(facility.id), "person": officer, "csrf": member.csrf(home)}
    assert member.posts(f"{home}/facilities/assign", **ticked).status_code == 303
    assert member.posts(f"{home}/facilities/assign", csrf=member.csrf(home)).status_code == 422
    assert member.sends(f"{form}/end", f"{form}/end", reason="报废").status_code == 303
    assert len(listed(member.opens(f"{home}/facilities"))) == 2
    assert listed(member.opens(f"{home}/facilities", ended="1")) == [facility.code]
    told = seen(member.opens(f"/f/{facility.code}"))
    for words in ("褚巡查", "2F-02", "楼梯口", "移位", "指定责任人", "报废"):
        assert words in told, words
    assert office.member("officer").opens(f"{home}/facilities/new").status_code == 403


def test_label_tells_anybody_what_it_is_and_leads_to_a_report_about_it(office: Office, home: str) -> None:
    manager, anybody = office.member("manager"), office.nobody()
    address = f"{home}/facilities/new"
    manager.sends(address, address, kind="extinguisher", location="二层楼梯口",
                  responsible=str(office.world.people["officer"]))  # fmt: skip
    manager.sends(f"{home}/key-parts/new", f"{home}/key-parts/new", kind="kitchen", name="后厨")
    with office.db.read() as session:
        facility, part = session.exec(select(Facility)).one(), session.exec(select(KeyPart)).one()

    page = anybody.opens(f"/f/{facility.code}")

    for words in ("灭火器 MH-001", "宽澄·鼎元一期南", "二层楼梯口"):
        assert words in seen(page), words
    for words in ("褚巡查", "历史"):
        assert words not in seen(page), words
    report = re.search(r'href="(/v/[^"]+facility=[^"]+)"', page.text).group(1)
    form = anybody.opens(report)
    assert "灭火器 MH-001（二层楼梯口）" in form.text
    assert re.search(r'value="equipment" checked', form.text)
    assert "后厨" in seen(anybody.opens(f"/f/{part.code}"))
    assert anybody.opens(f"/f/{facility.code.lower()}").headers["location"] == f"/f/{facility.code}"
    assert anybody.opens("/f/2222222223").status_code == 404
    elsewhere = anybody.opens(f"/v/{office.world.codes['market']}/report", facility=facility.code)
    assert "MH-001" not in elsewhere.text
    stranger = seen(office.member("warden2").opens(f"/f/{facility.code}"))
    assert "褚巡查" not in stranger


def test_document_is_kept_when_the_form_is_wrong_and_read_by_its_venues_people(office: Office, home: str) -> None:
    member = office.member("manager")
    new = f"{home}/documents/new"
    csrf = member.csrf(home)

    def sends(content: bytes, **fields: str) -> object:
        files = {"file": ("执照.pdf", content, "application/pdf")}
        return member.client.post(new, data={"csrf": csrf, **fields}, files=files, follow_redirects=False)

    assert sends(b"MZ\x90", kind="business_licence").status_code == 422
    wrong = sends(PDF, kind="nothing")
    assert wrong.status_code == 422
    kept = re.search(r'name="file" value="(\w+)"', wrong.text).group(1)
    right = member.posts(new, csrf=csrf, kind="business_licence", file=kept, expires_on="2026-08-01")
    assert right.status_code == 303, seen(right)
    page = member.opens(home)
    assert "执照.pdf" in seen(page)
    assert "2026-08-01 到期" in seen(page) or "已于 2026-08-01 到期" in seen(page)
    address = re.search(rf'href="({home}/documents/[0-9a-f-]+)"', page.text).group(1)
    got = member.client.get(address)
    assert got.content == PDF
    assert got.headers["content-disposition"].startswith("attachment")
    assert office.member("warden2").opens(address).status_code == 404
    assert member.sends(f"{address}/end", f"{address}/end", reason="换证").status_code == 303
    assert "执照.pdf" not in seen(member.opens(home)).split("历史")[0]


def test_history_tells_in_words_who_did_what(office: Office, home: str) -> None:
    member = office.member("supervisor")
    member.sends(f"{home}/decide/suspend", f"{home}/decide/suspend", reason="停业整顿")
    told = seen(member.opens(f"{home}/history"))

    for words in ("停用", "郑主管", "停业整顿"):
        assert words in told, words


def test_a_long_history_goes_on_page_by_page(office: Office, home: str) -> None:
    member = office.member("supervisor")
    with office.db.write() as session:
        venue = session.get_one(Venue, office.world.venues["kuancheng"])
        for number in range(120):
            at = office.world.clock.advance(seconds=1)
            actor = office.world.actor(session, "supervisor")
            register_log.record(
                session, "venue", venue.id, "change", actor=actor, at=at, data={"note": f"第{number}次"}
            )
    told, path = [], f"{home}/history"
    while path:
        page = member.opens(path).text
        told += re.findall(r"第(\d+)次", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = html.unescape(following[1]) if following else ""

    assert told == [str(number) for number in reversed(range(120))]
    assert member.opens(f"{home}/history?cursor=garbage").status_code == 303


def test_pages_of_the_register_are_complete_in_english(office: Office, home: str) -> None:
    member = office.member("supervisor")
    for path in ("/venues", home, f"{home}/edit", f"{home}/facilities", f"{home}/decide/close", f"{home}/posts/new"):
        page = member.opens(f"{path}?lang=en")
        assert page.status_code == 200, path


def test_programs_read_the_same(office: Office) -> None:
    handler, warden, code = office.member("handler"), office.member("warden"), office.world.codes["kuancheng"]
    every = handler.opens("/api/v1/venues", limit="2").json()
    assert len(every["venues"]) == 2
    rest = handler.opens("/api/v1/venues", limit="2", cursor=every["next_cursor"]).json()
    assert (len(rest["venues"]), rest["next_cursor"]) == (1, None)
    assert handler.opens("/api/v1/venues", cursor="x").status_code == 422
    assert [venue["code"] for venue in warden.opens("/api/v1/venues").json()["venues"]] == [code]
    one = warden.opens(f"/api/v1/venues/{code}").json()
    assert {person["phone_masked"] for person in one["people"]} == {"138 **** 0011", "138 **** 0012", "138 **** 0013"}
    assert warden.opens(f"/api/v1/venues/{office.world.codes['market']}").status_code == 404
    assert warden.opens(f"/api/v1/venues/{code}/facilities").json() == {"facilities": [], "next_cursor": None}
