"""The report of deadlines on a page: its numbers, where each leads, what it refuses, editions and subscriptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from api.pages import reports_sla
from domain import notices
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Organisation
from domain.reporting import files
from domain.reporting.asked import Asked
from domain.reporting.numbers import numbers
from tests import filed
from tests.filed import carry_out_all
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What differs between the databases is tried below the pages."""
PERIOD = {"from": "2026-08-01", "until": "2026-08-28"}


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=10))
    with office_of(db, world) as opened:
        yield opened


def links_of(text: str) -> list[tuple[str, str]]:
    """Return (number as it reads, address) of every number of a report that leads to cases."""
    found = re.findall(r'<a href="(/reports/sla/cases\?[^"]+)">([^<]+)<', text)
    return [(number.strip(), unescape(href)) for href, number in found]


def listed(member: Member, address: str) -> list[str]:
    """Return the numbers of all cases behind an address, on all its pages."""
    cases: list[str] = []
    while address:
        page = member.client.get(address)
        assert page.status_code == 200, address
        cases += re.findall(r'href="/cases/([A-Z]{2}-\d{4}-\d+)#timeline"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = unescape(following[1]) if following else ""
    return cases


def test_every_count_on_the_page_leads_to_exactly_so_many_cases(office: Office) -> None:
    leader = office.member("leader")

    page = leader.opens("/reports/sla", **PERIOD)

    links = links_of(page.text)
    counts = {href: int(number.replace(",", "")) for number, href in links if re.fullmatch(r"[\d,]+", number)}
    assert page.status_code == 200
    assert len(counts) > 40
    assert max(counts.values()) == 4
    wrong = [(href, number) for href, number in counts.items() if len(listed(leader, href)) != number]
    assert wrong == []


def test_the_page_says_what_the_numbers_say(office: Office) -> None:
    with office.db.read() as session:
        asked = Asked(*(office.world.clock.now.date().replace(day=day) for day in (1, 28)))
        found = numbers(session, asked, actor=office.world.actor(session, "leader"), at=office.world.clock.now)
    report = next(one for one in found.processes if one.process == "hazard_report")

    text = seen(office.member("leader").opens("/reports/sla", **PERIOD))

    assert report.cases.received == 4
    assert f"收到 {report.cases.received}" in text
    share = report.stage("verify").in_time_share
    assert f"现场核查按期率 {share.percent:.1f}%" in text.replace(" · 现场核查按期率", "")
    assert "无数据" in text
    assert "2026年7月" in text


def test_a_long_table_shows_the_busiest_and_leads_to_all_of_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    leader = office.member("leader")
    whole = leader.opens("/reports/sla", **PERIOD).text
    monkeypatch.setattr(reports_sla, "MOST_ROWS", 0)

    page = leader.opens("/reports/sla", **PERIOD).text
    everything = leader.opens("/reports/sla", **PERIOD, rows="all").text

    assert "只显示案件最多的 0 行" in page
    assert "rows=all" in page
    assert page.count("<tr>") < whole.count("<tr>") == everything.count("<tr>")
    assert "rows=all" not in whole


def test_no_case_at_all_is_said_and_not_shown_as_zero(office: Office) -> None:
    text = seen(office.member("leader").opens("/reports/sla", **{"from": "2026-01-01", "until": "2026-01-31"}))

    assert "无数据" in text
    assert "100.0%" not in text


BAD = [
    ({"from": "2026-08-20", "until": "2026-08-01"}, 422, "早于"),
    ({"from": "1926-08-20", "until": "2026-08-01"}, 422, "年"),
    ({"from": "2026-13-45"}, 422, "2026-13-45"),
    ({"from": "0001-01-01", "until": "0001-01-02"}, 422, "2000"),
    ({"from": "1999-12-31", "until": "2000-01-02"}, 422, "2000"),
    ({"as_of": "0001-01-01"}, 422, "2000"),
    ({"as_of": "2026-13-45"}, 422, "2026-13-45"),
    ({"hazard": "XYZ-99"}, 422, "XYZ-99"),
    ({"process": "cooking"}, 422, "流程"),
    ({"area": "atlantis"}, 404, "没有这个区域"),
    ({"organisation": "nobody"}, 404, "没有这个单位"),
]


def test_bad_input_is_named_at_its_field_and_kept(office: Office) -> None:
    leader = office.member("leader")

    for query, status, said in BAD:
        page = leader.opens("/reports/sla", **query)

        assert (page.status_code, query) == (status, query)
        assert said in seen(page)
        assert 'role="alert"' in page.text
        assert "aria-invalid" in page.text
        for field in {"from", "until", "as_of"} & set(query):
            assert f'value="{query[field]}"' in page.text


def test_a_number_there_is_none_of_leads_nowhere(office: Office) -> None:
    leader = office.member("leader")

    for figure in ("hazard_report.nothing", "cooking.received", "hazard_report.verify.", "'; --"):
        assert leader.opens("/reports/sla/cases", figure=figure, **PERIOD).status_code == 404


def test_a_cursor_nobody_gave_out_begins_anew(office: Office) -> None:
    page = office.member("leader").opens(
        "/reports/sla/cases", figure="hazard_report.received", cursor="garbage", **PERIOD
    )

    assert page.status_code == 303
    assert "cursor" not in parse_qs(urlsplit(page.headers["location"]).query)


def test_an_edition_is_made_fetched_and_compared(office: Office) -> None:
    leader = office.member("leader")
    office.world.clock.advance(minutes=10)
    filed.measure(office.db, office.world.clock.now)

    made = leader.sends("/reports/sla?from=2026-08-01&until=2026-08-28", "/reports/sla/editions")
    carry_out_all(office.db, office.world.clock.now)
    errand = leader.opens(made.headers["location"])
    address = re.search(r'href="(/reports/editions/[0-9a-f-]+)"', errand.text)[1]
    page = leader.opens(address)

    assert "SHA-256" in page.text
    for name, begins in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("json", b"{")):
        file = leader.opens(f"{address}/{name}")
        assert file.status_code == 200
        assert file.content.startswith(begins)
    assert leader.opens(f"{address}/exe").status_code == 404
    assert address in leader.opens("/reports").text
    compared = leader.sends(address, f"{address}/compare")
    carry_out_all(office.db, office.world.clock.now)
    assert "逐字节一致" in leader.opens(compared.headers["location"]).text


