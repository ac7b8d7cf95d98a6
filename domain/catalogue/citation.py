"""Legal citations as people read them: the title of the law, and the article in the words of its language."""

from __future__ import annotations

import re

from domain.catalogue import source
from domain.language import Label

_ARTICLE = re.compile(r"(\d+)((?:\(\d+\))*)")
_CLAUSE = re.compile(r"(\d+(?:\.\d+)+)((?:\([\da-z]+\))*)")
_ISSUE = re.compile(r"[（(][^（）()]*[）)]$")
"""What stands behind a title: which order, which amendment."""
PARAGRAPHS = frozenset({"AQF 36(4)", "R120 18(2)"})
"""Citations whose one number is a paragraph; an article of one paragraph is cited by its item alone."""
_DIGITS = "零一二三四五六七八九"


def short_citation(citation: str) -> Label:
    """Return `R120 18(1)(1)` as 《消防监督检查规定》第十八条第一款第一项; what is no article stays as it is.

    Two numbers behind an article are its paragraph and the item in it. One alone is an item, save in `PARAGRAPHS`.
    Raises `UnknownSource`.
    """
    title = source.source_of(citation).title
    zh, en = f"《{_ISSUE.sub('', title.zh).strip()}》", _ISSUE.sub("", title.en).strip()
    _, _, places = citation.partition(" ")
    articles = places.split(",") if places else []
    if articles and all(_ARTICLE.fullmatch(place) for place in articles):
        said = "、".join(_article(place, is_paragraph=citation in PARAGRAPHS) for place in articles)
        return Label(f"{zh}{said}", f"{en}, Art. {', '.join(articles)}")
    if found := _CLAUSE.fullmatch(places):
        return Label(f"{zh}第 {found[1]} 条{found[2]}", f"{en}, {places}")
    return Label(f"{zh} {places}".strip(), f"{en} {places}".strip())


def _article(place: str, *, is_paragraph: bool) -> str:
    number, *parts = (chinese_number(int(digits)) for digits in re.findall(r"\d+", place))
    units = ("款", "项") if is_paragraph or len(parts) > 1 else ("项",)
    return f"第{number}条" + "".join(f"第{part}{unit}" for part, unit in zip(parts, units, strict=False))


def chinese_number(number: int) -> str:
    """Return a number from 1 to 999 as laws write it: 18 is 十八, 107 is 一百零七."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    if not hundreds:
        leading = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
        return leading + (_DIGITS[ones] if ones or not tens else "")
    tail = f"零{_DIGITS[ones]}" if not tens and ones else f"{_DIGITS[tens]}十" if tens else ""
    return f"{_DIGITS[hundreds]}百{tail}" + (_DIGITS[ones] if tens and ones else "")
