"""Reporting a hazard through the pages: what is right goes through at once, what is wrong is said and kept."""

from __future__ import annotations

import html
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from domain import places, reports, sealed
from domain.database import Database
from domain.models import Case, Photo
from tests.visitor import Visitor, hidden_fields, kept_photos, photo, seen, visitor_of
from tests.world import World

BOTH = pytest.mark.parametrize("language", ["zh_CN", "en"])


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


def all_cases(db: Database) -> list[Case]:
    with db.read() as session:
        return list(session.exec(select(Case).order_by(Case.number)))


def test_one_tile_is_enough(db: Database, visitor: Visitor) -> None:
    answer = visitor.sends(visitor.report_path(), hazard="escape")

    assert answer.status_code == 303
    [case] = all_cases(db)
    assert (case.hazard_code, case.state, case.channel) == ("EVA-02", "reported", "web")
    receipt = visitor.opens(answer.headers["location"])
    assert case.number in seen(receipt)
    assert "已收到您的举报" in seen(receipt)


def test_everything_given_reaches_the_case_and_identity_only_sealed(db: Database, visitor: Visitor) -> None:
    text = "楼层好多烟感报警不会亮，希望能看看是否会联动"

    visitor.reports(hazard="equipment", description=text, phone="139 1234 5678", photos=[("a.jpg", photo())])

    [case] = all_cases(db)
    with db.read() as session:
        assert sealed.get(session, sealed.referenced(case.facts["description"])) == text
        assert sealed.get(session, sealed.referenced(case.facts["phone"])) == "+8613912345678"
        [row] = session.exec(select(Photo).where(Photo.case_id == case.id))
    assert row.source == "reporter"
    assert text not in repr(case)
    assert case.facts["language"] == "zh_CN"


def test_report_without_a_code_needs_a_place(db: Database, visitor: Visitor) -> None:
    refused = visitor.sends("/report", hazard="fire_lane")
    taken = visitor.sends("/report", hazard="fire_lane", place="澄阳路 8 号门口")
    by_position = visitor.sends("/report", hazard="fire_lane", lat="24.67", lon="102.91")

    assert refused.status_code == 422
    assert "#place" in refused.text
    assert (taken.status_code, by_position.status_code) == (303, 303)
    first, second = all_cases(db)
    with db.read() as session:
        assert (first.place, first.venue_id, places.words(session, first)) == (None, None, "澄阳路 8 号门口")
        assert places.position(session, second) == (24.67, 102.91)


def test_nonsense_position_is_refused_as_a_question_of_place(visitor: Visitor) -> None:
    answer = visitor.sends("/report", hazard="fire_lane", lat="north", lon="400")

    assert answer.status_code == 422
    assert "#place" in answer.text


@BOTH
def test_empty_report_is_refused_with_a_summary_that_leads_to_the_field(
    db: Database, visitor: Visitor, language: str
) -> None:
    visitor.speaks(language)

    answer = visitor.sends(visitor.report_path())

    wanted = {"zh_CN": "请选择隐患类型", "en": "Please choose a kind of hazard"}[language]
    assert answer.status_code == 422
    assert wanted in seen(answer)
    assert 'href="#hazard-1"' in answer.text
    assert answer.text.index('role="alert"') < answer.text.index("<h1")
    assert "autofocus" in answer.text
    assert seen(answer).strip().startswith({"zh_CN": "错误", "en": "Error"}[language])
    assert all_cases(db) == []


def test_something_else_needs_words(visitor: Visitor) -> None:
    answer = visitor.sends(visitor.report_path(), hazard="other")

    assert answer.status_code == 422
    assert 'href="#description"' in answer.text
    assert 'value="other" checked' in answer.text


def test_kind_that_is_no_tile_is_refused(visitor: Visitor) -> None:
    assert visitor.sends(visitor.report_path(), hazard="nonsense").status_code == 422


@BOTH
def test_megabyte_of_text_is_refused_and_its_beginning_kept(db: Database, visitor: Visitor, language: str) -> None:
    visitor.speaks(language)

    answer = visitor.sends(visitor.report_path(), hazard="escape", description="堵" * 350_000)

    assert answer.status_code == 422
    assert "2000" in seen(answer)
    assert "350000" in seen(answer)
    assert "堵" * 10_000 in answer.text
    assert "堵" * 10_001 not in answer.text
    assert all_cases(db) == []


def test_script_in_the_text_stays_text(visitor: Visitor) -> None:
    attack = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"

    refused = visitor.sends(visitor.report_path(), description=attack, phone=attack[:30])
    in_place = visitor.sends("/report", place=attack)

    for answer in (refused, in_place):
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
    assert html.escape(attack) in refused.text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


@BOTH
def test_malformed_phone_is_refused_and_kept_beside_everything_else(
    db: Database, visitor: Visitor, language: str
) -> None:
    visitor.speaks(language)

    answer = visitor.sends(visitor.report_path(), hazard="escape", description="出口锁着", phone="12-34")

    assert answer.status_code == 422
    assert 'href="#phone"' in answer.text
    assert 'value="12-34"' in answer.text
    assert "出口锁着" in answer.text
    assert 'value="escape" checked' in answer.text
    assert all_cases(db) == []


def test_everything_wrong_is_said_at_once_in_the_page_order(visitor: Visitor) -> None:
    answer = visitor.sends("/report", phone="12", photos=[("x.jpg", b"%PDF-1.4")])

    order = [answer.text.index(f'href="#{field}"') for field in ("place", "hazard-1", "photos", "phone")]
    assert order == sorted(order)


