"""What the parts write: whole into log files, line by line with the part's name onto the terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections import deque
from pathlib import Path

KEPT_LINES = 15
LONGEST_LINE = 4096
"""Also PIPE_BUF: so much fits into a pipe that says it takes anything."""
LARGEST_LOG_BYTES = 5_000_000
OLD_LOGS = 3
_NAME_WIDTH = 9
_COLOURS = {"fireline": 1, "web": 36, "worker": 33, "exchange": 35, "prefect": 34, "setup": 32}


class Terminal:
    """The place where people read. A paused or closed one never holds the supervisor up: lines are left out."""

    def __init__(self) -> None:
        self._fd = sys.stdout.fileno()
        self.is_tty = os.isatty(self._fd)
        self._coloured = self.is_tty and not os.environ.get("NO_COLOR")
        self._open = True
        self._left_out = 0

    def line(self, name: str, text: str) -> None:
        """Write one line with the name of who says it."""
        prefix = f"{name:<{_NAME_WIDTH}}|"
        if self._coloured:
            prefix = f"\x1b[{_COLOURS.get(name, 0)}m{prefix}\x1b[0m"
        self._write(f"{prefix} {text}\n")

    def block(self, text: str) -> None:
        """Write several lines as they are."""
        for line in text.splitlines():
            self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        if not self._open:
            return
        if not self._takes_more():
            self._left_out += 1
            return
        if self._left_out:
            text = f"… {self._left_out} lines are only in the log files\n{text}"
            self._left_out = 0
        try:
            os.write(self._fd, text.encode(errors="replace")[:LONGEST_LINE])
        except OSError:  # the reader is gone
            self._open = False

    def _takes_more(self) -> bool:
        return bool(select.select([], [self._fd], [], 0)[1])


class Log:
    """One part's log file and the lines it wrote last."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        rotate(self.path)
        self._file = self.path.open("ab", buffering=0)
        self._unfinished = b""
        self.last_lines: deque[str] = deque(maxlen=KEPT_LINES)

    def take(self, data: bytes) -> list[str]:
        """Keep what came and return the lines that it completes."""
        with contextlib.suppress(OSError):  # a full disk must not stop the parts
            self._file.write(data)
        *whole, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > LONGEST_LINE:
            whole, self._unfinished = [*whole, self._unfinished], b""
        lines = [line.decode(errors="replace").rstrip() for line in whole]
        self.last_lines.extend(line for line in lines if line)
        return lines

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def rotate(path: Path) -> None:
    """Put a log that has grown large aside: `web.log.1` is the newest of the old ones."""
    if not path.exists() or path.stat().st_size < LARGEST_LOG_BYTES:
        return
    for number in range(OLD_LOGS, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if newer.exists():
            newer.replace(older)
