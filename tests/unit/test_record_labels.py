"""Whatever the code writes into the register's record has words for people."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from domain.queries.record_labels import ACTIONS, KINDS

ROOT = Path(__file__).resolve().parents[2]
AT = {"register_log.record": (1, 3), "register_log.entry": (0, 2)}
"""Call → where its kind and its action stand."""


def written() -> Iterator[tuple[str, str | None, str | None]]:
    for folder in ("domain", "api", "flows"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and (places := AT.get(ast.unparse(node.func))):
                    kind, action = (literal(node.args[place]) for place in places)
                    yield f"{file.name}:{node.lineno}", kind, action


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) else None


def test_kinds_and_actions_have_words() -> None:
    found = list(written())
    without = [where for where, kind, action in found if {kind} - {None, *KINDS} or {action} - {None, *ACTIONS}]

    assert len(found) > 20
    assert without == []


def test_words_are_in_both_languages() -> None:
    for label in (*KINDS.values(), *ACTIONS.values()):
        assert label.zh
        assert label.en
        assert not label.zh.isascii()
