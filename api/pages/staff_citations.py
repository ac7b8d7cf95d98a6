"""Legal citations as people read them: the title of the law, and the article."""

from __future__ import annotations

import re

from domain import catalogue
from domain.language import Label

_ARTICLE = re.compile(r"([\d.]+)((?:\([\da-z]+\))*)")


def cited(citation: str) -> Label:
    """Return `XFF 16(1)(2)` as 中华人民共和国消防法（2021修正） 第 16 条(1)(2); what is no article stays as it is."""
    title = catalogue.source_of(citation).title
    _, _, place = citation.partition(" ")
    found = _ARTICLE.fullmatch(place)
    if found is None:
        rest = f" {place}" if place else ""
        return Label(f"{title.zh}{rest}", f"{title.en}{rest}")
    article, parts = found.groups()
    return Label(f"{title.zh} 第 {article} 条{parts}", f"{title.en}, art. {article}{parts}")
