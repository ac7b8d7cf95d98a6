"""Which version makes a report: the product's, and a digest of what counts, words and draws it.

Two installations of one release make the same bytes from the same data; code that was changed between releases, or a
library that draws otherwise, is another version, and a comparison says so instead of blaming the data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    _ROOT / "documents", _ROOT / "templates" / "documents", _ROOT / "domain" / "reporting",
    _ROOT / "domain" / "locale" / "zh_CN.po",
)  # fmt: skip
"""Folders, and the file with the words of the other language."""
LIBRARIES = ("weasyprint", "xlsxwriter", "pydyf", "fonttools")
LENGTH = 10
"""Hexadecimal digits of the digest that a version shows."""


@cache
def current() -> str:
    """Return the version that makes reports now, such as `0.4.0+1f2e3d4c5b`."""
    return f"{version('fireline')}+{digest(SOURCES)[:LENGTH]}"


def digest(sources: Iterable[Path]) -> str:
    """Return a digest of these files, of everything in these folders that makes a report, and of the libraries."""
    found = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    for source in sources:
        for path in _files(source):
            found.update(f"\0{source.name}/{path.relative_to(source).as_posix()}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        return iter([folder])
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return iter(sorted(path for path in files if path.suffix != ".pyc"))
