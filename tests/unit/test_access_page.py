"""The page that says who may do what is what the code says, and every right is asked for somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from api import access_page
from domain.rights import FIELDS, RIGHT_LABELS, RIGHTS, Right

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_in_the_repository_says_what_the_code_says() -> None:
    assert access_page.main(["--check"]) == 0


def test_a_page_that_says_something_else_is_named(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(access_page, "PAGE", tmp_path / "access.md")

    assert access_page.main(["--check"]) == 1
    assert "access.md" in capsys.readouterr().out
    assert access_page.main([]) == 0
    assert access_page.main(["--check"]) == 0


def test_every_right_has_words_and_holders_and_is_asked_for() -> None:
    sources = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("api", "domain")
        for file in (ROOT / folder).rglob("*.py")
        if file.name not in ("rights.py", "admin_frame.py")
    )

    assert set(RIGHTS) == set(RIGHT_LABELS) == set(Right)
    for right in Right:
        assert RIGHTS[right], right
        assert re.search(rf"Right\.{right.name}\b", sources), f"nothing asks for {right}"


def test_every_rule_of_a_field_is_used() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "domain").rglob("*.py"))

    for name, rule in FIELDS.items():
        assert rule.roles or rule.besides, name
        assert (rule.besides and not rule.roles) or f'FIELDS["{name}"]' in sources, name
