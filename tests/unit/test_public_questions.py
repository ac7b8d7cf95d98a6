"""The seven tiles lead to a hazard, and the reporter's own words to a better one."""

import pytest

from domain import catalogue
from domain.catalogue import PUBLIC_QUESTIONS, public_question, suggest_hazards
from domain.catalogue.question import STRICTEST_FIRST


def test_seven_questions_stand_in_the_order_of_the_page() -> None:
    assert [question.zh for question in PUBLIC_QUESTIONS] == [
        "疏散通道、安全出口堵塞",
        "消防设施损坏或停用",
        "电动自行车违规停放充电",
        "占用消防车通道",
        "违规用火用电用气",
        "违规存放易燃易爆品",
        "其他 / 说不清",
    ]
    assert [question.key for question in PUBLIC_QUESTIONS if not question.is_known] == ["other"]


def test_every_question_names_hazards_that_exist() -> None:
    for question in PUBLIC_QUESTIONS:
        assert question.hazard_code in catalogue.hazards()
        for start in question.family:
            assert any(code.startswith(start) for code in catalogue.hazards()), start


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("escape", "", "EVA-02"),
        ("escape", "后门被锁死了", "EVA-01"),
        ("equipment", "楼层好多烟感报警不会亮,希望能看看是否会联动", "FAC-07"),
        ("equipment", "喷淋被人关了", "FAC-01"),
        ("equipment", "灭火器都过期了", "FAC-05"),
        ("ebike", "有人从楼道充电", "EVB-01"),
        ("fire_power_gas", "地下室用煤气罐做饭", "GAS-03"),
        ("flammables", "存了几桶汽油", "HAZ-01"),
        ("other", "灭火器都过期了", "OTH-01"),
        ("other", "楼下着火了", "OTH-01"),
    ],
)
def test_text_refines_the_tile_within_its_family(key: str, text: str, code: str) -> None:
    question = public_question(key)

    assert question is not None
    assert question.hazard_for(text).code == code


@pytest.mark.parametrize(
    "text", ["后门锁着,里面有人吃饭", "后门上锁,出不去", "出口锁住", "楼梯间的门锁着", "安全出口用铁链锁住了"]
)
def test_locked_way_out_is_recognised_however_it_is_said(text: str) -> None:
    assert [hazard.code for hazard in suggest_hazards(text)] == ["EVA-01"]


@pytest.mark.parametrize(
    "text",
    [
        "消火栓箱门锁着打不开",
        "门口锁着一辆电动车",
        "配电箱门锁着",
        "电动车锁在楼道里",
        "消防车出不去",
        "有人被锁在门外",
        "消防栓的门上锁了",
    ],
)
def test_lock_elsewhere_is_not_taken_for_a_locked_exit(text: str) -> None:
    assert "EVA-01" not in [hazard.code for hazard in suggest_hazards(text)]


def test_words_never_lead_to_a_looser_class_than_the_tile() -> None:
    words = [word for hazard in catalogue.hazards().values() for word in hazard.report_words]
    order = STRICTEST_FIRST.index

    for question in PUBLIC_QUESTIONS:
        own = catalogue.hazards()[question.hazard_code].verify_class
        assert all(order(question.hazard_for(word).verify_class) <= order(own) for word in words)


def test_classes_are_ordered_by_strictness_and_complete() -> None:
    assert set(STRICTEST_FIRST) == set(catalogue.verify_classes())


def test_unknown_key_is_no_question() -> None:
    assert public_question("nonsense") is None


def test_suggestions_come_best_first_and_a_fire_before_all() -> None:
    blocked = [hazard.code for hazard in suggest_hazards("楼道里堆满了杂物,后门被锁死了")]
    burning = [hazard.code for hazard in suggest_hazards("楼道堆满杂物,好像着火了")]

    assert blocked == ["EVA-02", "EVA-01"]
    assert burning == ["OTH-99", "EVA-02"]


@pytest.mark.parametrize("text", ["", "hello", "烟感没事。灯不亮", "杂货和动物", "消" * 100_000])
def test_text_without_report_words_suggests_nothing(text: str) -> None:
    assert suggest_hazards(text) == []


def test_every_report_word_suggests_its_own_hazard() -> None:
    for hazard in catalogue.hazards().values():
        for word in hazard.report_words:
            assert hazard in suggest_hazards(f"看到{word},请处理")
