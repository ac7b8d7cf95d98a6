"""The reporter's own page: what it says, what it never says, and what the reporter may do there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import select, update

from api.rendering import moment_in_words
from domain.database import Database
from domain.models import Photo, TimelineEntry, Venue
from tests.visitor import Visitor, answered, case_of, kept_photos, photo, seen, staff_does, visitor_of
from tests.world import World


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


def steps_of(db: Database, receipt: str) -> list[str]:
    case = case_of(db, receipt)
    with db.read() as session:
        entries = select(TimelineEntry).where(TimelineEntry.case_id == case.id).order_by(TimelineEntry.seq)
        return [entry.transition for entry in session.exec(entries)]


def step(visitor: Visitor, receipt: str, name: str, **fields: object) -> object:
    version = case_version(visitor, receipt)
    return visitor.posts(f"/r/{receipt}/{name}", version=version, **fields)


def case_version(visitor: Visitor, receipt: str) -> str:
    page = visitor.opens(f"/r/{receipt}").text
    return page.partition('name="version" value="')[2].partition('"')[0]


def test_new_receipt_names_the_number_the_code_and_the_legal_deadline(visitor: Visitor) -> None:
    receipt = visitor.reports()

    words = seen(visitor.opens(f"/r/{receipt}?new=1"))

    for said in ("已收到您的举报", "JB-2026-000001", "24 小时内现场核查", "最迟 2026年8月24日 13:58", "请保存这个链接"):
        assert said in words
    assert f"{receipt[:4]}-{receipt[4:8]}-{receipt[8:]}" in words


def test_receipt_page_is_kept_by_nobody_and_tells_no_other_site(visitor: Visitor) -> None:
    page = visitor.opens(f"/r/{visitor.reports()}")

    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "noindex" in page.headers["x-robots-tag"]


def test_answer_and_corrections_are_read_and_nothing_of_staff(db: Database, world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()
    answered(db, world, receipt)

    page = visitor.opens(f"/r/{receipt}")

    words = seen(page)
    for said in ("已答复", "经核查属实，已责令整改。", "疏散通道", "整改中"):
        assert said in words
    for secret in ("李庚", "赵受理", "内部", "两处上锁", "warden", "测试", "13800"):
        assert secret not in page.text


def test_merged_report_says_so_and_shows_the_shared_answer(db: Database, world: World, visitor: Visitor) -> None:
    first, second = visitor.reports(), visitor.reports(hazard="other", description="也是出口")
    number = case_of(db, first).number
    staff_does(db, world, second, ("handler", "merge", {"into": number}))
    joined = seen(visitor.opens(f"/r/{second}"))
    answered(db, world, first)

    words = seen(visitor.opens(f"/r/{second}"))

    assert "并案办理" in joined
    assert number not in joined
    assert "经核查属实，已责令整改。" in words


def test_reporter_adds_words_and_a_photo(db: Database, visitor: Visitor) -> None:
    receipt = visitor.reports()

    answer = step(visitor, receipt, "add_information", text="二楼也锁着", photos=[("b.jpg", photo())])

    assert answer.status_code == 303
    assert steps_of(db, receipt) == ["report", "add_information"]
    with db.read() as session:
        assert len(session.exec(select(Photo).where(Photo.case_id == case_of(db, receipt).id)).all()) == 1
    page = visitor.opens(answer.headers["location"])
    assert "您补充了情况" in seen(page)
    assert "二楼也锁着" not in page.text


def test_addition_sent_twice_is_written_once_and_another_text_is_not_lost(db: Database, visitor: Visitor) -> None:
    receipt = visitor.reports()
    version = case_version(visitor, receipt)

    for text in ("二楼也锁着", "二楼也锁着", "三楼也锁着"):
        assert visitor.posts(f"/r/{receipt}/add_information", version=version, text=text).status_code == 303

    assert steps_of(db, receipt) == ["report", "add_information", "add_information"]


def test_refused_photo_of_an_addition_keeps_the_words_and_the_good_photo(db: Database, visitor: Visitor) -> None:
    receipt = visitor.reports()

    answer = step(
        visitor, receipt, "add_information", text="二楼也锁着", photos=[("b.jpg", photo()), ("c.jpg", b"%PDF")]
    )
    kept = kept_photos(answer.text)
    again = step(visitor, receipt, "add_information", text="二楼也锁着", kept=kept)

    assert answer.status_code == 422
    assert "c.jpg" in seen(answer)
    assert "二楼也锁着" in answer.text
    assert "#add_information-photos" in answer.text
    assert len(kept) == 1
    assert again.status_code == 303
    assert steps_of(db, receipt) == ["report", "add_information"]


@pytest.mark.parametrize(
    ("name", "fields", "chinese", "english"),
    [
        ("add_information", {"text": "二楼也锁着"}, "已收到您补充的情况。", "We have received what you added."),
        ("remind", {}, "已收到您的催办，并已转告经办人员。", "We have heard that you urge us"),
        ("withdraw", {"confirm": "1"}, "您的举报已撤回。", "Your report is withdrawn."),
        ("rate", {"rating": "5"}, "谢谢您的评价。", "Thank you for your rating."),
        ("object", {"text": "还是锁着"}, "已收到您的异议，将另派人员重新核查。", "Somebody else will check again."),
    ],
)
def test_each_step_is_answered_in_a_sentence_and_once(
    db: Database, world: World, visitor: Visitor, *, name: str, fields: dict[str, str], chinese: str, english: str
) -> None:
    for language, sentence in (("zh_CN", chinese), ("en", english)):
        visitor.speaks(language)
        receipt = visitor.reports(description=f"{language} 出口锁着")
        if name in ("rate", "object"):
            answered(db, world, receipt)

        address = step(visitor, receipt, name, **fields).headers["location"]

        assert sentence in seen(visitor.opens(address))
        assert sentence not in seen(visitor.opens(address))


def test_an_invented_answer_is_said_by_no_page(visitor: Visitor) -> None:
    receipt = visitor.reports()
    visitor.client.cookies.set("fireline-said", "<b>accept")

    page = visitor.opens(f"/r/{receipt}?done=accept")

    assert page.status_code == 200
    assert 'role="status" tabindex' not in page.text


def test_closing_by_itself_and_the_time_for_objections_have_a_moment_each(
    db: Database, world: World, visitor: Visitor
) -> None:
    receipt = visitor.reports()
    answered(db, world, receipt)
    heard_until = datetime.fromisoformat(case_of(db, receipt).facts["replied_at"]) + timedelta(days=30)

    words = seen(visitor.opens(f"/r/{receipt}"))
    visitor.speaks("en")
    english = seen(visitor.opens(f"/r/{receipt}"))

    assert re.search(r"无异议自动办结 · \d{4}年\d+月\d+日 \d\d:\d\d", words)
    assert f"可以提出异议，办结后也可以 · {moment_in_words(heard_until, 'zh_CN')}前" in words
    assert re.search(r"Closes by itself when you do not object · on \d{4}-", english)
    assert f"also after it was closed · until {moment_in_words(heard_until, 'en')}" in english


def test_venue_has_its_english_name_on_the_english_page(db: Database, world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()
    with db.write() as session:
        named = update(Venue).where(Venue.id == world.venues["kuancheng"])
        session.exec(named.values(name_en="Dingyuan Offices, South"))

    chinese = seen(visitor.opens(f"/r/{receipt}"))
    visitor.speaks("en")
    english = seen(visitor.opens(f"/r/{receipt}"))

    assert ("宽澄·鼎元一期南" in chinese, "Dingyuan" in chinese) == (True, False)
    assert ("宽澄·鼎元一期南" in english, "Dingyuan Offices, South" in english) == (False, True)


def test_empty_addition_is_refused_at_its_field(visitor: Visitor) -> None:
    receipt = visitor.reports()

    answer = step(visitor, receipt, "add_information", text="  ")

    assert answer.status_code == 422
    assert 'href="#add_information-text"' in answer.text
    assert 'id="add_information-text"' in answer.text
    assert '<details id="add_information" open>' in answer.text


def test_urging_is_offered_once_a_day_with_the_reason_as_text(db: Database, world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()

    first = step(visitor, receipt, "remind")
    page = visitor.opens(f"/r/{receipt}")
    world.clock.advance(hours=1)
    again = [
        visitor.posts(f"/r/{receipt}/remind", version=version) for version in ("99", "9999999999", "9" * 5000, "²")
    ]

    assert first.status_code == 303
    assert "催办" in seen(page)
    assert f'action="/r/{receipt}/remind"' not in page.text
    assert [answer.status_code for answer in again] == [409] * 4
    assert steps_of(db, receipt) == ["report", "remind"]


def test_switch_of_a_refused_step_leads_back_to_the_report(visitor: Visitor) -> None:
    receipt = visitor.reports()
    refused = step(visitor, receipt, "add_information", text="")

    switched = visitor.opens(f"/r/{receipt}/add_information?lang=en")

    assert f'href="/r/{receipt}/add_information?lang=en"' in refused.text
    assert switched.status_code == 200
    assert "Your receipt code" in seen(switched)


def test_withdrawing_asks_twice(db: Database, visitor: Visitor) -> None:
    receipt = visitor.reports()

    unsure = step(visitor, receipt, "withdraw", reason="报错了")
    sure = step(visitor, receipt, "withdraw", reason="报错了", confirm="1")

    assert unsure.status_code == 422
    assert "#withdraw-confirm" in unsure.text
    assert "报错了" in unsure.text
    assert sure.status_code == 303
    assert case_of(db, receipt).state == "withdrawn"
    assert "您可以" not in seen(visitor.opens(f"/r/{receipt}"))


def test_withdrawal_sent_twice_is_no_error(visitor: Visitor) -> None:
    receipt = visitor.reports()
    version = case_version(visitor, receipt)

    answers = [visitor.posts(f"/r/{receipt}/withdraw", version=version, confirm="1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]


def test_satisfied_rating_closes_and_nothing_chosen_is_refused(db: Database, world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()
    answered(db, world, receipt)

    empty = step(visitor, receipt, "rate")
    rated = step(visitor, receipt, "rate", rating="5", comment="谢谢")

    assert empty.status_code == 422
    assert "#rate-rating" in empty.text
    assert rated.status_code == 303
    assert case_of(db, receipt).state == "closed"


def test_objection_reopens_with_its_photo(db: Database, world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()
    answered(db, world, receipt)

    answer = step(visitor, receipt, "object", text="还是锁着", photos=[("b.jpg", photo())])

    assert answer.status_code == 303
    assert case_of(db, receipt).state == "reopened"
    assert "正在重新核查" in seen(visitor.opens(f"/r/{receipt}"))


def test_objection_after_thirty_days_shows_the_reason_instead_of_the_form(
    db: Database, world: World, visitor: Visitor
) -> None:
    receipt = visitor.reports()
    answered(db, world, receipt)
    world.clock.advance(days=31)

    page = visitor.opens(f"/r/{receipt}")

    assert "30" in seen(page)
    assert f'action="/r/{receipt}/object"' not in page.text


def test_step_that_is_possible_no_more_gives_the_words_back(db: Database, world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()
    version = case_version(visitor, receipt)
    answered(db, world, receipt)

    answer = visitor.posts(f"/r/{receipt}/add_information", version=version, text="二楼也<b>锁着</b>")

    assert answer.status_code == 409
    assert "二楼也&lt;b&gt;锁着&lt;/b&gt;" in answer.text
    assert "<b>锁着" not in answer.text


@pytest.mark.parametrize(("name", "status"), [("accept", 403), ("reply", 403), ("nonsense", 404), ("warn", 403)])
def test_steps_of_others_are_refused(db: Database, visitor: Visitor, name: str, status: int) -> None:
    receipt = visitor.reports()

    answer = visitor.posts(f"/r/{receipt}/{name}", version="1", hazard_code="EVA-02", text="x")

    assert answer.status_code == status
    assert steps_of(db, receipt) == ["report"]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_wrong_receipt_gets_the_same_page(visitor: Visitor, language: str) -> None:
    visitor.reports()
    visitor.speaks(language)
    codes = ["ABCDEFGHJKMN", "short", "ABCDEFGHJKM0"]

    pages = [(answer.status_code, answer.text.replace(code, "")) for code in codes
             for answer in [visitor.opens(f"/r/{code}")]]  # fmt: skip

    assert {status for status, _ in pages} == {404}
    assert len({text for _, text in pages}) == 1
    assert {"zh_CN": "没有此查询码", "en": "Nothing has this receipt code"}[language] in pages[0][1]


def test_guessing_receipts_is_slowed_down_for_right_ones_too(world: World, visitor: Visitor) -> None:
    receipt = visitor.reports()
    statuses = [visitor.opens(f"/r/ABCDEFGHJK{a}{b}").status_code for a in "2345" for b in "2345"]

    blocked = visitor.opens(f"/r/{receipt}")
    world.clock.advance(minutes=16)
    afterwards = visitor.opens(f"/r/{receipt}")

    assert statuses[0] == 404
    assert statuses[-1] == 429
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0
    assert afterwards.status_code == 200


def test_typed_receipt_is_found_however_it_is_written(visitor: Visitor) -> None:
    receipt = visitor.reports()
    written = f"{receipt[:4]} {receipt[4:8].lower()}-{receipt[8:]}"

    right = visitor.client.post("/r", data={"receipt": written}, follow_redirects=False)
    wrong = visitor.client.post("/r", data={"receipt": "ABCDEFGHJKMN"}, follow_redirects=False)

    assert (right.status_code, right.headers["location"]) == (303, f"/r/{receipt}")
    assert wrong.status_code == 404
    assert 'value="ABCDEFGHJKMN"' in wrong.text
