"""Files of reports, kept under the sum of what is in them, for as long as the record is kept."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from domain.errand_files import FileGone

LEFT_AFTER = timedelta(days=1)
"""A file that no edition names so long after it was written was left by a crash."""
_SUM = re.compile(r"[0-9a-f]{64}")


def sum_of(content: bytes) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def store(content: bytes, directory: Path) -> str:
    """Keep a file and return its sum; the same content is kept once. When this returns it survives a power cut."""
    name = sum_of(content)
    folder = directory / name[:2]
    path = folder / name
    # Its age begins anew: an edition is about to name it, and no tidying may take it for one that was left behind.
    with suppress(FileNotFoundError):
        os.utime(path)
        return name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f".incoming-{secrets.token_hex(8)}"
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return name


def remove_left(directory: Path, *, named: Collection[str], at: datetime) -> int:
    """Delete what was written long before `at` and no edition names, unfinished files too; return how many."""
    before = (at - LEFT_AFTER).timestamp()
    left = [
        path
        for path in directory.glob("*/*")
        if path.name not in named and path.is_file() and path.stat().st_mtime < before
    ]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def path_of(name: str, directory: Path) -> Path:
    """Return where the file with that sum lies; raises `FileGone`. No name leads out of `directory`."""
    path = directory / name[:2] / name
    if not _SUM.fullmatch(name) or not path.is_file():
        raise FileGone(name)
    return path