@BOTH
def test_file_that_cannot_be_taken_is_refused_by_name_and_the_good_one_kept(
    db: Database, visitor: Visitor, language: str
) -> None:
    visitor.speaks(language)
    bad = {
        "报告.jpg": b"%PDF-1.4 not a picture",
        "big.jpg": photo() + random.Random(1).randbytes(21 * 1024 * 1024),
        "empty.png": b"",
        "cut.jpg": photo()[:200],
    }

    for name, data in bad.items():
        refused = visitor.sends(visitor.report_path(), hazard="escape", photos=[("good.jpg", photo()), (name, data)])
        page = refused.text
        again = visitor.posts(
            visitor.report_path(), hazard="escape", form=hidden_fields(page)["form"], kept=kept_photos(page)
        )

        assert refused.status_code == 422
        assert name in seen(refused)
        assert "good.jpg" not in seen(refused)
        assert again.status_code == 303
        case = all_cases(db)[-1]
        with db.read() as session:
            assert len(session.exec(select(Photo).where(Photo.case_id == case.id)).all()) == 1
    assert len(all_cases(db)) == len(bad)


def test_kept_photo_is_shown_to_its_form_only_for_a_while(visitor: Visitor) -> None:
    page = visitor.sends(visitor.report_path(), photos=[("a.jpg", photo())]).text
    [token] = kept_photos(page)

    shown = visitor.opens(f"/kept/{token}")
    forged = visitor.opens(f"/kept/{token[:-3]}abc")
    visitor.world.clock.advance(hours=3)
    late = visitor.opens(f"/kept/{token}")

    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["cache-control"] == "no-store"
    assert (forged.status_code, late.status_code) == (404, 404)


def test_photo_kept_too_long_is_asked_for_again(db: Database, visitor: Visitor) -> None:
    page = visitor.sends(visitor.report_path(), photos=[("a.jpg", photo())]).text
    visitor.world.clock.advance(hours=3)

    answer = visitor.posts(
        visitor.report_path(), hazard="escape", form=hidden_fields(page)["form"], kept=kept_photos(page)
    )

    assert answer.status_code == 422
    assert 'href="#photos"' in answer.text
    assert all_cases(db) == []


def test_photo_of_another_report_cannot_be_attached_again(visitor: Visitor) -> None:
    page = visitor.sends(visitor.report_path(), photos=[("a.jpg", photo())]).text
    form, kept = hidden_fields(page)["form"], kept_photos(page)
    visitor.posts(visitor.report_path(), hazard="escape", form=form, kept=kept)

    answer = visitor.posts(visitor.report_path(), hazard="ebike", form=form, kept=kept)

    assert answer.status_code == 422
    assert 'href="#photos"' in answer.text


def test_tenth_photo_is_left_out_with_a_word(visitor: Visitor) -> None:
    answer = visitor.sends(
        visitor.report_path(), hazard="escape", photos=[(f"{n}.jpg", photo(size=(20 + n, 20))) for n in range(10)]
    )

    assert answer.status_code == 422
    assert len(kept_photos(answer.text)) == 9
    assert "9" in seen(answer)


def test_form_sent_twice_makes_one_case(db: Database, visitor: Visitor) -> None:
    form = hidden_fields(visitor.opens(visitor.report_path()).text)["form"]
    filled = {"hazard": "escape", "description": "出口锁着", "phone": "13912345678", "form": form}

    first = visitor.posts(visitor.report_path(), photos=[("a.jpg", photo())], **filled)
    second = visitor.posts(visitor.report_path(), photos=[("a.jpg", photo())], **filled)

    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert len(all_cases(db)) == 1
    with db.read() as session:
        assert len(session.exec(select(Photo)).all()) == 1


def test_going_back_to_report_something_else_makes_a_second_case(db: Database, visitor: Visitor) -> None:
    form = hidden_fields(visitor.opens(visitor.report_path()).text)["form"]

    visitor.posts(visitor.report_path(), hazard="escape", form=form)
    visitor.posts(visitor.report_path(), hazard="ebike", form=form)

    assert [case.hazard_code for case in all_cases(db)] == ["EVA-02", "EVB-01"]


def test_open_report_of_the_same_kind_is_shown_before_sending(db: Database, visitor: Visitor) -> None:
    visitor.reports(hazard="escape")
    [case] = all_cases(db)
    with db.write() as session:
        reports.triage(session, case.id, at=visitor.world.clock.now)

    page = visitor.opens(visitor.report_path())
    elsewhere = visitor.opens(visitor.report_path("market"))
    visitor.world.clock.now += timedelta(hours=73)
    later = visitor.opens(visitor.report_path())

    assert seen(page).count("已有人举报：已派人核查") == 1
    assert case.number not in page.text
    assert "已有人举报" not in seen(elsewhere)
    assert "已有人举报" not in seen(later)


@pytest.mark.parametrize("path", ["venue", "general"])
def test_every_reporting_page_names_119(visitor: Visitor, path: str) -> None:
    page = visitor.opens(visitor.report_path() if path == "venue" else "/report")

    assert 'href="tel:119"' in page.text
    assert "正在着火请拨打" in seen(page)


def test_form_from_another_site_is_refused(db: Database, visitor: Visitor) -> None:
    answer = visitor.client.post(
        visitor.report_path(), data={"hazard": "escape"}, headers={"origin": "https://elsewhere.example"}
    )

    assert answer.status_code == 403
    assert all_cases(db) == []


def test_unknown_code_cannot_be_reported_to(visitor: Visitor) -> None:
    assert visitor.posts("/v/22222223/report", hazard="escape").status_code == 404
