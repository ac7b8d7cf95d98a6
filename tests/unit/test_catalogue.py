"""The data files agree with themselves, with each other and with the counts they state."""

from collections import Counter
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest
import yaml

from domain import catalogue
from domain.catalogue import key_unit, source
from domain.clocks import Limit, Unit
from domain.rulebook import NoNumber, Rulebook

RULES = Rulebook().at(datetime(2026, 11, 20, tzinfo=UTC))
PROVENANCES = {"quoted", "secondary", "memory", "practice"}


def citations() -> list[tuple[str, str]]:
    """Return every citation with where it stands."""
    found = []
    for hazard in catalogue.hazards().values():
        cited = [*hazard.legal_basis, hazard.penalty_basis, hazard.seal_trigger]
        found += [(hazard.code, basis) for basis in cited if basis]
    found += [(row.id, basis) for row in catalogue.limits().values() for basis in row.legal_basis]
    found += [(item.code, basis) for item in catalogue.check_items().values() for basis in item.basis]
    found += [(code, each.basis) for code, each in catalogue.verify_classes().items()]
    found += [
        (key, basis)
        for key, frequency in catalogue.frequencies().items()
        for basis in frequency.basis.split("; ")
        if basis != "-"
    ]
    return found


def test_every_citation_names_a_listed_source() -> None:
    assert len(citations()) > 300
    for where, citation in citations():
        assert catalogue.source_of(citation).title.zh, where


def test_unlisted_or_empty_source_is_refused() -> None:
    for citation in ("NOSUCH 5", "", "  "):
        with pytest.raises(catalogue.UnknownSource):
            catalogue.source_of(citation)


def test_source_listed_in_several_files_is_the_same_in_all() -> None:
    files = [
        source.read("checklists.yaml"),
        source.read("time_limits.yaml"),
        source.read("hazards.yaml")["meta"],
    ]
    titles: dict[str, set[str]] = {}
    for file in files:
        for key, row in file["sources"].items():
            titles.setdefault(key, set()).add(row["title"])

    assert {key: named for key, named in titles.items() if len(named) > 1} == {}


def test_hazards_belong_to_listed_categories_and_classes() -> None:
    assert len(catalogue.hazards()) == 57
    for code, hazard in catalogue.hazards().items():
        assert hazard.category in catalogue.categories(), code
        assert hazard.verify_class in catalogue.verify_classes(), code
        assert hazard.provenance in PROVENANCES, code
        assert hazard.verify_class_provenance in PROVENANCES, code
        assert hazard.zh, code
        assert hazard.en.isascii(), code


def test_every_category_has_a_hazard_and_a_name_in_both_languages() -> None:
    assert {hazard.category for hazard in catalogue.hazards().values()} == set(catalogue.categories())
    assert catalogue.categories()["FIR"] == catalogue.categories()["FIR"].__class__("用火动火", "flame/hot work")


def test_sealing_grounds_that_hazards_name_are_listed() -> None:
    for code, hazard in catalogue.hazards().items():
        if hazard.seal_trigger:
            number = hazard.seal_trigger.removeprefix("R120 22(").removesuffix(")")
            assert number in catalogue.seal_triggers(), code


def test_blocked_exits_are_checked_within_24_hours_and_most_others_within_3_working_days() -> None:
    exits, occupied_lane = catalogue.verify_class("EVA-01"), catalogue.verify_class("FLN-01")

    assert (exits.limit, exits.unit) == (24, "elapsed_hours")
    assert (occupied_lane.limit, occupied_lane.unit) == (3, "working_day")


def test_our_own_targets_stand_only_where_the_law_gives_no_number() -> None:
    for row_id, target in catalogue.targets().items():
        assert target.is_ours_alone or catalogue.limit(row_id).limit is None
        assert target.is_ours_alone == (row_id not in catalogue.limits())
        assert target.provenance == "practice"
        assert RULES.limit(row_id) == Limit(target.amount, Unit(target.unit), rule=row_id, own=True)


def test_limits_are_the_laws_number_else_our_target() -> None:
    found = [RULES.limit(row) for row in ("CMP-10", "CMP-20", "CMP-21", "CMP-30", "COR-20", "COR-40")]

    assert [limit.rule for limit in found] == ["CMP-10", "CMP-20", "CMP-21", "CMP-30", "COR-20", "COR-40"]
    assert [limit.own for limit in found] == [True, False, False, True, False, False]
    assert [replace(limit, rule="", own=False) for limit in found] == [
        Limit.minutes(30), Limit.hours(24), Limit.working_days(3), Limit.working_days(1), Limit.working_days(3),
        Limit.working_days(3),
    ]  # fmt: skip
    with pytest.raises(NoNumber):
        RULES.limit("CMP-40")


def test_verification_classes_agree_with_the_time_limits() -> None:
    assert catalogue.verify_classes()["A24H"].limit == catalogue.limit("CMP-20").limit
    assert catalogue.verify_classes()["B3WD"].limit == catalogue.limit("CMP-21").limit


def test_time_limits_equal_the_counts_their_file_states() -> None:
    rows, counts = catalogue.limits().values(), source.read("time_limits.yaml")["meta"]["counts"]

    assert len(rows) == counts["rows"]
    assert Counter(row.unit for row in rows) == counts["by_unit"]
    assert Counter(row.provenance for row in rows) == counts["by_provenance"]


