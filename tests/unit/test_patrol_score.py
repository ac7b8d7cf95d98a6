"""The score of a small place: bounded, the same for the same, and doing what it says raises it by what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import catalogue
from domain.patrols import score, self_checks
from domain.patrols.score import Standing
from tests.world import START

COUNTS = st.integers(min_value=0, max_value=40)
STANDINGS = st.builds(
    Standing, has_plan=st.booleans(), kept=COUNTS, late=COUNTS, missed=COUNTS, due_now=COUNTS, orders=COUNTS,
    own_findings=COUNTS, overdue=COUNTS, documents=COUNTS,
)  # fmt: skip


@given(STANDINGS)
def test_it_lies_between_0_and_100_and_is_the_sum_of_its_parts(one: Standing) -> None:
    found = score.score(one)

    assert 0 <= found.points <= 100
    assert found.points == sum(part.points for part in found.parts) == score.points(one)
    assert all(0 <= part.points <= part.most for part in found.parts)
    assert found == score.score(replace(one))


@given(STANDINGS)
def test_doing_what_it_says_raises_it_by_what_it_says(one: Standing) -> None:
    found = score.score(one)

    for advice in found.advice:
        assert advice.points > 0
        assert score.points(advice.after) == found.points + advice.points
    assert [advice.points for advice in found.advice] == sorted((one.points for one in found.advice), reverse=True)


@given(STANDINGS)
def test_doing_all_it_says_again_and_again_comes_to_what_missed_checks_leave(one: Standing) -> None:
    for _ in range(20):
        advice = score.score(one).advice
        if not advice:
            break
        one = advice[0].after

    assert not score.score(one).advice
    assert score.points(one) >= 100 - score.CHECKS
    if not one.late:
        assert score.points(one) == 100 or one.due_now or one.missed or one.orders or one.overdue or one.documents


@given(STANDINGS, st.integers(min_value=1, max_value=5))
def test_a_hazard_found_honestly_takes_nothing_away(one: Standing, found: int) -> None:
    reported = replace(one, own_findings=one.own_findings + found)
    corrected = replace(reported, own_findings=one.own_findings)

    assert score.points(reported) == score.points(corrected) == score.points(one)


@given(STANDINGS)
def test_more_kept_never_lowers_it_and_more_missed_never_raises_it(one: Standing) -> None:
    assert score.points(replace(one, kept=one.kept + 1)) >= score.points(one)
    for name in ("missed", "orders", "overdue", "documents"):
        assert score.points(replace(one, **{name: getattr(one, name) + 1})) <= score.points(one)


@pytest.mark.parametrize("kind", catalogue.checklists())
def test_every_type_of_place_checks_at_most_ten_things_and_no_critical_one_is_left_out_for_a_lesser(kind: str) -> None:
    items = self_checks.chosen(kind, division="440500", day=START.date())

    assert 5 <= len(items) <= 10
    assert len({item.code for item in items}) == len(items)
    assert [item.is_critical for item in items] == sorted((item.is_critical for item in items), reverse=True)
    assert all(item.answer == "pass_fail_na" for item in items)
    assert self_checks.frequency_of(kind) in {"weekly", "monthly"}
