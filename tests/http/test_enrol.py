"""Applying for a code through the pages: a few questions a page, nothing typed is lost, receipts open the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from domain import cases, enrolments, papers, rulebooks, sealed, venue_codes
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, Document, OwnLimitRow, Post, Venue
from tests.http.test_public_bytes import PAGE, weight
from tests.pictures import jpeg
from tests.visitor import Visitor, hidden_fields, kept_photos, seen, visitor_of
from tests.world import World

BOTH = pytest.mark.parametrize("language", ["zh_CN", "en"])
PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"
ANSWERS: dict[str, dict[str, str]] = {
    "what": {"name": "广龙小卖部", "class_code": "V06"},
    "code": {"credit_code": "9153 0402 MA6K5XKJ3C", "industry": "commerce"},
    "where": {"address": "广龙路 8 号", "area": "guanglong"},
    "hours": {"hours": "每天 9:00-22:00", "area_m2": "80"},
    "person": {"person": "马掌柜", "phone": "139 1234 0000"},
    "documents": {"remark": "请下午来电"},
    "check": {},
}


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


def post(
    visitor: Visitor, page: Any, to: str = "next", files: list[tuple[str, bytes]] | None = None, **said: str
) -> Any:
    """Send the form on a page as a browser does, hidden fields and kept documents included."""
    action = re.search(r'<form [^>]*method="post"[^>]* action="([^"]+)"', page.text)
    assert action, seen(page)
    fields: dict[str, Any] = {**hidden_fields(page.text), "to": to, **said}
    if kept := kept_photos(page.text):
        fields["kept"] = kept
    sent = [("documents", (name, data, "application/octet-stream")) for name, data in files or [("", b"")]]
    return visitor.client.post(action[1], data=fields, files=sent, follow_redirects=False)


def walk(visitor: Visitor, last: str = "check", start: str = "/enrol", **changed: str) -> Any:
    """Answer page after page up to `last`, and return that page unsent."""
    page = visitor.opens(start)
    for name, said in ANSWERS.items():
        if name == last:
            return page
        page = post(visitor, page, **{**said, **{key: changed[key] for key in said if key in changed}})
        assert page.status_code == 200, seen(page)
    raise AssertionError(last)


def applied(visitor: Visitor, **changed: str) -> str:
    """Apply and return the receipt code."""
    answer = post(visitor, walk(visitor, **changed))
    assert answer.status_code == 303, seen(answer)
    return answer.headers["location"].removeprefix("/enrol/").partition("?")[0]


def case_of(db: Database, receipt: str) -> Case:
    with db.read() as session:
        return enrolments.by_receipt(session, receipt)


def staff(db: Database, world: World, receipt: str, *steps: tuple[str, str, dict[str, Any]]) -> None:
    for who, name, data in steps:
        with db.write() as session:
            case = enrolments.by_receipt(session, receipt)
            cases.fire(session, case, name, actor=world.actor(session, who), at=world.clock.now, data=data)


RETURNED = (
    ("handler", "start_review", {}),
    ("handler", "return_to_applicant", {"text": "执照看不清", "hint_documents": "请重拍", "hint_where": "缺门牌号"}),
)
APPROVED = (("handler", "start_review", {}), ("supervisor", "approve", {}))


def test_start_page_leads_to_the_form(visitor: Visitor) -> None:
    assert 'href="/enrol"' in visitor.opens("/").text


def test_everything_said_reaches_the_case(db: Database, visitor: Visitor) -> None:
    page = walk(visitor, "documents")
    page = post(visitor, page, remark="请下午来电", files=[("执照.pdf", PDF), ("门头.jpg", jpeg())])

    answer = post(visitor, page)

    assert answer.status_code == 303
    case = case_of(db, answer.headers["location"].removeprefix("/enrol/").partition("?")[0])
    assert (case.state, case.channel, case.place) == ("submitted", "web", "广龙小卖部")
    assert case.facts["application"] == {
        "name": "广龙小卖部", "class_code": "V06", "credit_code": "91530402MA6K5XKJ3C", "industry": "commerce",
        "address": "广龙路 8 号", "area": "guanglong", "hours": "每天 9:00-22:00", "area_m2": 80.0,
        "documents": [str(paper.id) for paper in papers_of(db, case)],
    }  # fmt: skip
    with db.read() as session:
        assert sealed.get(session, sealed.referenced(case.facts["remark"])) == "请下午来电"
        assert sealed.get(session, sealed.referenced(case.facts["phone"])) == "+8613912340000"
    assert [(paper.name, paper.media_type) for paper in papers_of(db, case)] == [
        ("执照.pdf", "application/pdf"), ("门头.jpg", "image/jpeg")
    ]  # fmt: skip


def papers_of(db: Database, case: Case) -> list[Document]:
    with db.read() as session:
        return papers.of_case(session, case.id)


@BOTH
@pytest.mark.parametrize(
    ("last", "wrong", "field"),
    [
        ("what", {}, "name"),
        ("what", {"name": "店", "class_code": "V99"}, "class_code-1"),
        ("code", {"credit_code": "91530402MA6K5XKJ3D"}, "credit_code"),
        ("code", {"industry": "piracy"}, "industry"),
        ("where", {"address": "某路"}, "area"),
        ("where", {"address": "某路", "lat": "north", "lon": "1"}, "area"),
        ("where", {"address": "某路", "lat": "24.6"}, "area"),
        ("hours", {"hours": "看心情"}, "hours"),
        ("hours", {"storeys": "很多"}, "storeys"),
        ("person", {"person": "马掌柜"}, "phone"),
        ("person", {"person": "马掌柜", "phone": "6911119"}, "phone"),
    ],
)
def test_what_is_wrong_is_said_on_its_page_and_all_else_is_kept(
    db: Database, visitor: Visitor, language: str, last: str, wrong: dict[str, str], field: str
) -> None:
    visitor.speaks(language)
    page = walk(visitor, last)
    before = hidden_fields(page.text)

    answer = post(visitor, page, **wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    for name, value in wrong.items():
        if name != "class_code" and value != "piracy":
            assert value in answer.text
    kept = hidden_fields(answer.text)
    assert {name: kept.get(name) for name in before if name not in ("lat", "lon")} == {
        name: value for name, value in before.items() if name not in ("lat", "lon")
    }
    with db.read() as session:
        assert session.exec(select(Case)).all() == []


def test_going_back_asks_for_nothing_and_loses_nothing(visitor: Visitor) -> None:
    page = walk(visitor, "where")

    back = post(visitor, page, to="code", address="还没写完")

    assert back.status_code == 200
    assert "9153 0402 MA6K5XKJ3C" in back.text
    assert hidden_fields(back.text)["address"] == "还没写完"


def test_last_page_sums_up_and_leads_to_each_answer(visitor: Visitor) -> None:
    page = walk(visitor)

    words = seen(page)

    assert all(word in words for word in ("广龙小卖部", "沿街商铺", "商场市场", "广龙片区", "80", "马掌柜"))
    assert post(visitor, page, to="person").text.count('name="person" type="text" value="马掌柜"') == 1


def test_last_page_says_within_what_time_it_is_reviewed_here(db: Database, world: World, visitor: Visitor) -> None:
    usual = seen(walk(visitor))
    with db.write() as session:
        since = world.clock.now - timedelta(days=1)
        session.add(OwnLimitRow(id=new_id(), rule="ENR-10", amount=3, unit="working_day", reason="-", from_at=since))
    with db.read() as session:
        rulebooks.forget(session)

    stricter = seen(walk(visitor))

    assert "将在 5 个工作日内审核" in usual
    assert "将在 3 个工作日内审核" in stricter


def test_tampered_answer_on_an_earlier_page_leads_back_there(visitor: Visitor) -> None:
    answer = post(visitor, walk(visitor), credit_code="123")

    assert answer.status_code == 422
    assert 'href="#credit_code"' in answer.text
    assert hidden_fields(answer.text)["at"] == "code"


def test_documents_survive_a_refused_one_and_can_be_left_out(visitor: Visitor) -> None:
    page = walk(visitor, "documents")
    page = post(visitor, page, files=[("执照.pdf", PDF), ("病毒.exe", b"MZ"), ("照片.jpg", jpeg())])
    assert page.status_code == 422
    assert "病毒.exe" in seen(page)
    assert seen(page).count("保留“") == 2

    kept = kept_photos(page.text)
    summary = visitor.client.post(
        "/enrol",
        data={**hidden_fields(page.text), "to": "next", "kept": kept[1:]},
        files=[("documents", ("", b"", "application/octet-stream"))],
    )

    assert "执照.pdf" not in seen(summary)
    assert "照片.jpg" in seen(summary)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("大.pdf", b"%PDF-1.7" + b"0" * (10 * 1024 * 1024) + b"%%EOF", "10 MB"),
        ("断.pdf", b"%PDF-1.7\n1 0 obj", "已损坏"),
        ("假.pdf", b"hello", "PDF"),
        ("空.jpg", b"\xff\xd8\xff", "已损坏"),
    ],
)
def test_document_that_cannot_be_taken_is_named(visitor: Visitor, name: str, data: bytes, why: str) -> None:
    page = post(visitor, walk(visitor, "documents"), files=[(name, data)])

    assert page.status_code == 422
    assert name in seen(page)
    assert why in seen(page)


def test_sent_twice_is_one_application(db: Database, visitor: Visitor) -> None:
    page = post(visitor, walk(visitor, "documents"), files=[("执照.pdf", PDF)])

    first, second = post(visitor, page), post(visitor, page)

    assert first.headers["location"] == second.headers["location"]
    with db.read() as session:
        assert len(session.exec(select(Case)).all()) == 1


def test_place_that_is_enrolled_already_is_told_without_saying_whose(visitor: Visitor) -> None:
    page = walk(visitor, "hours", address="宽澄·鼎元一期南 门口")

    assert "已有场所入驻" in seen(page)
    assert "蒋" not in page.text
    assert visitor.world.codes["kuancheng"] not in page.text


def test_flood_from_one_address_has_to_wait(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.allowances._is_here", lambda _: False)
    with visitor_of(db, world) as visitor:
        for number in range(20):
            applied(visitor, name=f"小店{number}")

        answer = post(visitor, walk(visitor, name="又一家"))

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "又一家" in answer.text


# The applicant's own page.


def test_own_page_says_how_it_stands_and_masks_who_applied(visitor: Visitor) -> None:
    receipt = applied(visitor)

    page = visitor.opens(f"/enrol/{receipt.lower()}")

    words = seen(page)
    assert "已收到，等待审核" in words
    assert "2026年8月28日 17:30" in words
    assert "马* 139 **** 0000" in words
    assert "马掌柜" not in page.text
    assert "请下午来电" not in page.text


def test_wrong_receipt_and_that_of_a_report_open_nothing(visitor: Visitor) -> None:
    theirs, mine = visitor.reports(), applied(visitor)

    assert visitor.opens(f"/enrol/{theirs}").status_code == 404
    assert visitor.opens(f"/r/{mine}").status_code == 404
    assert visitor.opens("/enrol/AAAA").status_code == 404
    typed = visitor.client.post("/r", data={"receipt": mine}, follow_redirects=False)
    assert typed.headers["location"] == f"/enrol/{mine}"


def test_returned_application_says_what_where_and_until_when(db: Database, world: World, visitor: Visitor) -> None:
    receipt = applied(visitor)
    staff(db, world, receipt, *RETURNED)

    page = visitor.opens(f"/enrol/{receipt}")

    words = seen(page)
    assert all(word in words for word in ("需要您补充或更正", "执照看不清", "请重拍", "缺门牌号", "2026年9月23日"))
    assert f'href="/enrol/{receipt}/change?at=documents"' in page.text


def test_changed_and_submitted_again_keeps_what_was_left_alone(db: Database, world: World, visitor: Visitor) -> None:
    receipt = applied(visitor)
    staff(db, world, receipt, *RETURNED)
    page = visitor.opens(f"/enrol/{receipt}/change?at=where")
    assert "缺门牌号" in seen(page)
    assert "马掌柜" not in page.text

    page = post(visitor, page, address="广龙路 8 号 2 栋 1 层", area="guanglong")
    while hidden_fields(page.text)["at"] != "check":
        said = {"hours": "每天 9:00-22:00"} if hidden_fields(page.text)["at"] == "hours" else {}
        page = post(visitor, page, **said)
        assert page.status_code == 200, seen(page)
    answer = post(visitor, page)

    assert answer.headers["location"] == f"/enrol/{receipt}"
    case = case_of(db, receipt)
    assert (case.state, case.facts["application"]["address"]) == ("submitted", "广龙路 8 号 2 栋 1 层")
    with db.read() as session:
        assert sealed.get(session, sealed.referenced(case.facts["phone"])) == "+8613912340000"
    assert post(visitor, page).headers["location"] == f"/enrol/{receipt}"


def test_change_is_offered_only_while_it_lies_with_the_applicant(visitor: Visitor) -> None:
    receipt = applied(visitor)

    answer = visitor.client.get(f"/enrol/{receipt}/change", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/enrol/{receipt}")


def test_withdrawing_wants_to_be_confirmed_and_keeps_the_reason(db: Database, visitor: Visitor) -> None:
    receipt = applied(visitor)
    path = f"/enrol/{receipt}/withdraw"

    unsure = visitor.client.post(path, data={"reason": "不开了"}, follow_redirects=False)
    sure = visitor.client.post(path, data={"reason": "不开了", "confirm": "1"}, follow_redirects=False)
    again = visitor.client.post(path, data={"reason": "不开了", "confirm": "1"}, follow_redirects=False)

    assert (unsure.status_code, sure.status_code, again.status_code) == (422, 303, 303)
    assert "不开了" in unsure.text
    assert case_of(db, receipt).state == "withdrawn"


def test_approved_place_has_its_code_square_and_sheet(db: Database, world: World, visitor: Visitor) -> None:
    receipt = applied(visitor)
    assert visitor.client.get(f"/enrol/{receipt}/sheet", follow_redirects=False).status_code == 303
    staff(db, world, receipt, *APPROVED)
    with db.read() as session:
        code = session.get_one(Venue, case_of(db, receipt).venue_id).code

    page = visitor.opens(f"/enrol/{receipt}")
    sheet = visitor.opens(f"/enrol/{receipt}/sheet?size=A6")

    assert code in seen(page)
    assert '<svg class="qr"' in page.text
    assert (sheet.headers["content-type"], sheet.content[:5]) == ("application/pdf", b"%PDF-")
    assert f"{code}-A6.pdf" in sheet.headers["content-disposition"]


def test_the_applicant_of_an_approved_place_chooses_an_account_once_and_begins(
    db: Database, world: World, visitor: Visitor
) -> None:
    receipt = applied(visitor)
    path = f"/enrol/{receipt}/account"
    wanted = {"username": "lakeside", "password": "vier-Fische-im-See"}
    early = visitor.client.post(path, data=wanted, follow_redirects=False)
    staff(db, world, receipt, *APPROVED)

    offered = visitor.opens(f"/enrol/{receipt}")
    weak = visitor.client.post(path, data={**wanted, "password": "1"}, follow_redirects=False)
    made = visitor.client.post(path, data=wanted, follow_redirects=False)
    again = visitor.client.post(path, data={**wanted, "username": "other"}, follow_redirects=False)
    signed_in = visitor.client.post("/login", data=wanted, follow_redirects=False)

    assert f'action="{path}"' in offered.text
    assert (early.status_code, weak.status_code, made.status_code, again.status_code) == (409, 422, 303, 409)
    assert 'id="password-error"' in weak.text
    assert 'value="lakeside"' in weak.text
    assert signed_in.status_code == 303
    assert f'action="{path}"' not in visitor.opens(f"/enrol/{receipt}").text
    assert "开始自查" in visitor.client.get("/my-place").text


def test_the_receipt_opens_no_account_of_somebody_who_works_for_the_brigade(
    db: Database, world: World, visitor: Visitor
) -> None:
    receipt = applied(visitor)
    staff(db, world, receipt, *APPROVED)
    with db.write() as session:
        owner = session.get_one(Venue, case_of(db, receipt).venue_id).owner_id
        session.add(Post(id=new_id(), person_id=owner, role="supervisor", from_on=world.clock.now.date()))

    answer = visitor.client.post(
        f"/enrol/{receipt}/account", data={"username": "lakeside", "password": "vier-Fische-im-See"},
        follow_redirects=False,
    )  # fmt: skip

    assert answer.status_code == 409


def test_after_a_reissue_the_page_shows_the_code_in_force(db: Database, world: World, visitor: Visitor) -> None:
    receipt = applied(visitor)
    staff(db, world, receipt, *APPROVED)
    with db.write() as session:
        venue = session.get_one(Venue, enrolments.by_receipt(session, receipt).venue_id)
        new = venue_codes.reissue(
            session, venue.id, reason="丢失", replacing=venue.code, actor=world.actor(session, "handler"),
            at=world.clock.now,
        )  # fmt: skip

    assert new in seen(visitor.opens(f"/enrol/{receipt}"))


@BOTH
def test_rejected_as_duplicate_leads_to_the_venue(db: Database, world: World, visitor: Visitor, language: str) -> None:
    receipt = applied(visitor)
    code = world.codes["kuancheng"]
    reject = {"reason": "already_enrolled", "duplicate_of": code, "explanation": "门口已有标牌"}
    staff(db, world, receipt, ("handler", "start_review", {}), ("handler", "reject", reject))
    visitor.speaks(language)

    page = visitor.opens(f"/enrol/{receipt}")

    assert {"zh_CN": "该场所已入驻", "en": "The place is enrolled already"}[language] in seen(page)
    assert "门口已有标牌" in seen(page)
    assert f'href="/v/{code}"' in page.text


@BOTH
def test_every_page_of_an_application_weighs_at_most_15_kb(
    db: Database, world: World, visitor: Visitor, language: str
) -> None:
    visitor.speaks(language)
    pages = [walk(visitor, last) for last in ANSWERS]
    first, second = applied(visitor), applied(visitor, name="另一家")
    pages.append(visitor.opens(f"/enrol/{first}?new=1"))
    staff(db, world, first, *APPROVED)
    staff(db, world, second, *RETURNED)
    pages += [visitor.opens(path) for path in (f"/enrol/{first}", f"/enrol/{second}", f"/enrol/{second}/change")]

    weights = {seen(page)[:20]: weight(visitor, page) for page in pages}

    assert max(weights.values()) <= PAGE, weights