def test_limits_are_whole_numbers_or_shares() -> None:
    shares = {row.id: row.share for row in catalogue.limits().values() if row.share is not None}

    assert shares == {"INS-21": 0.1, "INS-22": 0.05}
    assert {type(row.limit) for row in catalogue.limits().values()} == {int, type(None)}


def test_limit_is_statutory_only_when_its_row_says_so() -> None:
    assert catalogue.limit("CMP-20").is_statutory
    assert not catalogue.limit("ALM-12").is_statutory


def test_unknown_limit_is_refused() -> None:
    with pytest.raises(catalogue.UnknownTimeLimit):
        catalogue.limit("CMP-99")


@pytest.mark.parametrize(
    ("row", "division", "applies"),
    [
        ("CMP-31", "411300", True),
        ("CMP-31", "530400", False),
        ("UNI-21", "440500", True),
        ("UNI-21", "440300", False),
        ("CMP-20", "530422", True),
    ],
)
def test_local_limit_applies_in_its_region_and_below(row: str, division: str, applies: bool) -> None:  # noqa: FBT001
    assert catalogue.limit(row).applies_in(division) is applies


def test_item_for_two_cities_applies_in_both() -> None:
    item = catalogue.check_items()["B06"]

    assert [item.applies_in(division) for division in ("411302", "410700", "410100")] == [True, True, False]


def test_checklists_equal_the_counts_their_file_states() -> None:
    items, lists = catalogue.check_items(), catalogue.checklists()
    counts = source.read("checklists.yaml")["meta"]["counts"]
    slots = [code for each in lists.values() for codes in each.schedule.values() for code in codes]

    assert (len(items), len(lists), len(slots)) == (
        counts["items"],
        counts["templates"],
        counts["template_slots"],
    )
    assert Counter(item.provenance for item in items.values()) == counts["by_provenance"]
    assert sorted(set(items) - set(slots)) == source.read("checklists.yaml")["meta"]["not_in_any_template"]


def test_checklists_name_known_items_frequencies_and_hazards() -> None:
    for key, each in catalogue.checklists().items():
        assert set(each.schedule) <= set(catalogue.frequencies()), key
        assert {code for codes in each.schedule.values() for code in codes} <= set(catalogue.check_items()), key
    for code, item in catalogue.check_items().items():
        assert item.fail_hazard is None or item.fail_hazard in catalogue.hazards(), code


def test_fourteen_venue_classes_have_known_checklists() -> None:
    classes = catalogue.venue_classes()

    assert list(classes) == [f"V{number:02}" for number in range(1, 15)]
    assert all(set(each.checklists) <= set(catalogue.checklists()) for each in classes.values())


def test_what_the_catalogue_hands_out_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        catalogue.hazards()["EVA-01"] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        catalogue.checklists()["ktv"].schedule["daily"] = ()  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        catalogue.limit("CMP-20").limit = 48  # type: ignore[misc]


def test_fast_yaml_parser_is_present() -> None:
    assert yaml.__with_libyaml__


def test_words_of_the_register_are_unique_and_in_both_languages() -> None:
    kinds = [
        catalogue.industries(),
        catalogue.facility_kinds(),
        catalogue.key_part_kinds(),
        catalogue.document_kinds(),
        catalogue.facility_groups(),
    ]
    for listed in kinds:
        assert all(word.zh and word.en for word in listed.values())
        assert len({word.zh for word in listed.values()}) == len({word.en for word in listed.values()}) == len(listed)
        assert all(len(code) <= 24 for code in listed)
    marks = [kind.mark for kind in catalogue.facility_kinds().values()]
    assert len(set(marks)) == len(marks)
    assert all(len(mark) == 2 for mark in marks)
    assert {kind.group for kind in catalogue.facility_kinds().values()} == set(catalogue.facility_groups())


def test_thresholds_of_key_units_name_what_there_is() -> None:
    for rule in key_unit.thresholds():
        assert set(rule.classes) <= set(catalogue.venue_classes())
        assert set(rule.industries) <= set(catalogue.industries())
        assert rule.measure in catalogue.SIZES
        assert all(len(region) == 6 for region in rule.regions)


@pytest.mark.parametrize(
    ("class_code", "industry", "sizes", "region", "least"),
    [
        ("V09", "hotel", {"rooms": 50}, "420100", 50),
        ("V09", "hotel", {"rooms": 49}, "420100", None),
        ("V09", "hotel", {"beds": 50}, "370100", 50),
        ("V09", "hotel", {"beds": 50}, "", None),
        ("V09", "hotel", {"beds": 500}, "530400", None),
        ("V12", "education", {"beds": 60}, "420000", None),
        ("V12", "preschool", {"beds": 60}, "420000", 50),
        ("V10", None, {"seats": 20, "area_m2": 500.0}, "320100", 500),
        ("V11", "commerce", {"area_m2": 3500, "stalls": 2000}, "350000", 3000),
        ("V11", "commerce", {"area_m2": 900, "stalls": 2000}, "350000", 1000),
        ("V11", "commerce", {"area_m2": "large"}, "350000", None),
    ],
)
def test_key_unit_is_suggested_from_the_size_its_region_names(
    class_code: str, industry: str | None, sizes: dict[str, object], region: str, least: int | None
) -> None:
    found = catalogue.key_unit_suggestion(class_code, industry, sizes, region)

    assert (found.threshold.least if found else None) == least
    if found:
        assert found.threshold.basis.zh in found.words.in_language("zh_CN")
