"""What the supervisor of the embedded default says of its parts: one small file, written by it, read by the web part.

Standard library only: the supervisor imports it and has to stay light.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE = "parts.json"
STARTING, RUNNING, RESTARTING, FAILING, STOPPING = "starting", "running", "restarting", "failing", "stopping"
"""Not answering yet; fine; died and comes again in a moment; dies again and again; told to end."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part as its supervisor sees it. Times are ISO 8601, UTC."""

    name: str
    state: str
    pid: int | None
    since: str
    """When it came into this state."""
    restarts: int = 0
    """How often it was started again since the supervisor began."""
    last_end: str = ""
    """How it ended the last time: "exit status 1", "killed by SIGKILL"; empty if it never did."""
    last_lines: tuple[str, ...] = ()
    """What it wrote last, when it keeps failing."""
    url: str = ""
    """Where it answers on this machine; empty when it listens nowhere."""


def write_status(data_dir: Path, parts: Mapping[str, PartStatus]) -> None:
    """Replace the file as a whole, so that a reader never sees half of it."""
    pid = os.getpid()
    said = {
        "supervisor": {"pid": pid, "born": _born(pid), "at": datetime.now(UTC).isoformat()},
        "parts": [asdict(part) for part in parts.values()],
    }
    unfinished = data_dir / f".{FILE}.{pid}"
    unfinished.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    unfinished.replace(data_dir / FILE)


def forget_status(data_dir: Path) -> None:
    """Remove the file: the supervisor has ended in order."""
    (data_dir / FILE).unlink(missing_ok=True)


def parts_status(data_dir: Path) -> dict[str, PartStatus]:
    """Return the parts by name; empty when no supervisor runs on this folder (a deployment, or a dead one's file)."""
    try:
        said = json.loads((data_dir / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    supervisor = said["supervisor"]
    if _born(supervisor["pid"]) != supervisor["born"]:
        return {}
    return {row["name"]: PartStatus(**{**row, "last_lines": tuple(row["last_lines"])}) for row in said["parts"]}


def _born(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; empty when there is none. A pid alone is used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
