"""The law is cited as each language cites it."""

from __future__ import annotations

import re

import pytest

from domain import catalogue
from domain.catalogue.citation import PARAGRAPHS, chinese_number, short_citation


@pytest.mark.parametrize(("citation", "zh", "en"), [
    ("R120 18(1)(1)", "《消防监督检查规定》第十八条第一款第一项", ", Art. 18(1)(1)"),
    ("XFF 60(1)(3)", "《中华人民共和国消防法》第六十条第一款第三项", ", Art. 60(1)(3)"),
    ("R61 36,40", "《机关、团体、企业、事业单位消防安全管理规定》第三十六条、第四十条", ", Art. 36, 40"),
    ("R61 25", "《机关、团体、企业、事业单位消防安全管理规定》第二十五条", ", Art. 25"),
    ("AQF 36(4)", "《中华人民共和国安全生产法》第三十六条第四款", ", Art. 36(4)"),
    ("R61 31(2)", "《机关、团体、企业、事业单位消防安全管理规定》第三十一条第二项", ", Art. 31(2)"),
    ("GBT40248 7.3.6(b)", "《人员密集场所消防安全管理 GB/T 40248-2021》第 7.3.6 条(b)", ", 7.3.6(b)"),
    ("GB25201", "《建筑消防设施的维护管理 GB 25201-2010》", ""),
])  # fmt: skip
def test_citation_reads_as_its_language_cites(citation: str, zh: str, en: str) -> None:
    said = short_citation(citation)

    assert said.zh == zh
    assert said.en.endswith(en)
    assert "《" not in said.en


@pytest.mark.parametrize(("number", "words"), [
    (1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (67, "六十七"), (100, "一百"), (107, "一百零七"),
    (110, "一百一十"), (125, "一百二十五"), (999, "九百九十九"),
])  # fmt: skip
def test_numbers_are_written_as_laws_write_them(number: int, words: str) -> None:
    assert chinese_number(number) == words


def test_every_citation_of_the_catalogue_can_be_said() -> None:
    rows = (*catalogue.hazards().values(), *catalogue.limits().values())

    said = [short_citation(basis).zh for row in rows for basis in row.legal_basis]

    assert len(said) > 100
    assert all(words.startswith("《") for words in said)
    assert not [words for words in said if "公安部令" in words]


def test_article_with_one_number_was_looked_up_whether_it_is_a_paragraph_or_an_item() -> None:
    rows = (*catalogue.hazards().values(), *catalogue.limits().values())

    alone = {basis for row in rows for basis in row.legal_basis if re.fullmatch(r"\w+ \d+\(\d+\)", basis)}

    articles_of_items = {"BJ 25", "R120 22", "R39 13", "R5 47", "R61 31", "ST 18"}
    assert {basis.partition("(")[0] for basis in alone - PARAGRAPHS} == articles_of_items
    assert alone >= PARAGRAPHS
