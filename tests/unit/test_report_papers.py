"""Reports on paper: the official grid, what they say, cells that can be reckoned with, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from openpyxl import load_workbook

from documents import charts, sla_json, sla_report, sla_workbook
from documents.charts import Bar, Column
from domain.language import Label
from domain.reporting import amounts, paper
from domain.reporting.asked import Asked
from domain.reporting.case_rows import CaseRow
from domain.reporting.content import Content
from domain.reporting.figures import (
    CaseFigures,
    Lengths,
    Numbers,
    Point,
    ProcessFigures,
    Share,
    Slice,
    StageFigures,
)
from domain.reporting.names import Names
from domain.reporting.periods import Kind
from tests import printed

AS_OF = datetime(2026, 11, 1, 21, 30, 7, tzinfo=UTC)
ADDRESS = "https://fire.example.gov.cn/reports/editions/00000000-0000-0000-0000-000000000005"
LINE_PT, CHARACTER_PT = 225 / 22 * 72 / 25.4, 156 / 28 * 72 / 25.4
LEFT_PT, TOP_PT = 28 * 72 / 25.4, 37 * 72 / 25.4
STAGES = (
    StageFigures("accept", "target", 1200, 1150, 20, 10, 5, 10, 5, 25, Lengths(1170, 42, 192)),
    StageFigures("verify", "statutory", 1200, 1100, 50, 10, 12, 20, 8, 66, Lengths(1150, 372, 1500)),
    StageFigures("verify_again", "target"),
    StageFigures("reply", "target", 1000, 1000, lengths=Lengths(1000, 30, 90)),
)
CASES = CaseFigures(1200, 1000, 12, 700, 100, 150, 9, 20, 22, (1, 2, 3, 40, 50), (("closed", 1000),),
                    Lengths(1000, 3840, 11520))  # fmt: skip


def content(locale: str = "zh_CN", **changes: object) -> Content:
    report = ProcessFigures("hazard_report", CASES, STAGES)
    areas = {f"a{at:02}": Label(f"第{at}街道", f"Street {at}") for at in range(70)}
    numbers = Numbers(
        Asked(date(2026, 10, 1), date(2026, 10, 31), as_of=AS_OF), AS_OF, settled=True,
        processes=(report, ProcessFigures("rectification")), before_from_on=date(2026, 9, 1),
        before_until_on=date(2026, 9, 30),
        before=(replace(report, cases=replace(CASES, received=1100)), ProcessFigures("rectification")),
        areas=tuple(Slice("area", key, processes=(report,)) for key in areas),
        people=(Slice("person", "p1", processes=(report,)),),
        series=tuple(
            Point(date(2026, 10, 1) + timedelta(days=at), "hazard_report", 30 + at % 7, 20) for at in range(31)
        ),
    )  # fmt: skip
    names = Names({
        "area": areas, "person": {"p1": Label("李庚", "Li Geng")},
        "process": {"hazard_report": Label("隐患举报", "Hazard report"),
                    "rectification": Label("限期整改", "Rectification")},
        "state": {"hazard_report.closed": Label("已办结", "Closed")},
        "stage": {f"hazard_report.{name}": Label(zh, en) for name, zh, en in (
            ("accept", "受理", "Accept"), ("verify", "现场核查", "Verify on site"),
            ("verify_again", "重新核查", "Verify again"), ("reply", "回复举报人", "Reply to the reporter"))},
    })  # fmt: skip
    known = {
        "kind": Kind.MONTHLY, "numbers": numbers, "names": names, "where": Label("岚山市", "Lanshan"),
        "issuer": Label("岚山市消防救援支队", "Lanshan Fire and Rescue"), "locale": locale, "version": "0.1.0",
        "edition_id": UUID(int=5), "address": ADDRESS,
    }  # fmt: skip
    return Content(**(known | changes))


def case_rows() -> list[CaseRow]:
    return [
        CaseRow("JB-2026-000123", "hazard_report", "a01", None, AS_OF, "closed", AS_OF, "fixed", False, 0, 5, None),
        CaseRow("JB-2026-000124", "hazard_report", None, "FAC-07", AS_OF, "closed", None, None, True, 1, None, AS_OF),
    ]


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return sla_report.write(content(), checksum="ab" * 32)


def lines_of(pdf: bytes, tmp_path: Path) -> list[tuple[int, float, float, float, str]]:
    """Return (page, left, top, right, text) of every line of words, in points."""
    (tmp_path / "report.pdf").write_bytes(pdf)
    boxes = subprocess.run(
        ["pdftotext", "-bbox-layout", str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    found = []
    for page, text in enumerate(boxes.split("<page ")[1:], start=1):
        for left, top, right, inner in re.findall(
            r'<line xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)"[^>]*>(.*?)</line>', text, re.DOTALL
        ):
            words = "".join(re.findall(r"<word[^>]*>([^<]*)</word>", inner))
            found.append((page, float(left), float(top), float(right), words))
    return found


def test_paper_is_a4_with_the_official_margins(pdf: bytes, tmp_path: Path) -> None:
    rows = lines_of(pdf, tmp_path)

    body = [row for row in rows if not row[4].startswith("—")]
    assert min(left for _, left, _, _, _ in body) >= LEFT_PT - 1
    assert max(right for _, _, _, right, _ in body) <= LEFT_PT + 156 * 72 / 25.4 + 1
    assert {row[4] for row in rows if row[4].startswith("—")} >= {"—1—", "—2—", "—3—"}


def test_text_stands_on_a_grid_of_22_lines_of_28_characters(tmp_path: Path) -> None:
    wordy = content(where=Label("澄" * 28 * 40, "x"))

    everything = lines_of(sla_report.write(wordy, checksum="ab" * 32), tmp_path)

    full = [row for row in everything if row[4] == "澄" * len(row[4]) and len(row[4]) > 20]
    assert {len(row[4]) for row in full[:-1]} == {28}
    for _, left, _, right, _ in full[:-1]:
        assert left == pytest.approx(LEFT_PT, abs=0.5)
        assert right - left == pytest.approx(28 * CHARACTER_PT, abs=0.5)
    # The lines of all pages lie on each other, and a page of nothing but text has 22 of them.
    steps = [(top - TOP_PT) / LINE_PT % 1 for _, _, top, _, _ in full]
    assert max(steps) - min(steps) < 0.02
    second = [round((top - TOP_PT) / LINE_PT) for page, _, top, _, _ in full if page == 2]
    assert len(second) == len(set(second)) == 22


def test_the_pdf_says_what_was_asked_what_was_counted_and_where_it_is_found_again(pdf: bytes) -> None:
    text = printed.words(pdf)

    for said in (
        "岚山市消防救援支队", "案件办理时限报告", "2026年10月1日至2026年10月31日", "2026年9月1日至2026年9月30日",
        "2026年11月2日 05:30:07", "1,200", "+100", "97.5%", "6 小时 12 分", "无数据", "本期没有此类案件", "0.1.0",
        ("ab" * 16), "第1街道",
    ):  # fmt: skip
        assert said in text, said
    assert "李庚" not in text
    assert ADDRESS in [code for page in printed.pages(pdf) for code in printed.codes(page)]


def test_long_tables_say_how_much_is_left_to_the_workbook(pdf: bytes) -> None:
    assert "另有 10 行" in printed.words(pdf)


def test_english_paper_is_complete() -> None:
    text = printed.words(sla_report.write(content("en"), checksum="ab" * 32))

    assert "Verify on site: in time" in text
    assert not re.search(r"[一-鿿]", text)


def test_the_workbook_reads_back_as_numbers(tmp_path: Path) -> None:
    sla_workbook.write(tmp_path / "a.xlsx", content(), case_rows(), checksum="cd" * 32)

    book = load_workbook(tmp_path / "a.xlsx")
    rows = [[cell.value for cell in row] for row in book["汇总"].iter_rows(min_row=7)]
    summary = {row[1]: row for row in rows if row[0] == "隐患举报"}
    assert book.sheetnames == ["汇总", "环节", "按区域", "按单位", "按隐患类别", "案件"]
    assert summary["收到"][2:6] == [1200, None, None, 1100]
    assert summary["受理按期率"][2:5] == [97.5, 1150, 1180]
    assert summary["现场核查用时，中位数"][2] == 372
    assert summary["重新核查按期率"][2] is None
    areas = list(book["按区域"].iter_rows(min_row=2, values_only=True))
    assert len(areas) == 70
    assert areas[1][:4] == ("隐患举报", "第10街道", 1200, 1000)
    assert [cell.value for cell in book["案件"][2]][:3] == ["JB-2026-000123", "隐患举报", "第1街道"]


def test_a_name_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    risky = content(where=Label("=HYPERLINK(1)", "=HYPERLINK(1)"))
    names = Names({**risky.names.known, "area": {"a01": Label('=cmd|"/C calc"!A0', "x")}})

    sla_workbook.write(tmp_path / "a.xlsx", replace(risky, names=names), case_rows(), checksum="cd" * 32)

    for sheet in load_workbook(tmp_path / "a.xlsx"):
        for row in sheet.iter_rows():
            assert [cell.value for cell in row if cell.data_type == "f"] == []


def test_json_is_sorted_and_tells_no_data_from_zero() -> None:
    data = json.loads(sla_json.write(content()))

    headline = {line["figure"]: line for line in data["chapters"][0]["headline"]}
    assert list(data) == sorted(data)
    assert headline["hazard_report.verify_again.in_time"]["value"] is None
    assert headline["hazard_report.received"] == {
        "figure": "hazard_report.received", "label": "收到", "words": "1,200", "value": 1200, "before": {"value": 1100},
    }  # fmt: skip
    assert data["numbers"]["people"] == []
    assert data["chapters"][1]["no_data"] is True


AGAIN = """
import hashlib, sys
from pathlib import Path
from tests.unit.test_report_papers import case_rows, content
from documents import sla_json, sla_report, sla_workbook
path = Path(sys.argv[1])
sla_workbook.write(path, content(), case_rows(), checksum="ab" * 32)
for body in (sla_report.write(content(), checksum="ab" * 32), path.read_bytes(), sla_json.write(content())):
    print(hashlib.sha256(body).hexdigest())
