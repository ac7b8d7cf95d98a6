"""Tables from outside: what is read, with its address, and what is refused before it does harm."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.styles import Font

from documents import cell_text, tables_in, xlsx_in
from documents.tables_in import open_table
from domain.imports.cells import Row, TableRefused, column_letters

EIGHT_THIRTY = datetime(2026, 11, 20, 8, 30)  # noqa: DTZ001 - spreadsheets know no time zones
HEADER = ["名称", "编码"]


def rows(path: Path) -> list[Row]:
    with open_table(path) as table:
        return list(table.rows)


def values(path: Path) -> list[list[object]]:
    return [[cell.value for cell in row.cells] for row in rows(path)]


def workbook(path: Path, *lines: list[object]) -> Path:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def repacked(path: Path, **changes: bytes | None) -> Path:
    """Give a workbook other parts: by name with / as __ and . as _dot_; None takes one out."""
    named = {name.replace("__", "/").replace("_dot_", "."): content for name, content in changes.items()}
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in (parts | named).items():
            if content is not None:
                new.writestr(name, content)
    return path


def sheet_of(folder: Path, inside: str, *, before: str = "", dimension: str = "") -> Path:
    """Make a workbook with a sheet as nobody's program would write it."""
    path = workbook(folder / "a.xlsx", ["x"])
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'{before}<worksheet xmlns="{space}">{dimension}<sheetData>{inside}</sheetData></worksheet>'
    return repacked(path, xl__worksheets__sheet1_dot_xml=text.encode())


def test_cells_of_a_workbook_come_with_value_and_address(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEADER, ["  宽澄\n鼎元\u3000一期 ", 7], [], [None, 1.5], [True, None])

    found = rows(path)

    assert [row.number for row in found] == [1, 2, 4, 5]
    assert [[cell.value for cell in row.cells] for row in found[1:]] == [["宽澄 鼎元 一期", 7], [None, 1.5], [True]]
    assert [cell.at for cell in found[2].cells] == ["A4", "B4"]


def test_dates_of_a_workbook_are_dates(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [EIGHT_THIRTY, EIGHT_THIRTY.replace(hour=0, minute=0), date(2026, 1, 2)])

    assert values(path) == [[EIGHT_THIRTY, date(2026, 11, 20), date(2026, 1, 2)]]


