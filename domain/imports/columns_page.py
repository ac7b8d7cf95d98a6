"""The page that says what every column of a table means, from the columns themselves."""

from __future__ import annotations

from collections.abc import Iterator

from domain.imports.kinds import KINDS, ImportKind
from domain.imports.lines import Column
from domain.language import CHINESE

KINDS_OF_VALUES = {"text": "text", "number": "number", "day": "date"}


INTRODUCTION = """\
Headers are known in Chinese and English, by the names given here; case, spaces and a star at the end do not
matter, nor does the order. How tables are imported stands in [imports.md](imports.md)."""


def columns_page(note: str) -> str:
    """Return the page; `note` says where it comes from."""
    parts = [
        "# The columns of tables · 表格的列",
        note,
        INTRODUCTION,
    ]
    parts += [part for kind in KINDS.values() for part in _table(kind)]
    return "\n\n".join(parts) + "\n"


def _table(kind: ImportKind) -> Iterator[str]:
    yield f"## {kind.label.zh} · {kind.label.en} · `{kind.name}`"
    lines = ["| header | in English | also | must | holds |", "| --- | --- | --- | --- | --- |"]
    lines += [_line(column) for column in kind.columns]
    yield "\n".join(lines)


def _line(column: Column) -> str:
    also = "、".join(dict.fromkeys((*column.also, f"`{column.key}`")))
    if column.only_out:
        holds = "only in exports; not read when such a table comes back"
    else:
        hint = f"; {_hint(column)}" if column.hint else ""
        example = f", such as `{column.example}`" if column.example is not None else ""
        holds = f"{KINDS_OF_VALUES[column.kind]}{example}{hint}"
    return f"| {column.title.zh} | {column.title.en} | {also} | {'yes' if column.required else ''} | {holds} |"


def _hint(column: Column) -> str:
    return f"{column.hint} {column.hint.in_language(CHINESE)}" if column.hint else ""
