"""What speaks against presence, and phones' moments by our clock: by figures, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.coordinates import to_gcj02
from domain.language import CHINESE, ENGLISH
from domain.patrols import presence
from domain.patrols.phone_clock import Claim, corrected
from domain.patrols.presence import Fix, Visit
from domain.patrols.standing import Given, Standing, resolve

NOON = datetime(2026, 8, 23, 4, tzinfo=UTC)
VENUE = (31.23, 121.47)
A_METRE = 1 / 111_195
"""Of latitude, degrees."""


def north(metres: float, accuracy: float = 0.0) -> Fix:
    return Fix(VENUE[0] + metres * A_METRE, VENUE[1], accuracy)


@pytest.mark.parametrize(
    ("fix", "area", "found"),
    [
        (north(149), None, []),
        (north(151), None, ["far"]),
        (north(5000), None, ["far"]),
        (north(400, accuracy=260), None, []),
        (north(400, accuracy=240), None, ["far"]),
        (north(9000, accuracy=2001), None, []),
        (north(700), 1_000_000, []),
        (north(5000), 1e12, ["far"]),
        (None, None, []),
        (Fix(*to_gcj02(*VENUE), 20), None, []),
        (Fix(*to_gcj02(VENUE[0] + 200 * A_METRE, VENUE[1]), 20), None, ["far"]),
    ],
)
def test_position_counts_against_somebody_beyond_the_venue_and_its_own_uncertainty(fix, area, found) -> None:
    reach = presence.reach_m({"area_m2": area} if area else {})

    assert [doubt["kind"] for doubt in presence.of_position(fix, VENUE, reach=reach)] == found
    assert presence.of_position(fix, None, reach=reach) == []


@pytest.mark.parametrize(
    ("metres", "seconds", "accuracy", "found"),
    [(190, 1, 0, False), (300, 19, 0, True), (300, 21, 0, False), (300, 1, 100, False), (5000, 60, 20, True)],
)
def test_nobody_goes_faster_than_a_car_in_a_town(metres, seconds, accuracy, found) -> None:
    one = Visit(1, NOON, north(0, accuracy))
    other = Visit(2, NOON + timedelta(seconds=seconds), north(metres, accuracy))

    assert bool(presence.of_way(one, other)) == found


def test_codes_typed_from_a_list_are_marked_once() -> None:
    quick = [Visit(seq, NOON + timedelta(seconds=seq), None) for seq in range(1, 60)]
    walked = [Visit(seq, NOON + timedelta(seconds=seq * 2), None) for seq in range(1, 60)]
    same_point = [Visit(1, NOON + timedelta(seconds=seq), None) for seq in range(1, 60)]

    assert presence.of_pace(quick) == [{"kind": "too_quick", "points": 8, "seconds": 7}]
    assert presence.of_pace(walked) == presence.of_pace(same_point) == []


def test_every_kind_of_doubt_says_why_in_both_languages() -> None:
    figures = {"metres": 5000, "accuracy_m": 20, "allowed_m": 150, "why": "-", "day": "2026-08-23", "seconds": 9,
               "minutes": 9, "kmh": 300, "points": 8, "photo": "x"}  # fmt: skip
    said = {kind: presence.reason({"kind": kind, **figures}) for kind in presence.KINDS}

    assert len({reason.in_language(CHINESE) for reason in said.values()}) == len(said)
    assert all(reason.in_language(CHINESE) != reason.in_language(ENGLISH) for reason in said.values())


def claims(*minutes: float, ahead: float = 0.0) -> list[Claim]:
    return [
        Claim(UUID(int=seq), seq, NOON + timedelta(minutes=minute + ahead))
        for seq, minute in enumerate(minutes, start=1)
    ]


@pytest.mark.parametrize("ahead", [-50_000, -47, 0, 1.5, 600])
def test_clock_that_is_wrong_but_left_alone_is_corrected_and_not_doubted(ahead: float) -> None:
    received = NOON + timedelta(hours=9)
    reading = corrected(
        claims(1, 2, 3, ahead=ahead), sent_at=received + timedelta(minutes=ahead), offset=timedelta(minutes=-ahead),
        received_at=received,
    )  # fmt: skip

    assert [reading.by_id[UUID(int=seq)].at for seq in (1, 2, 3)] == [NOON + timedelta(minutes=m) for m in (1, 2, 3)]
    assert reading.is_certain


def test_clock_set_back_before_sending_leaves_the_latest_possible_moment_open() -> None:
    received = NOON + timedelta(hours=9)
    reading = corrected(claims(1, 2), sent_at=received, offset=timedelta(hours=6), received_at=received)

    assert reading.moved == timedelta(hours=6)
    assert reading.by_id[UUID(int=2)].latest == NOON + timedelta(hours=6, minutes=2)


def test_clock_set_ahead_on_the_way_leaves_every_record_its_own_moment() -> None:
    received = NOON + timedelta(hours=1)
    before, after = claims(1, 2), [Claim(UUID(int=3), 3, NOON + timedelta(hours=3, minutes=3))]

    reading = corrected([*before, *after], sent_at=received + timedelta(hours=3), offset=timedelta(),
                        received_at=received)  # fmt: skip

    assert reading.moved == timedelta(hours=3)
    assert [reading.by_id[UUID(int=seq)].at for seq in (1, 2, 3)] == [NOON + timedelta(minutes=m) for m in (1, 2, 3)]


def test_clock_that_ran_back_while_it_counted_on_proves_nothing() -> None:
    received = NOON + timedelta(hours=9)
    reading = corrected(claims(30, 5, 6), sent_at=received, offset=timedelta(), received_at=received)

    assert reading.backwards == timedelta(minutes=25)
    assert {one.latest for one in reading.by_id.values()} == {received}


def test_clock_set_back_for_the_work_and_set_right_again_is_known_by_the_last_contact() -> None:
    received, contact = NOON + timedelta(hours=9), NOON + timedelta(hours=5)
    given = {"sent_at": received, "offset": timedelta(), "received_at": received}

    back = corrected(claims(1, 2), contact_at=contact, **given)

    assert back.backwards == timedelta(hours=4, minutes=59)
    assert {one.latest for one in back.by_id.values()} == {received}
    assert corrected(claims(1, 2), contact_at=NOON, **given).is_certain


def test_future_becomes_the_moment_of_receipt_and_says_how_far_it_was() -> None:
    reading = corrected(claims(180), sent_at=NOON, offset=timedelta(), received_at=NOON)

    assert (reading.by_id[UUID(int=1)].at, reading.by_id[UUID(int=1)].ahead) == (NOON, timedelta(hours=3))


def test_standing_does_not_depend_on_the_order_in_which_answers_came() -> None:
    one, two, three = (UUID(int=number) for number in (101, 102, 103))
    answers = [
        Given(UUID(int=1), one, 1, NOON, "fail", {"choice": "fail"}),
        Given(UUID(int=2), one, 5, NOON + timedelta(minutes=5), "pass", {"choice": "pass"}),
        Given(UUID(int=3), two, 1, NOON + timedelta(minutes=1), "na", {"choice": "na"}),
        Given(UUID(int=4), three, 9, NOON + timedelta(minutes=2), "na", {"choice": "na"}),
    ]

    found = resolve(answers)

    assert found == resolve(reversed(answers))
    assert found[UUID(int=3)] == Standing(stands=True, against=UUID(int=2))
    assert found[UUID(int=2)] == Standing(stands=False, against=UUID(int=3))
    assert found[UUID(int=1)] == found[UUID(int=4)] == Standing(stands=False)
    settled = [Given(UUID(int=2), one, 5, NOON, "pass", {}), Given(UUID(int=3), two, 1, NOON, "na", {}, NOON)]
    assert resolve(settled)[UUID(int=2)] == Standing(stands=True)