"""


def test_another_process_with_another_seed_zone_and_time_writes_the_same_bytes(pdf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "here.xlsx"
    sla_workbook.write(path, content(), case_rows(), checksum="ab" * 32)

    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path / "there.xlsx")],
        check=True, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PYTHONHASHSEED": "77", "TZ": "America/New_York"},
    )  # fmt: skip

    here = [hashlib.sha256(body).hexdigest() for body in (pdf, path.read_bytes(), sla_json.write(content()))]
    assert done.stdout.split() == here


def test_a_bar_of_no_data_is_drawn_otherwise_than_one_of_zero() -> None:
    unknown, zero = (charts.bars([Bar("核查", value, "—")], title="逾期").svg for value in (None, 0))

    assert "stroke-dasharray" in unknown
    assert "stroke-dasharray" not in zero
    assert 'width="0"' in zero


def test_days_on_which_nothing_came_in_are_zero_and_those_to_come_are_no_data() -> None:
    numbers = replace(
        content().numbers, asked=Asked(date(2026, 10, 30), date(2026, 11, 4)),
        series=(Point(date(2026, 10, 31), "hazard_report", 3, 1),),
    )  # fmt: skip

    series = paper.chapters(numbers)[0].series

    assert [(day.day, point.received if point else None) for day, point in series] == [
        (30, 0), (31, 3), (1, 0), (2, 0), (3, None), (4, None),
    ]  # fmt: skip


def test_charts_hold_what_people_typed_as_text() -> None:
    drawn = charts.bars([Bar("<script>x</script>", 1, "1")], title='"><script>').svg
    drawn += charts.columns([Column("<b>", 3, 1)], title="<i>", names=("<u>", "<s>")).svg

    assert "<script" not in drawn
    assert not any(tag in drawn for tag in ("<b>", "<i>", "<u>", "<s>"))


def test_columns_stand_side_by_side_under_a_key_and_beside_a_scale_of_three_numbers() -> None:
    drawn = charts.columns([Column("11-1", 3, 7), Column("11-2", None)], title="收到与办结", names=("收到", "办结")).svg
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    columns = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"', drawn.split("<g>")[1])

    assert texts[:2] == ["收到", "办结"]
    assert texts[2:5] == ["0", "4", "8"]
    assert "<title>11-1: 收到 3; 办结 7</title>" in drawn
    (left, width, low), (right, _, high) = ([float(number) for number in column] for column in columns)
    assert right >= left + width
    assert (low, high) == (
        pytest.approx(charts.COLUMNS_HEIGHT * 3 / 8, abs=0.1),
        pytest.approx(charts.COLUMNS_HEIGHT * 7 / 8, abs=0.1),
    )


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, "不足 1 分", "less than 1 minute"), (1, "1 分", "1 minute"), (192, "3 小时 12 分", "3 hours 12 minutes"),
        (1440, "1 天", "1 day"), (3900, "2 天 17 小时", "2 days 17 hours"), (60, "1 小时", "1 hour"),
    ],
)  # fmt: skip
def test_lengths_are_said_in_their_two_largest_units(minutes: int, zh: str, en: str) -> None:
    assert (amounts.length_words(minutes, "zh_CN"), amounts.length_words(minutes, "en")) == (zh, en)


def test_changes_carry_their_sign_and_no_data_has_none() -> None:
    share, was, none = (amounts.share(of) for of in (Share(29, 31), Share(3, 4), Share(0, 0)))

    assert share.change(was, "zh_CN") == "+18.5 个百分点"
    assert was.change(share, "en") == "−18.5 points"
    assert none.change(share, "zh_CN") == "—"
    assert none.words("zh_CN") == "无数据"
    assert share.beside("zh_CN") == "29/31"
    assert amounts.count(3).change(amounts.count(5), "zh_CN") == "−2"


def test_plain_counts_are_not_called_better_or_worse() -> None:
    (first, *_) = paper.chapters(content().numbers)
    lines = (*first.headline, *first.results, *first.durations)

    longer = [replace(line, now=replace(line.now, value=9.0), before=replace(line.before, value=2.0)) for line in lines]

    assert {line.now.sort for line in lines} == {"count", "minutes", "share", "rating"}
    assert all((line.tone == "") == (line.now.sort == "count") for line in longer)