def edition_of(office: Office, member: Member, page: str) -> str:
    """Press the button of that page and return the address of the edition that comes of it."""
    made = member.sends(page, "/reports/sla/editions")
    carry_out_all(office.db, office.world.clock.now)
    errand = member.opens(made.headers["location"])
    return re.search(r'href="(/reports/editions/[0-9a-f-]+)"', errand.text)[1]


def test_a_report_as_of_a_moment_stays_one_wherever_it_leads(office: Office) -> None:
    leader = office.member("leader")
    then = "2026-08-25"
    address = f"/reports/sla?from=2026-08-01&until=2026-08-28&area=chengyang&hazard=FAC&as_of={then}"
    asked = f"as_of={then}"

    page = leader.opens(address)

    assert page.text.count(f'name="as_of" value="{then}"') == 2
    reports_on = [unescape(href) for href in re.findall(r'href="(/reports/sla\?[^"]+)"', page.text)]
    as_now = [href for href in reports_on if "as_of" not in href]
    assert len(as_now) == 1
    assert "area=chengyang" in as_now[0]
    assert any(asked in href for href in reports_on)
    number, behind = next(link for link in links_of(page.text) if "figure=hazard_report.received" in link[1])
    back = re.search(r'href="(/reports/sla\?[^"]+)"', leader.client.get(behind).text)[1]
    back = unescape(back)
    assert parse_qs(urlsplit(back).query)["as_of"] == parse_qs(urlsplit(behind).query)["as_of"]
    assert [link[0] for link in links_of(leader.client.get(back).text)] == [link[0] for link in links_of(page.text)]
    assert number != next(
        number for number, href in links_of(leader.client.get(as_now[0]).text) if "figure=hazard_report.rec" in href
    )

    edition = leader.opens(edition_of(office, leader, address))

    numbers = re.findall(r'href="(/reports/sla/cases\?edition=[^"]+)"><b>([^<]+)</b>', edition.text)
    counts = {unescape(href): int(count) for href, count in numbers if re.fullmatch(r"\d+", count)}
    assert counts[next(href for href in counts if "hazard_report.received" in href)] == int(number)
    assert [(href, count) for href, count in counts.items() if len(listed(leader, href)) != count] == []
    now = unescape(re.search(r'href="(/reports/sla\?[^"]+)"', edition.text)[1])
    assert parse_qs(urlsplit(now).query) == {
        "from": ["2026-08-01"], "until": ["2026-08-28"], "area": ["chengyang"], "hazard": ["FAC"],
    }  # fmt: skip


