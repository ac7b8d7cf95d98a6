"""Which limit holds: the law's, a region's stricter one, one set here; for what begins at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import catalogue, rulebook
from domain.catalogue import BrokenValidity, Validity
from domain.clocks import Limit, OfficeHours, Unit
from domain.rulebook import Convention, NoNumber, OwnLimit, Rulebook, in_force_from

CITY = ZoneInfo("Asia/Shanghai")
CHONGQING, HENAN, NANYANG = "500103", "410000", "411300"


def city(text: str) -> datetime:
    """Return the moment of "2026-08-20 13:58" in the city."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY)


START = city("2026-08-20 13:58")


def own(rule: str, amount: int, unit: Unit, *, since: str = "2026-08-01 00:00", until: str | None = None) -> OwnLimit:
    return OwnLimit(rule, amount, unit, city(since), city(until) if until else None)


def test_stricter_limit_of_the_region_wins() -> None:
    here, elsewhere = Rulebook(region=CHONGQING).at(START), Rulebook(region=NANYANG).at(START)

    assert here.limit("PER-30") == replace(Limit.working_days(7), rule="PER-32")
    assert elsewhere.limit("PER-30") == replace(Limit.working_days(10), rule="PER-30")


def test_looser_limit_of_the_region_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    looser = replace(catalogue.limit("PER-32"), limit=12)
    monkeypatch.setattr(rulebook, "overlays", lambda: {"PER-30": (looser,)})

    assert Rulebook(region=CHONGQING).at(START).limit("PER-30") == replace(Limit.working_days(10), rule="PER-30")


def test_overlays_name_national_rows_of_the_same_stage_and_a_region() -> None:
    for national, rows in rulebook.overlays().items():
        assert not catalogue.limit(national).regions
        for row in rows:
            assert row.regions
            assert row.clock_start == catalogue.limit(national).clock_start


@pytest.mark.parametrize(("region", "days"), [(HENAN, 20), (NANYANG, 20), (CHONGQING, None), ("", None)])
def test_regional_row_is_a_limit_only_there(region: str, days: int | None) -> None:
    found = Rulebook(region=region).at(START).regional("CMP-31")

    assert found == (replace(Limit.calendar_days(days), rule="CMP-31") if days else None)


def test_strictest_of_several_rows_holds_as_the_calendar_has_it() -> None:
    assert Rulebook().at(city("2026-08-20 13:58")).limit("CMP-21", "CMP-20") == replace(Limit.hours(24), rule="CMP-20")


@pytest.mark.parametrize(
    ("amount", "unit", "rule_of_the_law_stays"),
    [(2, Unit.WORKING_DAY, False), (24, Unit.HOUR, False), (4, Unit.WORKING_DAY, True), (30, Unit.CALENDAR_DAY, True)],
)
def test_one_set_here_holds_where_it_is_stricter_than_the_law(
    amount: int, unit: Unit, *, rule_of_the_law_stays: bool
) -> None:
    book = Rulebook(own=(own("CMP-21", amount, unit),))

    found = book.at(START).limit("CMP-21")

    set_here = Limit(amount, unit, rule="CMP-21", own=True)
    assert found == (replace(Limit.working_days(3), rule="CMP-21") if rule_of_the_law_stays else set_here)


def test_law_is_never_loosened_whatever_is_set_and_whenever_it_begins() -> None:
    book = Rulebook(own=(own("CMP-21", 72, Unit.HOUR),))
    for number in range(300):
        start = city("2026-08-01 11:00") + timedelta(hours=7 * number)
        law = Rulebook().at(start)
        statutory = law.limit("CMP-21")
        found = book.at(start).limit("CMP-21")

        assert found
        assert statutory
        assert law.deadline(found).at <= law.deadline(statutory).at


def test_where_the_law_has_no_number_ours_may_be_any() -> None:
    book = Rulebook(own=(own("CMP-10", 2, Unit.HOUR), own("ENR-10", 10, Unit.WORKING_DAY)))

    assert book.at(START).limit("CMP-10") == Limit(2, Unit.HOUR, rule="CMP-10", own=True)
    assert book.at(START).limit("ENR-10") == Limit(10, Unit.WORKING_DAY, rule="ENR-10", own=True)


def test_one_set_here_holds_for_what_begins_while_it_does() -> None:
    book = Rulebook(own=(own("CMP-10", 10, Unit.MINUTE, since="2026-08-20 00:00", until="2026-08-21 00:00"),))

    amounts = [book.at(city(day)).limit("CMP-10") for day in ("2026-08-19 23:59", "2026-08-20 00:00",
                                                              "2026-08-20 23:59", "2026-08-21 00:00")]  # fmt: skip

    assert [limit.amount for limit in amounts if limit] == [30, 10, 10, 30]


def test_newest_of_two_that_hold_counts() -> None:
    newer, older = own("CMP-10", 10, Unit.MINUTE, since="2026-08-10 00:00"), own("CMP-10", 20, Unit.MINUTE)

    assert Rulebook(own=(newer, older)).at(START).limit("CMP-10") == Limit(10, Unit.MINUTE, rule="CMP-10", own=True)


def test_stage_without_any_number_is_refused() -> None:
    with pytest.raises(NoNumber):
        Rulebook().at(START).limit("CMP-40")
    with pytest.raises(catalogue.UnknownTimeLimit):
        Rulebook().at(START).limit("CMP-99")


