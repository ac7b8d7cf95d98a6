"""The exchange's memory on disk: one JSON line per change, so that a killed exchange forgets nothing.

A line carries the whole record, the last one for a sid wins. Lines reach the operating system before the HTTP
answer leaves, so they outlive `kill -9`; they are not forced to the disk, so a power cut may lose the last
seconds.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Line = tuple[str, Any]
"""Kind ("message", "call", "phones", "behaviour", "reset") and its JSON data."""


def _written(kind: str, data: object) -> bytes:
    return json.dumps({"kind": kind, "data": data}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Journal:
    """An append-only file of changes, readable by its owner only: it holds phone numbers and messages."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def read(self) -> Iterator[Line]:
        """Yield the lines in order; a line cut short by a crash is skipped and reported by its number."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                try:
                    line = json.loads(raw)
                    kind, data = line["kind"], line["data"]
                except (ValueError, KeyError, TypeError):
                    log.warning("journal line %d is not readable and was skipped", number)
                    continue
                yield kind, data

    def start(self, lines: Iterable[Line]) -> None:
        """Replace the file by `lines`, all or nothing, and open it: it stays short and has no torn end."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        for kind, data in lines:
            _write_all(descriptor, _written(kind, data))
        os.fsync(descriptor)
        fresh.replace(self._path)
        self._descriptor = descriptor

    def write(self, kind: str, data: object) -> None:
        """Append one line; it has left this process when the call returns."""
        if self._descriptor is None:
            msg = "the journal has not been started"
            raise RuntimeError(msg)
        _write_all(self._descriptor, _written(kind, data))

    def close(self) -> None:
        """Close the file; nothing is buffered, so nothing is lost without it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
