"""Applications at the desk: what reviewers see, which papers they open, who may enter one for somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlmodel import select

from domain import cases, enrolments, papers
from domain.database import Database
from domain.models import Case, Person, Venue
from domain.settings import get_settings
from tests.http.test_enrol import ANSWERS
from tests.journeys import apply
from tests.pictures import jpeg
from tests.staff_member import Office, hidden_fields, office_of, seen
from tests.world import PEOPLE, World

PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"
CREDIT_CODE = "91530402MA6K5XKJ3C"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def paper(office: Office, name: str, data: bytes) -> str:
    at, directory = office.world.clock.now, papers.folder(get_settings())
    return str(papers.keep(office.db, data, name, kind=papers.APPLICATION, at=at, directory=directory).id)


def applied(office: Office, **said: object) -> str:
    with office.db.write() as session:
        return apply(session, office.world, **said).number


def test_reviewer_sees_what_was_said_and_what_stands_there_already(office: Office) -> None:
    with office.db.write() as session:
        session.get_one(Venue, office.world.venues["market"]).credit_code = CREDIT_CODE
    other = applied(office, credit_code=CREDIT_CODE, name="另一家")
    number = applied(
        office, credit_code=CREDIT_CODE, hours="每天 9:00-22:00", area_m2=80, remark="请下午来电",
        lat=24.67, lon=102.91, documents=[paper(office, "执照.pdf", PDF)],
    )  # fmt: skip

    page = office.member("handler").opens(f"/cases/{number}")

    words = seen(page)
    place = ("广龙小卖部", "沿街商铺", "广龙路 8 号", "每天 9:00-22:00", "建筑面积", "80", "24.67000, 102.91000")
    rest = ("马掌柜", "139 **** 0000", "请下午来电", "执照.pdf", "统一社会信用代码相同", "岚山农贸市场", other)
    for said in (*place, *rest):
        assert said in words, said
    assert "13912340000" not in page.text


@pytest.mark.parametrize(("who", "name", "reads"), [("inspector1", "马*", True), ("auditor", "马*", False)])
def test_who_does_not_review_sees_the_name_masked(office: Office, who: str, name: str, reads: bool) -> None:  # noqa: FBT001
    number = applied(office, remark="请下午来电")

    page = office.member(who).opens(f"/cases/{number}")

    assert name in seen(page)
    assert "马掌柜" not in page.text
    assert ("请下午来电" in page.text) is reads
    assert ("139 **** 0000" in seen(page)) is reads


def test_timeline_of_an_application_says_areas_hours_and_kinds_in_words(office: Office) -> None:
    number = applied(office, hours="周一至周五 9:00-17:30", industry="commerce")
    handler = office.member("handler")

    for language, words in (
        ("zh_CN", ("广龙片区", "周一至周五 9:00-17:30", "沿街商铺", "商场市场")),
        ("en", ("广龙片区", "Street-front shop")),
    ):
        page = handler.opens(f"/cases/{number}", lang=language)
        timeline = page.text.split('class="timeline"')[1]
        assert all(said in timeline for said in words), language
        assert not re.search(
            r"guanglong|commerce|zh_CN|&#39;from&#39;|T\d\d:\d\d:\d\d", re.sub(r"datetime=\"[^\"]*\"", "", timeline)
        )


@pytest.mark.parametrize("who", PEOPLE)
def test_applicant_is_named_to_reviewers_on_their_card_and_nowhere_else(office: Office, who: str) -> None:
    number = applied(office, remark="请下午来电")
    office.fires(number, "handler", "start_review")
    office.fires(number, "handler", "return_to_applicant", text="请补执照")
    with office.db.write() as session:
        case = cases.by_number(session, number)
        changed = {"name": "广龙小卖部", "class_code": "V06", "address": "广龙路 9 号", "area": "guanglong",
                   "person": "马掌柜", "phone": "13912340000"}  # fmt: skip
        cases.fire(
            session, case, "resubmit", actor=enrolments.applicant_of(case), at=office.world.clock.now, data=changed
        )
    member = office.member(who)
    address = f"/api/v1/cases/{number}"

    answers = {path: member.opens(path).text for path in (
        f"/cases/{number}", "/cases", "/tasks", "/api/v1/cases", address, f"{address}/timeline", f"{address}/offers",
        f"{address}/calls",
    )}  # fmt: skip

    named = {path for path, text in answers.items() if "马掌柜" in text}
    assert named == ({f"/cases/{number}"} if who in ("handler", "supervisor") else set())
    assert not any("13912340000" in text for text in answers.values())
    reads = who in ("handler", "supervisor", "leader") or who.startswith("inspector")
    assert ("请下午来电" in answers[f"{address}/timeline"]) is reads


def test_venue_side_and_other_areas_know_nothing_of_it(office: Office) -> None:
    number = applied(office)

    assert [office.member(who).opens(f"/cases/{number}").status_code for who in ("owner", "warden2", "crew")] == [
        404
    ] * 3


def test_papers_open_for_reviewers_and_pdfs_only_as_downloads(office: Office) -> None:
    pdf, picture = paper(office, "执照.pdf", PDF), paper(office, "门头.jpg", jpeg())
    number, other = applied(office, documents=[pdf, picture]), applied(office, name="另一家")
    handler = office.member("handler")

    first, second = (handler.opens(f"/cases/{number}/papers/{one}") for one in (pdf, picture))

    assert (first.status_code, first.content, first.headers["content-disposition"]) == (200, PDF, "attachment")
    assert (second.headers["content-type"], second.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert handler.opens(f"/cases/{other}/papers/{pdf}").status_code == 404
    for who in ("auditor", "owner", "operator"):
        assert office.member(who).opens(f"/cases/{number}/papers/{pdf}").status_code == 404


def test_review_on_the_page_up_to_the_code(office: Office) -> None:
    number = applied(office)
    assert office.member("handler").takes(number, "start_review").status_code == 303

    answer = office.member("supervisor").takes(number, "approve")

    assert answer.status_code == 303, seen(answer)
    with office.db.read() as session:
        case = cases.by_number(session, number)
        assert case.state == "approved"
        assert session.get_one(Venue, case.venue_id).name == "广龙小卖部"


def test_known_person_is_offered_and_chosen_beforehand(office: Office) -> None:
    number = applied(office, person="蒋责任", phone="13800000013")
    supervisor = office.member("supervisor")
    supervisor.takes(number, "start_review")
    page = supervisor.opens(f"/cases/{number}").text
    owner = str(office.world.people["owner"])
    assert f'value="{owner}" selected>蒋责任 · 消防安全责任人' in page

    supervisor.takes(number, "approve", owner=owner)

    with office.db.read() as session:
        assert len(session.exec(select(Person).where(Person.name == "蒋责任")).all()) == 1


def test_taken_credit_code_refuses_with_the_name_and_keeps_the_page(office: Office) -> None:
    with office.db.write() as session:
        session.get_one(Venue, office.world.venues["market"]).credit_code = CREDIT_CODE
    number = applied(office, credit_code=CREDIT_CODE)
    supervisor = office.member("supervisor")
    supervisor.takes(number, "start_review")

    answer = supervisor.takes(number, "approve", note="已核对")

    assert answer.status_code == 409
    assert "岚山农贸市场" in seen(answer)
    assert "已核对" in answer.text


def test_desk_enters_for_somebody_and_cannot_approve_it(office: Office) -> None:
    handler = office.member("handler")
    page = handler.opens("/enrolments/new")
    assert "您在代人录入" in seen(page)
    for said in ANSWERS.values():
        page = handler.client.post(
            "/enrolments/new", data={**hidden_fields(page.text), "to": "next", **said}, follow_redirects=False
        )

    assert page.status_code == 303, seen(page)
    number = page.headers["location"].removeprefix("/cases/").partition("?")[0]
    with office.db.read() as session:
        [case] = session.exec(select(Case))
    assert (case.number, case.channel, case.facts["entered_by"]) == (
        number, "visit", str(office.world.people["handler"])
    )  # fmt: skip
    handler.takes(number, "start_review")
    shown = seen(handler.opens(f"/cases/{number}"))
    assert "代录人 赵受理" in shown
    assert "须由同事审核通过" in shown or "须由他人审核通过" in shown


def test_public_form_in_a_signed_in_browser_remembers_who_it_was(office: Office) -> None:
    handler = office.member("handler")
    page = handler.opens("/enrol")
    for said in ANSWERS.values():
        page = handler.client.post(
            "/enrol", data={**hidden_fields(page.text), "to": "next", **said}, follow_redirects=False
        )

    assert page.headers["location"].startswith("/enrol/"), seen(page)
    with office.db.read() as session:
        [case] = session.exec(select(Case))
    assert (case.channel, case.facts["entered_by"]) == ("web", str(office.world.people["handler"]))


@pytest.mark.parametrize("who", ["warden", "auditor", "owner"])
def test_entering_is_for_the_desk(office: Office, who: str) -> None:
    assert office.member(who).opens("/enrolments/new").status_code == 403


def test_entering_from_another_site_is_refused(office: Office) -> None:
    handler = office.member("handler")

    assert handler.posts("/enrolments/new", csrf="x", name="店").status_code == 403
