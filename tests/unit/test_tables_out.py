"""Tables to the outside: what a person typed stays text, and a template says what to fill in."""

from __future__ import annotations

import csv
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from documents import tables_in, tables_out
from documents.tables_out import Notes, OutColumn, TooManyRows, guarded, write_csv, write_template, write_xlsx
from domain.language import CHINESE, ENGLISH, Label, Sentence

COLUMNS = [OutColumn("名称", width=30), OutColumn("编码")]
HOSTILE = ['=HYPERLINK("http://127.0.0.1/?"&A1,"x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1"]
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_looks_like_a_formula_stays_text_in_a_workbook(tmp_path: Path, text: str) -> None:
    write_xlsx(tmp_path / "a.xlsx", COLUMNS, [[text, "x"]], title="场所", locale=CHINESE)

    cell = openpyxl.load_workbook(tmp_path / "a.xlsx").active["A2"]
    assert (cell.data_type, cell.value.replace("_x0009_", "\t").replace("_x000D_", "\r").strip()) == ("s", text.strip())
    assert cell.quotePrefix
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_looks_like_a_formula_is_guarded_in_csv(tmp_path: Path, text: str) -> None:
    write_csv(tmp_path / "a.csv", COLUMNS, [[text, "x"]], locale=CHINESE)

    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == [f"'{text}", "x"]


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_what_was_written_reads_back_the_same(tmp_path: Path, name: str) -> None:
    lines = [["=1+1", "+86 138"], ["'quoted", "http://127.0.0.1/"], ["https://a b", "00123"], ["-", "普通"]]
    path = tmp_path / name
    if name == "a.csv":
        write_csv(path, COLUMNS, lines, locale=CHINESE)
    else:
        write_xlsx(path, COLUMNS, lines, title="x", locale=CHINESE)

    with tables_in.open_table(path) as table:
        assert [[cell.value for cell in row.cells] for row in table.rows][1:] == lines


def test_moments_are_the_citys_and_words_the_readers(tmp_path: Path) -> None:
    row = [AT, date(2026, 11, 20), Label("一", "one"), Sentence("Please fill this in."), 7, True]
    columns = [OutColumn(str(index)) for index in range(6)]

    for locale in (CHINESE, ENGLISH):
        write_xlsx(tmp_path / f"{locale}.xlsx", columns, [row], title="x", locale=locale)

    english = [cell.value for cell in openpyxl.load_workbook(tmp_path / "en.xlsx").active[2]]
    chinese = [cell.value for cell in openpyxl.load_workbook(tmp_path / "zh_CN.xlsx").active[2]]
    at_the_city, day = datetime(2026, 11, 20, 20, 30), datetime(2026, 11, 20)  # noqa: DTZ001 - spreadsheets know no zones
    assert english == [at_the_city, day, "one", "Please fill this in.", 7, True]
    assert chinese[2] == "一"
    write_csv(tmp_path / "a.csv", columns, [row], locale=ENGLISH)
    assert "2026-11-20 20:30,2026-11-20,one" in (tmp_path / "a.csv").read_text("utf-8-sig")


def test_the_header_stays_in_sight_and_can_be_filtered(tmp_path: Path) -> None:
    count = write_xlsx(tmp_path / "a.xlsx", COLUMNS, [["a", "b"], ["c", "d"]], title="场所:/[]", locale=CHINESE)

    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert (count, sheet.freeze_panes, sheet.auto_filter.ref, sheet.title) == (2, "A2", "A1:B3", "场所")
    assert (sheet.column_dimensions["A"].width, sheet["A1"].font.bold) == (pytest.approx(30, abs=1), True)


def test_a_text_longer_than_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", COLUMNS, [["长" * 40_000]], title="x", locale=CHINESE)

    value = openpyxl.load_workbook(tmp_path / "a.xlsx").active["A2"].value
    assert (len(value), value[-1]) == (tables_out.LONGEST_TEXT, "…")


def test_more_rows_than_a_sheet_holds_leave_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_out, "MOST_ROWS", 2)

    with pytest.raises(TooManyRows):
        write_xlsx(tmp_path / "a.xlsx", COLUMNS, [["x"]] * 3, title="x", locale=CHINESE)

    assert list(tmp_path.iterdir()) == []


def test_a_template_hints_offers_lists_and_shows_examples(tmp_path: Path) -> None:
    columns = [
        OutColumn("名称", required=True, hint="门牌上的名称"),
        OutColumn("类别", choices=[f"V{n:02}" for n in range(1, 15)]),
        OutColumn("电话"),
        OutColumn("开业日期", kind="day"),
    ]
    notes = Notes("填写说明", ["一行一个场所"], [["宽澄", "V09", "13800138000", date(2026, 1, 1)]], "可选值")

    write_template(tmp_path / "a.xlsx", columns, notes, title="场所", locale=CHINESE)

    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet, beside, lists = book.worksheets
    assert [cell.value for cell in sheet[1]] == ["名称 *", "类别", "电话", "开业日期"]
    assert "门牌上的名称" in sheet["A1"].comment.text
    (rule,) = sheet.data_validations.dataValidation
    assert (str(rule.sqref), rule.formula1) == ("B2:B5001", "'可选值'!$B$2:$B$15")
    assert [lists[f"B{row}"].value for row in (1, 2, 15)] == ["类别", "V01", "V14"]
    assert [beside["A1"].value, beside["A3"].value, beside["C4"].value] == ["一行一个场所", "名称", "13800138000"]
    with tables_in.open_table(tmp_path / "a.xlsx") as table:
        assert len(list(table.rows)) == 1


def test_numbers_typed_into_a_template_stay_text(tmp_path: Path) -> None:
    write_template(tmp_path / "a.xlsx", [OutColumn("电话")], Notes("a", [], [], "b"), title="x", locale=CHINESE)

    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b'numFmtId="49"' in archive.read("xl/styles.xml")
        assert b'style="' in archive.read("xl/worksheets/sheet1.xml").partition(b"<sheetData>")[0]


def test_only_the_beginning_of_a_text_is_guarded() -> None:
    assert [guarded(text) for text in ("a=b", "=a", "", "'=a")] == ["a=b", "'=a", "", "'=a"]