def test_a_formula_is_a_fault_of_its_cell_even_with_a_cached_value(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_formula("B2", '=HYPERLINK("http://127.0.0.1","x")', None, "91530000MA6K000000")

    (row,) = rows(path)

    assert row.cells[1].at == "B2"
    assert row.cells[1].fault == cell_text.FORMULA
    assert row.cells[1].value is None


def test_an_error_value_is_a_fault_that_names_it(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, '<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>')

    assert "#N/A" in str(rows(path)[0].cells[0].fault)


def test_the_first_visible_sheet_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet("b").append(["seen"])
    book.create_sheet("c").append(["later"])
    book.save(tmp_path / "a.xlsx")

    assert values(tmp_path / "a.xlsx") == [["seen"]]


def test_rows_that_only_look_like_something_are_left_out(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["x"])
    book.active["A900000"].font = Font(bold=True)
    book.save(tmp_path / "a.xlsx")

    assert values(tmp_path / "a.xlsx") == [["x"]]


def test_a_sheet_that_lies_about_its_size_is_read_as_it_is(tmp_path: Path) -> None:
    huge = '<dimension ref="A1:XFD1048576"/>'

    assert values(sheet_of(tmp_path, '<row r="1"><c r="A1"><v>7</v></c></row>', dimension=huge)) == [[7]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_the_encodings_and_delimiters_of_offices(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = f'名称{delimiter}"地址{delimiter}门牌"\r\n"宽澄""一期"{delimiter}环城北路,19;号\r\n'
    if delimiter != "\t":
        text = text.replace("环城北路,19;号", '"环城北路,19;号"')

    found = values(written(tmp_path / "a.csv", text.encode(encoding)))

    assert found == [["名称", f"地址{' ' if delimiter == chr(9) else delimiter}门牌"], ['宽澄"一期', "环城北路,19;号"]]


def test_rows_of_csv_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    found = rows(written(tmp_path / "a.csv", '名称\n\n"two\nlines"\nlast\n\n\n'.encode()))

    assert [(row.number, row.cells[0].at, row.cells[0].value) for row in found] == [
        (1, "A1", "名称"), (3, "A3", "two lines"), (4, "A4", "last"),
    ]  # fmt: skip


def test_a_formula_in_csv_is_a_fault_and_a_guarded_text_is_text(tmp_path: Path) -> None:
    (row,) = rows(written(tmp_path / "a.csv", b"=1+1,+86 138 0013 8000,'=1+1,'tis\n"))

    assert row.cells[0].fault == cell_text.FORMULA
    assert [cell.value for cell in row.cells[1:]] == ["+86 138 0013 8000", "=1+1", "'tis"]


def test_a_character_that_no_database_keeps_is_a_fault(tmp_path: Path) -> None:
    (row,) = rows(written(tmp_path / "a.csv", b"a\x07b,ok\n"))

    assert row.cells[0].fault is not None
    assert row.cells[1].value == "ok"


def bomb(tmp_path: Path) -> Path:
    path = workbook(tmp_path / "a.xlsx", ["x"])
    start = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return repacked(path, xl__worksheets__sheet1_dot_xml=start + b" " * (60 * 2**20) + b"</sheetData></worksheet>")


def with_many_parts(tmp_path: Path) -> Path:
    path = workbook(tmp_path / "a.xlsx", ["x"])
    return repacked(path, **{f"xl__media__{number}_dot_png": b"" for number in range(xlsx_in.MOST_PARTS)})


def with_a_lie_about_sizes(tmp_path: Path) -> Path:
    """The header of a part says one byte; what comes out would be more."""
    path = bomb(tmp_path)
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    return written(path, bytes(raw).replace(size.to_bytes(4, "little"), (1).to_bytes(4, "little")))


def with_entities(tmp_path: Path, part: str) -> Path:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_string("A1", "x")
    lol = b'<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(path) as archive:
        content = archive.read(part.replace("__", "/").replace("_dot_", "."))
    head, mark, rest = content.partition(b"?>") if content.startswith(b"<?xml") else (b"", b"", content)
    return repacked(path, **{part: head + mark + lol + rest})


def with_outside_entity(tmp_path: Path) -> Path:
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return sheet_of(tmp_path, '<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>', before=outside)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: written(folder / "a.xlsx", b""), "empty"),
        (lambda folder: written(folder / "a.xls", tables_in.OLD_OFFICE_START + bytes(512)), "old .xls workbook"),
        (lambda folder: written(folder / "a.xlsx", b"PK\x03\x04" + bytes(64)), "damaged"),
        (lambda folder: written(folder / "a.csv", b"a,b\n\x00\x01\x02"), "neither an .xlsx"),
        (lambda folder: written(folder / "a.csv", "名称\n好".encode("gbk") + b"\xff\xff\n"), "Line 2"),
        (lambda folder: written(folder / "a.csv", b'a,b\n1,"open\n2,3\n'), "Row 2"),
        (lambda folder: written(folder / "a.csv", b"a,b\n1," + b"x" * 140_000 + b"\n"), "Row 2 .* more than 131,072"),
        (lambda folder: written(folder / "a.csv", b",".join([b"x"] * 300)), "columns"),
        (lambda folder: workbook(folder / "a.xlsx", ["x"] * 300), "columns"),
        (bomb, "far more"),
        (with_many_parts, "far more"),
        (with_a_lie_about_sizes, "damaged"),
        (lambda folder: with_entities(folder, "xl__worksheets__sheet1_dot_xml"), "entities"),
        (lambda folder: with_entities(folder, "xl__workbook_dot_xml"), "entities"),
        (lambda folder: with_entities(folder, "xl__sharedStrings_dot_xml"), "entities"),
        (lambda folder: with_entities(folder, "xl__styles_dot_xml"), "entities"),
        (with_outside_entity, "entities"),
        (lambda folder: repacked(workbook(folder / "a.xlsx", ["x"]), xl__workbook_dot_xml=None), "damaged"),
        (lambda folder: repacked(workbook(folder / "a.xlsx", ["x"]), xl__worksheets__sheet1_dot_xml=b"<a>"), "damaged"),
        (lambda folder: sheet_of(folder, '<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_no_table_or_would_do_harm_is_refused_with_what_to_do(tmp_path: Path, make, says: str) -> None:
    path = make(tmp_path)

    with pytest.raises(TableRefused, match=says):
        rows(path)


@pytest.mark.parametrize(
    "inside", ["<row>%s</row>", '<row><c t="inlineStr"><is>%s</is></c></row>', "%s"], ids=["cells", "runs", "no row"]
)
@pytest.mark.parametrize("dimension", ["", '<dimension ref="A1:B2"/>'], ids=["no size said", "a size said"])
def test_a_row_of_millions_is_refused_before_it_fills_the_memory(tmp_path: Path, inside: str, dimension: str) -> None:
    path = sheet_of(tmp_path, inside % ("<c/>" * 2_000_000), dimension=dimension)
    assert path.stat().st_size < 50_000
    rows(workbook(tmp_path / "warm.xlsx", ["x"]))  # what is imported the first time is not counted

    tracemalloc.start()
    try:
        with pytest.raises(TableRefused, match="far more"):
            rows(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 30 * 2**20, f"{peak:,} bytes"


def test_what_follows_the_rows_is_not_read_but_its_sum_is(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, "<row><c><v>1</v></c></row></sheetData>" + "<mergeCell/>" * 100_000 + "<sheetData>")

    assert [[cell.value for cell in row.cells] for row in rows(path)] == [[1]]
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    directory = content.rindex(sheet.filename.encode()) - 46
    content[directory + 16 : directory + 20] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(TableRefused, match="damaged"):
        rows(path)


def test_a_part_beside_the_sheet_may_not_be_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_in, "LARGEST_OTHER", 20_000)
    path = repacked(workbook(tmp_path / "a.xlsx", ["x"]), xl__styles_dot_xml=b"<styleSheet>" + bytes(range(256)) * 100)

    with pytest.raises(TableRefused, match="far more"):
        rows(path)


@pytest.mark.parametrize(
    ("name", "limit", "says"), [("LARGEST_FILE", 2**20, "at most 1 MB"), ("MOST_ROWS", 3, "than 3 rows")]
)
def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int, says: str) -> None:
    monkeypatch.setattr(tables_in, name, limit)
    path = written(tmp_path / "a.csv", b"x\n" * (2**19 + 1))

    with pytest.raises(TableRefused, match=says):
        rows(path)


def test_columns_have_the_letters_of_spreadsheets() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


def test_a_picture_called_a_table_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", "<office/>")

    with pytest.raises(TableRefused, match="neither"):
        rows(written(tmp_path / "a.xlsx", buffer.getvalue()))
