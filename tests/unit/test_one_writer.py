"""A case's state has one writer (ADR 1): no code but `domain/cases.py`, through `domain/ledger.py`, assigns it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "flows", "api", "notifications", "gateways")
CASES, LEDGER = "domain/cases.py", "domain/ledger.py"
OWN_STATE = {
    "domain/outbox.py": "a promise's own state",
    "domain/errands.py": "an errand's own state",
    "domain/attempts.py": "an attempt's own state",
}
"""Files that write a column named `state` of another table. A new one says here whose."""
TABLE_WORDS = re.compile(r"\b(?:update|insert\s+into|delete\s+from)\s+(?:cases|timeline_entry)\b", re.IGNORECASE)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return [node.target]
    return []


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def assigned_states(tree: ast.Module) -> list[int]:
    """Return the lines that set `.state` of anything, by assignment or setattr."""
    lines = []
    for node in ast.walk(tree):
        by_attribute = any(isinstance(t, ast.Attribute) and t.attr == "state" for t in targets(node))
        set_on = isinstance(node, ast.Call) and called(node) in ("setattr", "set_committed_value")
        by_name = set_on and any(isinstance(a, ast.Constant) and a.value == "state" for a in node.args)
        if by_attribute or by_name:
            lines.append(node.lineno)
    return lines


def updated_states(tree: ast.Module) -> list[int]:
    """Return the lines that call `.values(state=…)`, by keyword or in a dictionary."""
    lines = []
    for node in ast.walk(tree):
        if called(node) != "values" or not isinstance(node, ast.Call):
            continue
        names = [keyword.arg for keyword in node.keywords]
        keys = [key.value for arg in node.args if isinstance(arg, ast.Dict) for key in arg.keys if _constant(key)]
        if "state" in names or "state" in keys:
            lines.append(node.lineno)
    return lines


def _constant(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant)


def own_attributes(tree: ast.Module) -> set[int]:
    """Return the lines that set `self.state`: an object's own, not a case's."""
    found = set()
    for node in ast.walk(tree):
        for target in targets(node):
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                found.add(node.lineno)
    return found


def touched_tables(tree: ast.Module) -> list[int]:
    """Return the lines whose SQL text, or update()/insert()/delete(), writes cases or timelines."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and TABLE_WORDS.search(node.value):
            lines.append(node.lineno)
        writes = called(node) in ("update", "insert", "delete") and isinstance(node, ast.Call)
        if writes and node.args and ast.unparse(node.args[0]).split(".")[0] in ("Case", "TimelineEntry"):
            lines.append(node.lineno)
    return lines


def test_nobody_else_assigns_a_state() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in sources()
        if name != CASES and not name.startswith("notifications/exchange/")  # the exchange's phones are not cases
        for line in assigned_states(tree)
        if line not in own_attributes(tree)
    ]

    assert found == []


def test_nobody_else_updates_a_state() -> None:
    found = {name for name, tree in sources() if updated_states(tree)}

    assert found - {CASES, LEDGER} <= set(OWN_STATE)


def test_nobody_else_writes_cases_or_timelines() -> None:
    found = {name for name, tree in sources() if touched_tables(tree)}

    assert found <= {CASES, LEDGER}


def test_nobody_but_cases_uses_the_ledger() -> None:
    found = set()
    for name, tree in sources():
        for node in ast.walk(tree):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = getattr(node, "module", "") or ""
            if "ledger" in imported or module == "domain.ledger" or "domain.ledger" in imported:
                found.add(name)

    assert found == {CASES}


@pytest.mark.parametrize(
    "planted",
    [
        "case.state = 'closed'",
        "setattr(case, 'state', 'closed')",
        "case.state: str = 'closed'",
    ],
)
def test_second_assignment_would_be_seen(planted: str) -> None:
    assert assigned_states(ast.parse(planted)) == [1]


@pytest.mark.parametrize("planted", ["x.values(state='closed')", "x.values({'state': 'closed'})"])
def test_second_update_would_be_seen(planted: str) -> None:
    assert updated_states(ast.parse(planted)) == [1]


@pytest.mark.parametrize(
    "planted", ["update(Case)", "insert(TimelineEntry.__table__)", "text('UPDATE cases SET place = 1')"]
)
def test_second_writer_of_the_tables_would_be_seen(planted: str) -> None:
    assert touched_tables(ast.parse(planted)) == [1]


def test_only_the_bell_notifies() -> None:
    """ADR 5: a NOTIFY in a business transaction takes a lock on the whole server."""
    rings = re.compile(r"\bNOTIFY [a-z{]|pg_notify")

    found = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and rings.search(node.value)
    }

    assert found == {"domain/bell.py"}
