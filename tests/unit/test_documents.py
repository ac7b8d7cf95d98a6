"""What the documents point at exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>[^)#\s]+)[^)]*\)")
CODE = re.compile(r"^`(\w+)`$")


def links(document: Path) -> list[tuple[str, Path]]:
    found = LINK.finditer(document.read_text())
    return [
        (link["words"], document.parent / link["target"])
        for link in found
        if not link["target"].startswith(("http:", "https:", "mailto:"))
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = [str(target) for _, target in links(document) if not target.exists()]

    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_in_code_is_defined_where_the_link_says(document: Path) -> None:
    missing = []
    for words, target in links(document):
        name = CODE.match(words)
        if name and target.suffix == ".py" and name[1] not in _defined(target):
            missing.append(f"{name[1]} in {target.name}")

    assert missing == []


def _defined(source: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names
