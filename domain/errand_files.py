"""Files that errands are given (a sheet to import) and make (an export): kept under random keys, for some days.

A file is whole before its errand is settled, so a crash in between leaves a file that nothing names; age removes it
like every other.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

_KEY = re.compile(r"[0-9a-f]{32}")


class FileGone(LookupError):
    """No file is kept under this key: its time is over, or there never was one."""


@contextmanager
def writing(directory: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Give a key and a file to write; at the end the file is kept, on an exception it never was.

    When this returns the file survives a power cut. Only this program's user may read it.
    """
    key = secrets.token_hex(16)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = directory / f".incoming-{key}"
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield key, file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(directory / key)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync(directory)


def store(content: bytes, directory: Path) -> str:
    """Keep `content` and return its key."""
    with writing(directory) as (key, file):
        file.write(content)
    return key


def path_of(key: str, directory: Path) -> Path:
    """Return where the file of `key` lies; raises `FileGone`. No key leads out of `directory`."""
    path = directory / key
    if not _KEY.fullmatch(key) or not path.is_file():
        raise FileGone(key)
    return path


def remove_old(directory: Path, *, before: datetime, keep: Collection[str] = ()) -> int:
    """Delete what was last written before that moment, but for the keys to `keep`; return how many files went."""
    if not directory.is_dir():
        return 0
    old = [
        path
        for path in directory.iterdir()
        if path.is_file() and path.name not in keep and path.stat().st_mtime < before.timestamp()
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
