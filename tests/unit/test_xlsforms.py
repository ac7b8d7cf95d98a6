"""Checklists as XLSForms: what goes out comes back whole and is valid; what cannot be asked is named by its cell."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import xlsform_check, xlsforms, xlsforms_in
from documents.xlsforms import FormFacts, book_of
from domain import catalogue
from domain.imports.cells import TableRefused
from domain.language import CHINESE
from domain.patrols import catalogue_items, item_rules
from domain.patrols.items import Canned, Choice, Condition, Item

WORDS = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"), exclude_characters="\ufeff\u200b"),
        min_size=1,
        max_size=60,
    )
    .map(str.strip)
    .filter(bool)
)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False).filter(lambda value: not 0 < abs(value) < 1e-12)
CHOICES = st.builds(
    Choice, st.from_regex(r"[A-Za-z0-9_-]{1,24}", fullmatch=True), WORDS, WORDS | st.just(""), st.booleans()
)
ITEMS = st.builds(
    Item, st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,23}", fullmatch=True), WORDS, WORDS | st.just(""),
    st.sampled_from(["pass_fail_na", "number", "reading", "choice", "text", "photo", "signature", "checkpoint"]),
    st.sampled_from(["venue", "point"]), low=st.none() | NUMBERS, high=st.none() | NUMBERS,
    unit=WORDS.map(lambda words: words[:12].strip()),
    choices=st.lists(CHOICES, min_size=2, max_size=4, unique_by=lambda one: one.code).map(tuple),
    evidence=st.sampled_from(["none", "photo_on_fail", "photo_always", "document", "video"]),
    is_critical=st.booleans(), on_spot=st.booleans(), shows_previous=st.booleans(),
    canned=st.lists(st.builds(Canned, WORDS, WORDS | st.just("")), max_size=3).map(tuple), hint=WORDS,
    hint_en=WORDS | st.just(""),
)  # fmt: skip
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


@settings(max_examples=20, deadline=None)
@given(st.lists(ITEMS, min_size=2, max_size=4, unique_by=lambda item: item.code.lower()), NUMBERS, st.randoms())
def test_whatever_may_be_asked_comes_back_whole_and_pyxform_takes_it(tmp_path_factory, drawn, number, random):
    items = [_askable(item) for item in drawn]
    of, answers = items[0], item_rules.answers_of(items[0])
    if answers and items[1].per == "point":
        by_number = Condition(of.code, above=number) if of.answer in {"number", "reading"} else None
        items[1] = replace(items[1], condition=by_number or Condition(of.code, (random.choice(answers),)))
    if item_rules.faults(items):
        return
    path = tmp_path_factory.mktemp("form") / "form.xlsx"
    book = book_of(FormFacts("x"), items)
    xlsforms.write(path, book)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsform_check, "complaint", xlsform_check.judged)
        assert xlsforms_in.read(path).items == tuple(items)


def _askable(item: Item) -> Item:
    """Return the item without what its kind of answer cannot have."""
    low, high = (item.low, item.high) if item.answer in {"number", "reading"} else (None, None)
    low, high = (high, low) if low is not None and high is not None and low > high else (low, high)
    return replace(item, low=low, high=high, choices=item.choices if item.answer == "choice" else ())


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


def test_choices_notes_and_names_of_other_forms_are_made_ours(tmp_path):
    long = "inspection_of_the_emergency_exit_door"
    path = workbook(
        tmp_path,
        [("type", "name", "label", "constraint", "relevant"),
         ("note", "one", "Nobody follows", "", ""),
         ("note", "two", "Shake it first", "", ""),
         ("select_one state", "s", "状况", "", ""),
         ("select_one zh", "yes_no", "是否完好", "", ""),
         ("text", f"{long}_1", "甲", "", "${s} = '一般'"),
         ("text", f"{long}_2", "乙", "", "${s} = 'na'"),
         ("date", "d", "换药日期", ". <= today() and . >= today() - 365", "${yes_no} = '否'"),
         ("note", "bye", "Thank you", "", "")],
        [("list_name", "name", "label"), ("state", "good", "好"), ("state", "一般", "一般"), ("state", "na", "无"),
         ("zh", "是", "是"), ("zh", "否", "否")],
    )  # fmt: skip

    form = xlsforms_in.read(path)

    state, yes_no, first, second, day = form.items
    assert [choice.code for choice in state.choices] == ["good", "c2", "na_"]
    assert (state.hint, form.left_out) == ("Shake it first", ("one", "bye"))
    assert (first.condition, second.condition) == (Condition("s", ("c2",)), Condition("s", ("na_",)))
    assert len({first.code, second.code}) == 2
    assert (yes_no.answer, day.high, day.condition) == ("pass_fail_na", 365, Condition("yes_no", ("fail",)))


def test_a_choice_of_yes_and_no_stays_a_choice(tmp_path):
    asked = Item("c", "开着吗", answer="choice", choices=(Choice("yes", "是"), Choice("no", "否", fails=True)))

    assert round_trip(tmp_path, FormFacts("x"), [asked]).items == (asked,)


def test_formulas_circles_and_what_cannot_be_said_are_named_by_their_cells(tmp_path):
    path = workbook(
        tmp_path,
        [("type", "name", "label", "constraint", "relevant", "choice_filter"),
         ("text", "a", "=1+1", "", "${b} = 'x'", ""),
         ("text", "b", "乙", "regex(., 'x')", "${a} = 'x'", ""),
         ("integer", "n", "数", ". >= NaN", "", ""),
         ("select_one l", "s", "选", "", "", "x = ${a}")],
        [("list_name", "name", "label"), ("l", "x", "X"), ("l", "y", "Y")],
    )  # fmt: skip

    with pytest.raises(xlsforms_in.FormRefused) as refused:
        xlsforms_in.read(path)

    found = {fault.at for fault in refused.value.faults}
    assert found >= {"survey!C2", "survey!E2", "survey!D3", "survey!D4", "survey!F5"}


def test_a_bomb_and_a_workbook_of_something_else_are_not_opened(tmp_path):
    path = tmp_path / "bomb.xlsx"
    xlsforms.write(path, book_of(FormFacts("x"), [OWN[0]]))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"0" * (25 << 20))
    with pytest.raises(TableRefused):
        xlsforms_in.read(path)
    other = tmp_path / "other.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["type", "name", "label"])
    book.save(other)
    with pytest.raises(TableRefused):
        xlsforms_in.read(other)
