"""Checklists as XLSForms: what goes out comes back whole and is valid; what cannot be asked is named by its cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import xlsxwriter

from documents import xlsform_check, xlsforms, xlsforms_in
from documents.xlsforms import FormFacts, book_of
from domain import catalogue
from domain.imports.cells import TableRefused
from domain.language import CHINESE
from domain.patrols import catalogue_items
from domain.patrols.items import Canned, Choice, Condition, Item

DAY = date(2026, 11, 20)
DIVISIONS = ("", "110108", "440511", "411302")
OWN = (
    Item("lift", "消防电梯", "Lift", answer="choice",
         choices=(Choice("ok_", "正常", "Fine"), Choice("bad", "故障", "", fails=True)),
         evidence="photo_always", is_critical=True, hazard="FAC-02", basis=("R61 25", "XFF 16(1)(3)")),
    Item("why", "故障现象", answer="text", condition=Condition("lift", ("bad",)), evidence="none",
         shows_previous=False),
    Item("p", "末端压力", "Pressure", answer="reading", unit="MPa", low=0.05, high=1.2, hint="看表", hint_en="Read it",
         canned=(Canned("表坏了", "Gauge broken"), Canned("读不到"))),
    Item("p2", "再读一次", answer="number", condition=Condition("p", above=1, below=1.5), high=2),
    Item("p3", "已报修", condition=Condition("p", ("fail", "na")), per="point",
         facility_kinds=("pump", "extinguisher")),
    Item("washed", "清洗日期", answer="date", high=92, evidence="document", on_spot=True),
    Item("look", "全景", answer="photo", evidence="none"),
    Item("round", "签到", answer="checkpoint", evidence="none"),
    Item("sign", "签名", answer="signature", evidence="none"),
    Item("film", "警报切换", condition=Condition("lift", ("fail",)), evidence="video"),
)  # fmt: skip


def round_trip(tmp_path, facts, items):
    path = tmp_path / "form.xlsx"
    xlsforms.write(path, book_of(facts, items))
    return xlsforms_in.read(path)


def workbook(tmp_path, survey, choices=(), settings=()):
    path = tmp_path / "foreign.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in (("survey", survey), ("choices", choices), ("settings", settings)):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def test_own_items_of_every_kind_come_back_as_they_went_out(tmp_path):
    facts = FormFacts("夜间自查", "Night", "own:1", "3", "daily", "hotel", is_signed=False)

    back = round_trip(tmp_path, facts, OWN)

    assert back.items == OWN
    assert back.facts == facts


def test_every_list_of_the_catalogue_is_a_valid_form_and_comes_back_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsform_check, "complaint", xlsform_check.judged)  # the same, without a process each
    seen: set[str] = set()
    lists = {
        catalogue_items.draw(venue_type, frequency, division=division, day=DAY, is_key_unit=is_key).items
        for venue_type in catalogue.checklists()
        for division in DIVISIONS
        for is_key in (True, False)
        for frequency in catalogue_items.frequencies_of(venue_type, division=division, day=DAY, is_key_unit=is_key)
    }
    for items in lists:
        assert round_trip(tmp_path, FormFacts("x"), items).items == items
        seen |= {item.code for item in items}
    everything = tuple(map(catalogue_items.item_of, catalogue.check_items()))
    assert round_trip(tmp_path, FormFacts("x"), everything).items == everything
    assert len(lists) > 70
    assert len(everything) == 146


def test_a_form_from_elsewhere_is_asked_as_far_as_a_patrol_can(tmp_path):
    path = workbook(
        tmp_path,
        [("type", "name", "label", "hint", "relevant", "constraint", "required", "appearance"),
         ("start", "start", "", "", "", "", "", ""),
         ("note", "intro", "Look at every floor", "", "", "", "", ""),
         ("select_one yn", "exit-clear", "Is the exit clear?", "", "", "", "yes", ""),
         ("text", "what", "What blocks it?", "", "${exit-clear} = 'no'", "", "", ""),
         ("begin repeat", "each", "Each extinguisher", "", "", "", "", ""),
         ("integer", "kg", "Weight", "", "", ". > 2 and . <= 50", "", ""),
         ("end repeat", "", "", "", "", "", "", ""),
         ("select_one colour", "gauge", "Gauge", "", "", "", "", ""),
         ("image", "sig", "Sign here", "", "", "", "", "signature"),
         ("date", "due", "Next service", "", "selected(${gauge}, 'red') or ${gauge} = 'amber'", "", "", "")],
        [("list_name", "name", "label"), ("yn", "yes", "Yes"), ("yn", "no", "No"), ("colour", "green", "Green"),
         ("colour", "amber", "Amber"), ("colour", "red", "Red")],
        [("form_title", "form_id"), ("Extinguishers", "ext")],
    )  # fmt: skip

    form = xlsforms_in.read(path)

    exit_clear, what, weight, gauge, sign, due = form.items
    assert form.facts.title == "Extinguishers"
    assert form.left_out == ("start",)
    assert (exit_clear.code, exit_clear.answer, exit_clear.hint) == (
        "exit_clear",
        "pass_fail_na",
        "Look at every floor",
    )
    assert what.condition == Condition("exit_clear", ("fail",))
    assert (weight.answer, weight.low, weight.high, weight.per) == ("number", 3, 50, "point")
    assert [choice.code for choice in gauge.choices] == ["green", "amber", "red"]
    assert sign.answer == "signature"
    assert due.condition == Condition("gauge", ("red", "amber"))


WRONG = {
    "survey!A2": ("geopoint", "a", "x", "", ""),
    "survey!A3": ("select_one nowhere", "b", "x", "", ""),
    "survey!D4": ("text", "c", "x", "${nobody} = '1'", ""),
    "survey!E5": ("decimal", "d", "x", "", ". > 3"),
    "survey!C6": ("text", "e", "", "", ""),
    "survey!A7": ("select_one_from_file list.csv", "f", "x", "", ""),
    "survey!A8": ("end group", "", "", "", ""),
    "survey!D9": ("text", "g", "x", "string-length(${a}) > 3", ""),
}


def test_every_wrong_cell_is_named_in_the_readers_language(tmp_path):
    rows = [("type", "name", "label", "relevant", "constraint"), *WRONG.values()]
    path = workbook(tmp_path, rows, [("list_name", "name", "label"), ("l", "a", "A")])

    with pytest.raises(xlsforms_in.FormRefused) as refused:
        xlsforms_in.read(path)

    assert {fault.at for fault in refused.value.faults} == set(WRONG)
    assert not any(fault.reason.in_language(CHINESE).isascii() for fault in refused.value.faults)


def test_what_only_pyxform_or_our_own_rules_find_is_named_too(tmp_path):
    header = ("type", "name", "label::中文 (zh)", "fireline::hazard", "fireline::basis", "fireline::low")
    cases = {
        "survey!B3": [("text", "a", "甲"), ("text", "a", "乙")],
        "survey!D2": [("text", "a", "甲", "NO-99")],
        "survey!E2": [("text", "a", "甲", "", "没有这部法")],
        "survey!F2": [("decimal", "a", "甲", "", "", "abc")],
        "survey!B2": [("text", "1 2", "甲")],
    }
    for at, rows in cases.items():
        with pytest.raises(xlsforms_in.FormRefused) as refused:
            xlsforms_in.read(workbook(tmp_path, [header, *rows]))
        assert [fault.at for fault in refused.value.faults] in ([at], ["survey!A3"], ["survey!A2"]), at


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"type,name\n", b"x" * (3 << 20)])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "bad.xlsx"
    path.write_bytes(content)

    with pytest.raises(TableRefused):
        xlsforms_in.read(path)


def test_a_workbook_without_questions_is_refused(tmp_path):
    with pytest.raises((TableRefused, xlsforms_in.FormRefused)):
        xlsforms_in.read(workbook(tmp_path, [("type", "name", "label")]))
    many = [("type", "name", "label"), *(("text", f"q{number}", "x") for number in range(1200))]
    with pytest.raises(TableRefused):
        xlsforms_in.read(workbook(tmp_path, many))


def test_a_form_that_takes_too_long_to_check_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsform_check, "SECONDS", -4.99)  # a hundredth of a second is left
    path = tmp_path / "form.xlsx"
    xlsforms.write(path, book_of(FormFacts("x"), [replace(OWN[0], code="a")]))

    with pytest.raises(xlsforms_in.FormRefused):
        xlsforms_in.read(path)
