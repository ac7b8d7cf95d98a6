"""Has pyxform say whether a workbook is a valid XLSForm: in a process of its own, with a limit to time and memory.

It is given cells and no file, so that it opens nothing; the types that would read other files never come this far.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Sheet = Sequence[Mapping[str, str]]
Book = Mapping[str, Sheet]
"""Sheet → its rows, header → text."""

SECONDS = 20
MEMORY = 1 << 30
LONGEST_SAID = 300
_ROW = re.compile(r"^\[row : (\d+)\]\s*")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Complaint:
    """What pyxform says against a form; `row` of the survey, from 1 as the spreadsheet counts, where it names one."""

    said: str
    row: int | None = None


TOO_LONG = Complaint("")
"""It did not come to an end in time."""


def complaint(book: Book) -> Complaint | None:
    """Return what pyxform says against a form, or None; takes about a second."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "documents.xlsform_check"],
            input=json.dumps(book), capture_output=True, text=True, timeout=SECONDS + 5, check=False, cwd=ROOT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return TOO_LONG
    if done.returncode:
        return TOO_LONG
    answer = json.loads(done.stdout)
    return Complaint(answer["said"], answer["row"]) if answer else None


def judged(book: Book) -> Complaint | None:
    """Return the same from within this process, for whoever has made the form themselves."""
    from pyxform.errors import PyXFormError  # noqa: PLC0415 - half a second that no page should wait for
    from pyxform.xls2xform import convert  # noqa: PLC0415 - see above

    try:
        convert(_with_headers(book))
    except PyXFormError as wrong:
        text = str(wrong)
    # Whatever else it stumbles over is no form either; its own words help nobody.
    except Exception as wrong:  # noqa: BLE001 - see above
        text = type(wrong).__name__
    else:
        return None
    found = _ROW.match(text)
    return Complaint(_ROW.sub("", text)[:LONGEST_SAID], int(found[1]) if found else None)


def _with_headers(book: Book) -> dict[str, list[dict[str, str | None]]]:
    """Return the sheets with their headers, which pyxform would else take from the first row alone."""
    sheets: dict[str, list[dict[str, str | None]]] = {}
    for name, rows in book.items():
        sheets[name] = [dict(row) for row in rows]
        sheets[f"{name}_header"] = [dict.fromkeys(header for row in rows for header in row)]
    return sheets


def main() -> None:
    """Read a form from the standard input and write what is wrong with it."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    found = judged(json.load(sys.stdin))
    json.dump({"said": found.said, "row": found.row} if found else None, sys.stdout)


if __name__ == "__main__":
    main()