def test_row_that_is_not_in_force_at_the_start_gives_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = replace(catalogue.limit("CMP-21"), validity=Validity(None, date(2026, 8, 31), "practice"))
    monkeypatch.setattr(catalogue, "limit", {**catalogue.limits(), "CMP-21": ended}.__getitem__)

    before, after = (Rulebook().at(city(start)).limit("CMP-21") for start in ("2026-08-31 23:59", "2026-09-01 00:00"))

    assert before == replace(Limit.working_days(3), rule="CMP-21")
    assert after is None


def test_laws_begin_to_hold_on_their_day() -> None:
    assert Rulebook().at(city("2024-01-01 00:00")).limit("REC-11") is not None
    assert Rulebook().at(city("2023-12-31 23:59")).limit("REC-11") is None


def test_validity_without_origin_or_back_to_front_is_refused() -> None:
    with pytest.raises(BrokenValidity):
        Validity(date(2026, 1, 1))
    with pytest.raises(BrokenValidity):
        Validity(date(2026, 1, 2), date(2026, 1, 1), "memory")


def test_day_that_is_not_defined_means_what_was_set_when_it_began() -> None:
    later = Convention(city("2026-08-15 00:00"), day_unspecified=Unit.WORKING_DAY)
    book = Rulebook(region=HENAN, conventions=(Convention(), later))

    before, after = (book.at(city(start)).limit("CMP-31") for start in ("2026-08-14 23:59", "2026-08-15 00:00"))

    assert before == replace(Limit.calendar_days(20), rule="CMP-31")
    assert after == replace(Limit.working_days(20), rule="CMP-31")


def test_office_hours_are_those_of_the_start() -> None:
    later = Convention(city("2026-08-15 00:00"), OfficeHours(time(8), time(16)))
    book = Rulebook(conventions=(Convention(), later))

    ends = [book.at(city(start)) for start in ("2026-08-14 10:00", "2026-08-15 10:00")]

    assert [rules.deadline(Limit.working_days(3)).at for rules in ends] == [
        city("2026-08-19 17:30"), city("2026-08-19 16:00")
    ]  # fmt: skip


def test_review_period_that_ends_on_a_holiday_ends_after_it() -> None:
    rules = Rulebook().at(city("2026-08-03 10:00"))
    limit = rules.limit("REC-11")

    assert limit == Limit(60, Unit.CALENDAR_DAY, rolls_forward=True, rule="REC-11")
    assert rules.deadline(limit).at == city("2026-10-09 00:00")


@pytest.mark.parametrize(
    ("set_at", "holds_from"),
    [("10:00:00", "10:01:00"), ("10:00:54", "10:01:00"), ("10:00:55", "10:01:00"), ("10:00:56", "10:02:00")],
)
def test_what_is_set_holds_from_a_minute_at_which_every_process_knows_it(set_at: str, holds_from: str) -> None:
    day = datetime(2026, 8, 20, tzinfo=UTC).date()

    found = in_force_from(datetime.combine(day, time.fromisoformat(set_at), UTC))

    assert found == datetime.combine(day, time.fromisoformat(holds_from), UTC)


def test_every_row_counts_days_as_its_law_does() -> None:
    """`unit_semantics`: the penalty law's 3, 5, 7 are working days, its 15, 90 are not; and so on."""
    compared = set()
    for row in catalogue.limits().values():
        if row.limit is None or row.unit not in ("working_day", "calendar_day"):
            continue
        rules = [catalogue.day_rules().get(basis.split()[0]) for basis in row.legal_basis]
        said = {unit for rule in rules if rule and (unit := rule.unit(row.limit))}
        assert said <= {row.unit}, row.id
        compared |= {row.id} if said else set()
    assert {"PEN-10", "PEN-11", "PEN-12", "PEN-15", "PER-40", "REC-10", "SEA-30", "COR-50"} <= compared


def test_days_without_kind_stand_only_where_the_law_says_nothing_of_the_number() -> None:
    for row in catalogue.limits().values():
        if row.unit == rulebook.UNSPECIFIED and row.limit is not None:
            rules = [catalogue.day_rules().get(basis.split()[0]) for basis in row.legal_basis]
            assert {rule.unit(row.limit) for rule in rules if rule} <= {None}, row.id


@pytest.mark.parametrize(
    ("law", "days", "unit"),
    [
        ("CFF", 2, "working_day"), ("CFF", 3, "working_day"), ("CFF", 5, "working_day"), ("CFF", 7, "working_day"),
        ("CFF", 10, "calendar_day"), ("CFF", 15, "calendar_day"), ("CFF", 90, "calendar_day"),
        ("QZF", 10, "working_day"), ("QZF", 11, "calendar_day"), ("QZF", 30, "calendar_day"),
        ("XKF", 20, "working_day"), ("FYF", 10, "working_day"), ("FYF", 2, "calendar_day"),
        ("FYF", 60, "calendar_day"), ("XFT", 15, None), ("R120", 3, None),
    ],
)  # fmt: skip
def test_number_of_days_means_what_its_law_says(law: str, days: int, unit: str | None) -> None:
    assert catalogue.day_rules()[law].unit(days) == unit
