"""The page a venue's code opens, for right, mistyped, unknown and closed codes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.database import Database
from tests.visitor import Visitor, seen, visitor_of
from tests.world import World


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


def test_venue_page_says_who_answers_for_it_and_hides_their_names(visitor: Visitor) -> None:
    page = visitor.opens(f"/v/{visitor.world.codes['kuancheng']}")

    words = seen(page)
    assert page.status_code == 200
    for said in (
        "宽澄·鼎元一期南",
        "蒋*",
        "李*（广龙片区）",
        "走廊两端楼梯",
        "举报隐患",
        "最近巡查 尚无记录",
        "暂无记录",
    ):
        assert said in words
    for secret in ("蒋责任", "李庚", "138"):
        assert secret not in page.text


def test_venue_page_speaks_english_and_remembers_it(visitor: Visitor) -> None:
    visitor.speaks("en")

    page = visitor.opens(f"/v/{visitor.world.codes['kuancheng']}")

    assert '<html lang="en">' in page.text
    assert "Hazards not yet corrected" in seen(page)
    assert "?lang=zh_CN" in page.text


def test_large_text_is_one_class_and_is_remembered(visitor: Visitor) -> None:
    visitor.opens("/?size=large")

    page = visitor.opens(f"/v/{visitor.world.codes['kuancheng']}")

    assert '<html lang="zh-CN" class="large">' in page.text


@pytest.mark.parametrize(
    "disguise", [str.lower, lambda code: f" {code[:4]}-{code[4:]} ", lambda code: code.replace("5", "S")]
)
def test_code_is_understood_however_it_is_typed(visitor: Visitor, disguise: object) -> None:
    code = visitor.world.codes["kuancheng"]

    answer = visitor.client.get("/v", params={"code": disguise(code)}, follow_redirects=False)  # type: ignore[operator]

    assert (answer.status_code, answer.headers["location"]) == (303, f"/v/{code}")


@pytest.mark.parametrize(("language", "title"), [("zh_CN", "没有此编码的场所"), ("en", "No venue has this code")])
def test_unknown_code_offers_a_field_to_type_it_again(visitor: Visitor, language: str, title: str) -> None:
    visitor.speaks(language)

    for code in ("22222223", "ABC", "%3Cscript%3E", "宽澄", "2" * 300):
        page = visitor.opens(f"/v/{code}")

        assert page.status_code == 404
        assert title in seen(page)
        assert 'id="code"' in page.text
        assert 'href="/report"' in page.text
        assert "tel:119" in page.text
        assert "<script>" not in page.text


@pytest.mark.parametrize(("language", "title"), [("zh_CN", "该场所已停业"), ("en", "This venue is closed")])
def test_closed_venue_says_so_and_leads_to_the_general_form(visitor: Visitor, language: str, title: str) -> None:
    visitor.speaks(language)

    for page in ("", "/report"):
        answer = visitor.opens(f"/v/{visitor.world.codes['closed']}{page}")

        assert answer.status_code == 410
        assert title in seen(answer)
        assert "已歇业饭店" in seen(answer)
        assert 'href="/report"' in answer.text


def test_start_page_takes_a_venue_code_and_a_receipt(visitor: Visitor) -> None:
    page = visitor.opens("/")

    assert 'name="code"' in page.text
    assert 'name="receipt"' in page.text


def test_error_page_says_what_happened_whether_anything_was_kept_and_what_next(visitor: Visitor) -> None:
    visitor.speaks("en")

    page = visitor.opens("/nowhere")

    assert page.status_code == 404
    for said in ("There is no such page", "Nothing was saved.", "start again", "Call 119"):
        assert said in seen(page)
