"""The empty table to fill in for an import: headers with hints, lists to choose from, an example beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from documents.tables_out import Notes, OutColumn, write_template
from domain import catalogue
from domain.coordinates import SYSTEM_LABELS
from domain.imports.kinds import ImportKind
from domain.imports.people_columns import ROLES
from domain.language import Labelled, Sentence

TITLE = Sentence("How to fill in")
LISTS = Sentence("To choose from")
LINES = (
    Sentence("Fill in the first sheet: one row each. Columns with a star have to be filled in, the order is free."),
    Sentence("Formulas are not taken: paste values. Codes and telephone numbers are text, the columns are set so."),
    Sentence("An empty cell changes nothing that is in the register, and ends nothing."),
    Sentence("Try it out first: every error is named with its cell, and nothing is written. Then all rows, or none."),
    Sentence("An example:"),
)


def write(path: Path, kind: ImportKind, *, areas: Sequence[str], locale: str) -> None:
    """Write the template; `areas` are offered as they are, `code name`."""
    columns = [column for column in kind.columns if not column.only_out]
    offered = {
        "class_code": _coded(catalogue.venue_classes(), locale),
        "industry": _named(catalogue.industries(), locale),
        "kind": _named(catalogue.facility_kinds(), locale),
        "role": _named(ROLES, locale),
        "system": list(SYSTEM_LABELS),
        "area": list(areas),
    }
    heads = [
        OutColumn(
            column.title.in_language(locale),
            column.width,
            column.kind,
            column.hint.in_language(locale) if column.hint else "",
            required=column.required,
            choices=offered.get(column.key, ()),
        )
        for column in columns
    ]
    notes = Notes(
        TITLE.in_language(locale),
        [line.in_language(locale) for line in LINES],
        [[column.example for column in columns]],
        LISTS.in_language(locale),
    )
    write_template(path, heads, notes, title=kind.label.in_language(locale), locale=locale)


def _coded(labels: Mapping[str, Labelled], locale: str) -> list[str]:
    return [f"{code} {name}" for code, name in zip(labels, _named(labels, locale), strict=True)]


def _named(labels: Mapping[str, Labelled], locale: str) -> list[str]:
    return [label.zh if locale == "zh_CN" else label.en for label in labels.values()]
