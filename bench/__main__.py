"""Runs the benchmarks, prints a table, writes `bench/results.json`: `python -m bench [name …]`."""

from __future__ import annotations

import importlib
import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.cluster import running_cluster

PARTS = ("cockpit", "engine", "pages", "latency", "memory", "patrols", "register", "reports", "sign_in", "sweep",
         "tables")  # fmt: skip
RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Run the named parts, or all."""
    console = Console(width=200)
    parts = sys.argv[1:] or list(PARTS)
    rows: list[dict[str, Any]] = []
    with running_cluster(fsync=True) as cluster, tempfile.TemporaryDirectory() as name:
        for part in parts:
            folder = Path(name) / part
            folder.mkdir()
            for row in importlib.import_module(f"bench.{part}").run(cluster, folder):
                rows.append({"part": part, **row})
                console.print(row)
    table = Table(title="Fireline")
    for column in ("what", "ours", "beside", "ratio", "to reach"):
        table.add_column(column)
    known = {"part", "what", "ours", "ratio", "to reach"}
    for row in rows:
        beside = ", ".join(f"{key} {value}" for key, value in row.items() if key not in known)
        table.add_row(row["what"], str(row.get("ours", "")), beside, str(row.get("ratio", "")), row["to reach"])
    console.print(table)
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rows": [*_kept(parts), *rows],
    }
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")


def _kept(parts: list[str]) -> list[dict[str, Any]]:
    """Return the rows of the parts that were not run now."""
    if not RESULTS.exists():
        return []
    return [row for row in json.loads(RESULTS.read_text())["rows"] if row["part"] not in parts]


if __name__ == "__main__":
    main()