def test_the_cases_of_an_edition_are_for_whom_the_edition_is(office: Office) -> None:
    leader = office.member("leader")
    edition_id = filed.edition(office.db, office.world.clock.now)
    office.world.people["chief"] = filed.below(office.db, office.world, "片区主管", "fuxian")
    address = f"/reports/sla/cases?edition={edition_id}&figure=hazard_report.received"

    assert len(listed(leader, address)) == 4
    assert office.member("chief").client.get(address).status_code == 404


def test_an_organisation_out_of_reach_is_as_one_there_is_none_of(office: Office) -> None:
    office.world.people["chief"] = filed.below(office.db, office.world, "片区主管", "guanglong")
    with office.db.write() as session:
        for code, area in (("there", "fuxian"), ("here", "guanglong"), ("above", "lanshan")):
            session.add(Organisation(id=new_id(), code=code, kind="brigade", name=f"消防{code}",
                                     area_id=office.world.areas[area], from_on=date(2020, 1, 1)))  # fmt: skip
    chief = office.member("chief")

    there, nowhere = (chief.opens("/reports/sla", organisation=code, **PERIOD) for code in ("there", "nobody"))

    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert "消防there" not in there.text
    assert "没有这个单位" in seen(there)
    for code in ("here", "above"):
        page = chief.opens("/reports/sla", organisation=code, **PERIOD)
        assert page.status_code == 200
        assert f'value="{code}" selected' in page.text


def test_an_edition_of_a_wider_reach_does_not_exist_for_others(office: Office) -> None:
    leader = office.member("leader")
    office.world.clock.advance(minutes=10)
    filed.measure(office.db, office.world.clock.now)
    made = leader.sends("/reports/sla", "/reports/sla/editions")
    carry_out_all(office.db, office.world.clock.now)
    address = re.search(r'href="(/reports/editions/[0-9a-f-]+)"', leader.opens(made.headers["location"]).text)[1]

    office.world.people["chief"] = filed.below(office.db, office.world, "片区主管", "guanglong")
    chief = office.member("chief")

    assert chief.opens("/reports").text.count("/reports/editions/") == 0
    for path in ("", "/pdf", "/json"):
        assert chief.opens(f"{address}{path}").status_code == 404
    assert chief.opens("/reports/sla", area="fuxian", **PERIOD).status_code == 404


def test_subscribing_and_ending(office: Office) -> None:
    supervisor = office.member("supervisor")

    refused = supervisor.sends("/reports/subscriptions", "/reports/subscriptions", until_on="2020-01-01")
    added = supervisor.sends(
        "/reports/subscriptions", "/reports/subscriptions", kind="weekly", area="chengyang", process="enrolment"
    )
    colleague = supervisor.sends(
        "/reports/subscriptions", "/reports/subscriptions", kind="daily", person=str(office.world.people["leader"])
    )
    page = supervisor.opens("/reports/subscriptions")

    assert (refused.status_code, added.status_code, colleague.status_code) == (422, 303, 303)
    assert "周报" in seen(page)
    assert "王队长" in seen(page)
    ends = re.findall(r'action="(/reports/subscriptions/[0-9a-f-]+/end)"', page.text)
    assert len(ends) == 2
    handler = office.member("handler")
    assert handler.posts(ends[0], csrf=handler.csrf()).status_code == 404
    for action in ends:
        assert supervisor.posts(action, csrf=supervisor.csrf()).status_code == 303
    assert "/end" not in supervisor.opens("/reports/subscriptions").text


def test_whoever_has_no_reports_finds_none(office: Office) -> None:
    for who in ("warden", "owner", "crew"):
        assert office.member(who).opens("/reports/sla").status_code == 403
    assert "/reports/sla" not in office.member("warden").opens("/tasks").text


