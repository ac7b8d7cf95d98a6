"""Chinese text has Chinese punctuation: messages, calls, the catalogue of the law, the demo city."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SEED = "楼层好多烟感报警不会亮,希望能看看是否会联动"
"""A visitor's own words, as they were sent."""
HALF = re.compile(r"[\u4e00-\u9fff」》”][,;:!?()]|[,;:!?()][\u4e00-\u9fff「《“]")
JINJA = re.compile(r"\{[{%].*?[}%]\}")
WORDS = ("zh", "title")


def words_of(tree: Any) -> Iterator[str]:
    """Yield what people read of a file of the catalogue; notes and addresses of sources are for its editors."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, dict | list):
            yield from words_of(value)
        elif isinstance(value, str) and key in WORDS:
            yield value


def texts() -> Iterator[tuple[str, str]]:
    for folder in ("sms", "voice"):
        for path in sorted((ROOT / "templates" / folder).glob("*.zh_CN.txt")):
            # What stands for a fact is Chinese as likely as not: a mark beside it counts too.
            yield path.name, JINJA.sub("事", path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "domain/catalogue/data").glob("*.yaml")):
        yield from ((path.name, text) for text in words_of(yaml.safe_load(path.read_text(encoding="utf-8"))))
    for path in sorted((ROOT / "domain/demo").glob("*.py")):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        said = (node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str))
        yield from ((path.name, text) for text in said if text != SEED)


@pytest.mark.parametrize("place", sorted({place for place, _ in texts()}))
def test_no_mark_of_half_width_stands_beside_chinese(place: str) -> None:
    assert [text for where, text in texts() if where == place and HALF.search(text)] == []
