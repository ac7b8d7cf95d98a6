"""What an answer is worth, for every kind of item; where and when one is asked; what a checklist may not ask."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import catalogue
from domain.patrols import catalogue_items, item_form, item_rules
from domain.patrols.items import (
    ANSWERS,
    OUTCOMES,
    AnswerRefused,
    Canned,
    Choice,
    Condition,
    Item,
    asked,
    digest,
    is_asked,
    judge,
)

DAY = date(2026, 11, 20)
PLAIN = Item("A", "看", evidence="none")
LIFT = replace(PLAIN, answer="choice", choices=(Choice("ok_", "好"), Choice("bad", "坏", fails=True)))
COLOUR = replace(PLAIN, answer="choice", choices=(Choice("r", "红"), Choice("g", "绿")))
NUMBER = replace(PLAIN, answer="number", low=2, high=8)
READING = replace(PLAIN, answer="reading")
DATE = replace(PLAIN, answer="date", high=92)
WORTH = [
    (PLAIN, {"choice": "pass"}, "pass"), (PLAIN, {"choice": "na"}, "na"), (PLAIN, {"choice": "fail"}, "fail"),
    (NUMBER, {"number": 2}, "pass"), (NUMBER, {"number": 8.0}, "pass"), (NUMBER, {"number": 8.01}, "fail"),
    (NUMBER, {"number": 1}, "fail"), (NUMBER, {"number": 5, "choice": "fail"}, "fail"),
    (NUMBER, {"choice": "na"}, "na"),
    (READING, {"number": -3.5}, "noted"), (READING, {"number": 1, "choice": "pass"}, "pass"),
    (LIFT, {"choice": "ok_"}, "pass"), (LIFT, {"choice": "bad"}, "fail"), (COLOUR, {"choice": "r"}, "noted"),
    (replace(PLAIN, answer="text"), {"text": "好"}, "noted"),
    (DATE, {"date": "2026-08-20"}, "pass"), (DATE, {"date": "2026-08-19"}, "fail"), (DATE, {"choice": "fail"}, "fail"),
    (replace(DATE, high=None), {"date": "2026-08-20"}, "noted"),
    (replace(PLAIN, answer="signature"), {"signature": "x"}, "noted"),
    (replace(PLAIN, answer="checkpoint"), {}, "pass"),
    (replace(PLAIN, answer="checkpoint"), {"choice": "fail"}, "fail"),
]  # fmt: skip
REFUSED = [
    (PLAIN, {}), (PLAIN, {"choice": "maybe"}), (PLAIN, {"choice": ["pass"]}), (PLAIN, {"choice": None}), (PLAIN, []),
    (NUMBER, {"number": math.nan}), (NUMBER, {"number": math.inf}), (NUMBER, {"number": "3"}),
    (NUMBER, {"number": True}), (READING, {"number": []}), (DATE, {"choice": []}),
    (NUMBER, {"number": 1e300}), (NUMBER, {"number": 10**400}), (NUMBER, {}), (NUMBER, {"number": None}),
    (LIFT, {"choice": "pass"}), (LIFT, {"choice": {}}), (LIFT, {}),
    (replace(PLAIN, answer="text"), {"text": "  "}), (replace(PLAIN, answer="text"), {"text": "x" * 3000}),
    (replace(PLAIN, answer="text"), {"text": 5}),
    (DATE, {"date": "2026-02-30"}), (DATE, {"date": "20261120"}), (DATE, {"date": "2026-11-21"}), (DATE, {"date": 5}),
    (DATE, {"date": "1212-01-01"}), (DATE, {}), (replace(PLAIN, answer="photo"), {}),
    (replace(PLAIN, answer="signature"), {}), (replace(PLAIN, answer="checkpoint"), {"choice": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("item", "value", "outcome"), WORTH)
def test_an_answer_is_worth(item, value, outcome):
    assert judge(item, value, photos=0, comment="", on=DAY) == outcome


@pytest.mark.parametrize(("item", "value"), REFUSED)
def test_an_answer_that_does_not_fit_is_refused_with_a_sentence(item, value):
    with pytest.raises(AnswerRefused) as refused:
        judge(item, value, photos=0, comment="", on=DAY)

    assert refused.value.reason.in_language("zh_CN") != refused.value.reason.in_language("en")


def test_evidence_is_asked_for_when_it_is_due_and_not_otherwise():
    def is_taken(evidence, choice, photos):
        try:
            judge(replace(PLAIN, evidence=evidence), {"choice": choice}, photos=photos, comment="")
        except AnswerRefused as refused:
            return refused.field != "photos"
        return True

    assert [is_taken("photo_on_fail", choice, 0) for choice in ("pass", "fail", "na")] == [True, False, True]
    assert [is_taken("photo_always", choice, 0) for choice in ("pass", "fail", "na")] == [False, False, True]
    assert [is_taken("document", choice, 0) for choice in ("pass", "fail", "na")] == [False, True, True]
    assert [is_taken("video", choice, 0) for choice in ("pass", "fail", "na")] == [False, True, True]
    assert all(is_taken(evidence, "fail", 1) for evidence in ("photo_on_fail", "photo_always", "document", "video"))
    with pytest.raises(AnswerRefused) as refused:
        judge(PLAIN, {"choice": "pass"}, photos=0, comment="x" * 501)
    assert refused.value.field == "comment"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ANSWERS)), st.dictionaries(st.sampled_from(["choice", "number", "date", "text"]), JSON))
def test_whatever_a_phone_sends_is_judged_or_refused(answer, value):
    item = replace(LIFT, answer=answer, high=5 if answer in {"number", "date"} else None)
    with suppress(AnswerRefused):
        assert judge(item, value, photos=1, comment="", on=DAY) in OUTCOMES


def test_every_item_of_the_catalogue_can_be_asked_and_comes_back_from_json():
    for code in catalogue.check_items():
        item = catalogue_items.item_of(code)
        assert item_rules.faults([item]) == [], code
        assert Item.of_json(json.loads(json.dumps(item.to_json()))) == item
        assert item_form.item_of(item_form.texts_of(item)) == (item, [])
        # Whoever finds it wanting picks a comment; a signature is never wanting.
        assert item.canned or item.answer == "signature", code


def test_numbers_have_the_limits_their_wording_has():
    limits = {code: (item.low, item.high, item.unit) for code in catalogue.check_items()
              if (item := catalogue_items.item_of(code)).answer in {"number", "reading"}}  # fmt: skip

    assert limits["C01"] == (2, None, "人")
    assert limits["C02"] == (None, 8, "小时")
    assert limits["K07"] == (1.1, None, "米")
    assert limits["WK3"] == (None, None, "MPa")
    assert judge(catalogue_items.item_of("L03"), {"number": 5}, photos=1, comment="") == "fail"
    assert {code for code, (low, high, _) in limits.items() if low is None and high is None} == {
        "C03", "M06", "H02", "Y02", "V01", "WK3", "WK5"}  # fmt: skip


def test_the_digest_is_the_same_from_both_databases():
    back = [Item.of_json({**item.to_json(), "low": 2}) for item in (NUMBER, LIFT)]

    assert digest([replace(NUMBER, low=2.0), replace(LIFT, low=2.0)]) == digest(back)
    assert digest([NUMBER]) != digest([replace(NUMBER, zh="瞧")])


def test_an_item_for_points_is_asked_at_those_of_its_kinds_and_never_lost():
    here = replace(PLAIN, code="H")
    each = replace(PLAIN, code="E", per="point")
    pumps = replace(PLAIN, code="P", per="point", facility_kinds=("pump",))

    def codes(points):
        return [(seq, item.code) for seq, item in asked([here, each, pumps], points)]

    assert codes([(1, "pump"), (2, None), (3, "fire_door")]) == [(0, "H"), (1, "E"), (1, "P"), (2, "E"), (3, "E")]
    assert codes([(1, "fire_door")]) == [(0, "H"), (0, "P"), (1, "E")]
    assert codes([]) == [(0, "H"), (0, "E"), (0, "P")]


@pytest.mark.parametrize(
    ("condition", "answers", "expected"),
    [
        (None, {}, True),
        (Condition("A", ("fail",)), {}, False),
        (Condition("A", ("fail",)), {"A": ("fail", {})}, True),
        (Condition("A", ("r",)), {"A": ("noted", {"choice": "r"})}, True),
        (Condition("A", ("r",)), {"A": ("noted", {"choice": "g"})}, False),
        (Condition("A", above=3), {"A": ("noted", {"number": 3})}, False),
        (Condition("A", above=3, below=5), {"A": ("noted", {"number": 4})}, True),
        (Condition("A", above=3), {"A": ("na", {"choice": "na"})}, False),
        (Condition("A", above=0), {"A": ("pass", {"number": True})}, False),
    ],
)
def test_an_item_with_a_condition_is_asked_when_it_holds(condition, answers, expected):
    assert is_asked(replace(PLAIN, code="B", condition=condition), answers) is expected


FAULTY = [
    ("code", replace(PLAIN, code="1x")), ("code", replace(PLAIN, code="x" * 25)), ("zh", replace(PLAIN, zh=" ")),
    ("zh", replace(PLAIN, zh="长" * 201)), ("answer", replace(PLAIN, answer="poem")),
    ("facility_kinds", replace(PLAIN, per="point", facility_kinds=("dragon",))),
    ("facility_kinds", replace(PLAIN, facility_kinds=("pump",))), ("hazard", replace(PLAIN, hazard="NO-1")),
    ("low", replace(PLAIN, low=1)), ("low", replace(NUMBER, low=math.nan)), ("high", replace(NUMBER, high=1)),
    ("high", replace(DATE, high=1.5)), ("low", replace(DATE, low=1)),
    ("choices", replace(LIFT, choices=LIFT.choices[:1])), ("choices", replace(PLAIN, choices=LIFT.choices)),
    ("choices", replace(LIFT, choices=(Choice("a", "甲"), Choice("a", "乙")))),
    ("choices", replace(LIFT, choices=(Choice("pass", "甲"), Choice("b", "乙")))),
    ("canned", replace(PLAIN, canned=(Canned(" "),))), ("basis", replace(PLAIN, basis=("没有这部法 3",))),
]  # fmt: skip


@pytest.mark.parametrize(("field", "item"), FAULTY)
def test_what_cannot_be_asked_is_named_by_its_field(field, item):
    assert field in {fault.field for fault in item_rules.faults([item])}


def test_a_condition_asks_for_an_earlier_item_it_can_ask_for():
    later = replace(PLAIN, code="B")

    def is_fine(condition, *before, item=later):
        return not item_rules.faults([*before, replace(item, condition=condition)])

    assert is_fine(Condition("A", ("fail", "na")), PLAIN)
    assert is_fine(Condition("A", above=1, below=2), NUMBER)
    assert is_fine(Condition("A", ("r",)), COLOUR)
    assert not is_fine(Condition("A", ("fail",)))
    assert not is_fine(Condition("B", ("fail",)), PLAIN)
    assert not is_fine(Condition("A", ("r",)), PLAIN)
    assert not is_fine(Condition("A"), PLAIN)
    assert not is_fine(Condition("A", above=1), PLAIN)
    assert not is_fine(Condition("A", above=2, below=2), NUMBER)
    assert not is_fine(Condition("A", ("fail",)), replace(PLAIN, per="point"))
    assert not is_fine(Condition("A", ("fail",)), replace(PLAIN, answer="text"))
    assert item_rules.faults([])
    assert item_rules.faults([PLAIN, PLAIN])
    assert item_rules.faults([replace(PLAIN, code=f"A{n}") for n in range(201)])