def test_in_english_too(office: Office) -> None:
    leader = office.member("leader")
    leader.client.cookies.set("lang", "en")

    text = seen(leader.opens("/reports/sla", lang="en", **PERIOD))

    assert "Verify on site: in time" in text


def test_a_program_reads_the_same_numbers_and_their_cases(
    office: Office, program: Callable[[str], dict[str, str]]
) -> None:
    leader = program("leader")
    client = office.nobody().client

    found = client.get("/api/v1/reports/sla", params=PERIOD, headers=leader)
    lines = {line["figure"]: line for chapter in found.json()["chapters"] for line in chapter["headline"]}
    cases = client.get(
        "/api/v1/reports/sla/cases", params={**PERIOD, "figure": "hazard_report.received", "limit": 3}, headers=leader
    ).json()

    assert lines["hazard_report.received"]["value"] == 4
    assert lines["hazard_report.verify_again.in_time"]["value"] is None
    assert len(cases["cases"]) == 3
    assert cases["next_cursor"]
    for query, status in (({"from": "2026-08-20", "until": "2026-08-01"}, 422), ({"area": "atlantis"}, 404),
                          ({"hazard": "XYZ"}, 422), ({"from": "0001-01-01", "until": "0001-01-02"}, 422)):  # fmt: skip
        refused = client.get("/api/v1/reports/sla", params=query, headers=leader)
        assert refused.status_code == status
        assert refused.headers["content-type"].startswith("application/problem+json")
    assert client.get("/api/v1/reports/sla", headers=program("warden")).status_code == 403
    described = client.get("/api/openapi.json").json()["paths"]["/api/v1/reports/sla"]["get"]
    assert {one["name"] for one in described["parameters"]} >= {"from", "until", "area", "process", "hazard"}


def test_a_program_finds_editions_and_fetches_their_files(
    office: Office, program: Callable[[str], dict[str, str]]
) -> None:
    office.world.clock.advance(minutes=10)
    filed.measure(office.db, office.world.clock.now)
    member = office.member("leader")
    edition_id = edition_of(office, member, "/reports/sla?from=2026-08-01&until=2026-08-28").rsplit("/", 1)[1]
    office.world.people["chief"] = filed.below(office.db, office.world, "片区主管", "fuxian")
    leader, chief, client = program("leader"), program("chief"), office.nobody().client
    address = "/api/v1/reports/editions"

    (listed_one,) = client.get(address, params={"kind": "asked", "year": 2026}, headers=leader).json()["editions"]
    one = client.get(f"{address}/{edition_id}", headers=leader).json()

    assert listed_one["id"] == edition_id
    assert {name: one[name] for name in listed_one} == listed_one
    assert (one["from"], one["until"], one["where"]["zh_CN"]) == ("2026-08-01", "2026-08-28", "岚山市")
    assert one["numbers"]["processes"][0]["cases"]["received"] == 4
    for name in ("pdf", "xlsx", "json"):
        file = client.get(one["files"][name]["href"], headers=leader)
        assert files.sum_of(file.content) == one["files"][name]["sha256"]
    assert client.get(address, params={"year": 2025}, headers=leader).json() == {"editions": [], "next_cursor": None}
    for path, headers, status in (
        (f"{address}/{edition_id}/exe", leader, 404), (f"{address}/{edition_id}", chief, 404),
        (f"{address}/{edition_id}/json", chief, 404), (address, program("warden"), 403),
        (f"{address}?cursor=garbage", leader, 422), (f"{address}?kind=hourly", leader, 422),
    ):  # fmt: skip
        assert (path, client.get(path, headers=headers).status_code) == (path, status)
    assert client.get(address, headers=chief).json()["editions"] == []


def test_the_notice_of_a_report_leads_to_its_edition(office: Office) -> None:
    with office.db.write() as session:
        notices.note(
            session, office.world.people["leader"], key="report:x", kind="report", at=office.world.clock.now,
            data={"edition": str(UUID(int=7)), "kind": "weekly", "from_on": "2026-08-17", "until_on": "2026-08-23"},
        )  # fmt: skip

    page = office.member("leader").opens("/notices")

    assert "周报已编制完成" in seen(page)
    assert f'href="/reports/editions/{UUID(int=7)}"' in page.text
