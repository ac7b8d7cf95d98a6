"""The classes of the map: every number in exactly one, equal numbers together, the highest always the darkest."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from domain.queries.shades import shade_of, shades_of

ABOVE_ZERO = st.lists(st.floats(min_value=0.01, max_value=1e6), min_size=1, max_size=60)


@given(ABOVE_ZERO)
def test_every_number_lies_in_the_one_class_it_is_drawn_in(values: list[float]) -> None:
    shades = shades_of(values)

    depths = [shade.depth for shade in shades]
    assert depths == sorted(set(depths))
    for value in values:
        [mine] = [shade for shade in shades if shade.least <= value <= shade.most]
        assert shade_of(value, shades) == mine.depth
    assert shade_of(max(values), shades) == depths[-1]
    assert all(one.most < other.least for one, other in itertools.pairwise(shades))


def test_zero_is_a_class_of_its_own_and_nothing_has_none() -> None:
    assert shades_of([]) == ()
    assert shade_of(0, shades_of([3.0])) == 0
    assert [shade.depth for shade in shades_of([1.0, 2.0, 3.0, 4.0])] == [1, 2, 3, 4]
    assert [shade.depth for shade in shades_of([5.0, 5.0])] == [3]
