"""Cells and headers of tables: what is understood, and what is said of the rest."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from domain import catalogue
from domain.imports import lines, readers
from domain.imports.cells import Cell, Row, TableRefused, Value
from domain.imports.kinds import KINDS
from domain.imports.lines import CellRefused, Column, Faults, read_lines
from domain.language import CHINESE, ENGLISH, Label
from tests import tables

NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - spreadsheets know no time zones
COLUMNS = (
    Column("name", Label("名称", "Name"), readers.text(5), required=True),
    Column("phone", Label("电话", "Phone"), readers.phone, also=("手机",)),
)


def read(*rows: dict[str, object]) -> tuple[list[lines.Line], Faults]:
    faults = Faults()
    return read_lines(COLUMNS, tables.rows_of(rows), faults), faults


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (readers.text(9), "宽澄", "宽澄"),
        (readers.text(9), 7, "7"),
        (readers.text(9), 7.0, "7"),
        (readers.text(9), 7.5, "7.5"),
        (readers.phone, 13800138000, "+8613800138000"),
        (readers.phone, 13800138000.0, "+8613800138000"),
        (readers.phone, "138 0013 8000", "+8613800138000"),
        (readers.phone, 119, "119"),
        (readers.day, date(2026, 11, 20), date(2026, 11, 20)),
        (readers.day, NOON, date(2026, 11, 20)),
        (readers.day, "2026-11-20", date(2026, 11, 20)),
        (readers.day, "2026年1月2日", date(2026, 1, 2)),
        (readers.day, "2026/1/2", date(2026, 1, 2)),
        (readers.day, "2026/1/2 0:00:00", date(2026, 1, 2)),
        (readers.number(0, 10), "3.5", 3.5),
        (readers.number(0, 9999), "1,200", 1200.0),
        (readers.number(0, 9, whole=True), 3.0, 3),
        (readers.credit_code, tables.credit_code(7).lower(), tables.credit_code(7)),
        (readers.hours, "每天 09:00-22:00", [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "until": "22:00"}]),
    ],
)
def test_a_cell_is_understood_as_people_type_it(reader, value: Value, expected: object) -> None:
    assert reader(value) == expected


@pytest.mark.parametrize(
    ("reader", "value", "says"),
    [
        (readers.text(3), "宽澄鼎元", "at most 3"),
        (readers.text(9), NOON, "date stands here"),
        (readers.text(9), time(9), "date"),
        (readers.credit_code, 915304816000000000, "lost its last digits"),
        (readers.text(30), 1e15, "lost its last digits"),
        (readers.credit_code, "91530481MA0000007X", "does not fit the others"),
        (readers.credit_code, "9153", "18 characters"),
        (readers.phone, 6911119, "area code"),
        (readers.phone, "many", "not a telephone"),
        (readers.day, "20.11.26", "2026-11-20"),
        (readers.day, "2026-02-30", "2026-11-20"),
        (readers.day, 46346, "2026-11-20"),
        (readers.day, "0001-01-01", "2026-11-20"),
        (readers.number(0, 5), "x", "not a number"),
        (readers.number(0, 5), 6, "outside of 0 to 5"),
        (readers.number(0, 5), True, "number"),
        (readers.number(0, 5), float("nan"), "not a number"),
        (readers.number(0, 5, whole=True), 1.5, "whole"),
        (readers.number(0, 5), "inf", "outside"),
        (readers.hours, "immer", "days and times"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_in_both_languages(reader, value: Value, says: str) -> None:
    with pytest.raises(CellRefused) as refused:
        reader(value)

    assert says in refused.value.reason.in_language(ENGLISH)
    assert refused.value.reason.in_language(CHINESE) != refused.value.reason.in_language(ENGLISH)


def test_a_class_is_known_by_code_name_or_both() -> None:
    known, reader = catalogue.venue_classes()["V09"], readers.one_of(catalogue.venue_classes, "no %(given)s")

    written = ["V09", " v09 ", "Ｖ０９", known.zh, known.en, known.en.upper(), f"V09 {known.zh}", f"v09{known.en}"]

    assert {reader(text) for text in written} == {"V09"}


@pytest.mark.parametrize("written", ["V15", "V00", "hotels"])
def test_a_class_that_is_none_of_the_fourteen_is_refused(written: str) -> None:
    with pytest.raises(CellRefused, match=written):
        readers.one_of(catalogue.venue_classes, "no %(given)s")(written)


def test_headers_are_known_in_both_languages_with_stars_and_spaces() -> None:
    found, faults = read({" 名 称 *": "甲", "Phone": "119"})

    assert tables.said(faults) == []
    assert [line.values for line in found] == [{"name": "甲", "phone": "119"}]


@pytest.mark.parametrize(
    ("header", "complaints"),
    [
        ({"名称": "甲", "Nmae": "x"}, [("B1", "There is no column “Nmae”. Use the template.")]),
        ({"电话": "119"}, [("1", "The column “Name” is missing.")]),
        ({"名称": "甲", "电话": "119", "手机": "110"}, [("C1", "The column “Phone” is there twice.")]),
    ],
)
def test_headers_that_do_not_fit_are_named_and_nothing_else_is_read(header: dict[str, object], complaints) -> None:
    found, faults = read(header)

    assert (found, tables.said(faults)) == ([], complaints)


def test_every_wrong_cell_is_named_with_its_address() -> None:
    found, faults = read(
        {"名称": "甲", "电话": "x"},
        {"名称": None, "电话": "119"},
        {"名称": "很长很长的名称", "电话": "y"},
        {"名称": "乙"},
    )

    assert [line.number for line in found] == [5]
    assert [complaint.where for complaint in faults.listed] == ["B2", "A3", "A4", "B4"]


def test_a_faulty_cell_is_named_by_what_the_file_says_of_it() -> None:
    faults = Faults()
    row = Row(2, (Cell("A2", None, readers.CellRefused(COLUMNS[0].hint or lines.Sentence("It is a formula.")).reason),))

    found = read_lines(COLUMNS, iter([Row(1, (Cell("A1", "名称"),)), row]), faults)

    assert (found, tables.said(faults)) == ([], [("A2", "It is a formula.")])


def test_a_value_beside_the_headers_is_named() -> None:
    faults = Faults()
    rows = [Row(1, (Cell("A1", "名称"), Cell("B1", None))), Row(2, (Cell("A2", "甲"), Cell("B2", "stray")))]

    read_lines(COLUMNS, iter(rows), faults)

    assert tables.said(faults) == [("B2", "This column has no header.")]


def test_a_thousand_errors_are_listed_and_all_are_counted() -> None:
    found, faults = read(*({"名称": "甲", "电话": "x"} for _ in range(1_234)))

    assert (found, len(faults.listed), faults.total) == ([], 1_000, 1_234)


@pytest.mark.parametrize("rows", [[], [Row(1, (Cell("A1", "名称"),))]])
def test_a_table_without_rows_is_refused(rows: list[Row]) -> None:
    with pytest.raises(TableRefused):
        read_lines(COLUMNS, iter(rows), Faults())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_column_is_announced_by_one_header_alone_and_its_example_can_be_read(kind) -> None:
    names = [
        lines.plain(name)
        for column in kind.columns
        for name in {lines.plain(n) for n in (column.key, column.title.zh, column.title.en, *column.also)}
    ]

    assert len(names) == len(set(names))
    for column in kind.columns:
        if column.example is not None:
            column.read(column.example)
