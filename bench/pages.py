"""The public pages: bytes on the wire, and answers per second beside a bare page of the same size."""

from __future__ import annotations

import gzip
import re
import statistics
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.load import free_port, load
from bench.servers import part, settings
from domain import schema
from domain.database import open_database
from tests.cluster import Cluster
from tests.world import build_world

SECONDS = 3.0
ROUNDS = 3
COMPRESSED = "Accept-Encoding: gzip\r\n"
WIRE_LIMIT = 15 * 1024


def _fetch(address: str, *, compressed: bool = False) -> bytes:
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"} if compressed else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        return body if not compressed else body + b" " * head


def wire_bytes(base: str, path: str) -> int:
    """Return what a phone's first visit to `path` transfers: page, styles, scripts, with headers, compressed."""
    total = len(_fetch(base + path, compressed=True))
    html = _fetch(base + path).decode()
    for asset in sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', html))):
        total += len(_fetch(base + asset, compressed=True))
    return total


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure on PostgreSQL and on SQLite and yield the rows."""
    for kind in ("postgresql", "sqlite"):
        url = cluster.create_database(f"pages_{kind}") if kind == "postgresql" else f"sqlite:///{folder}/pages.db"
        database = open_database(url)
        schema.upgrade(database)
        with database.write() as session:
            world = build_world(session)
        database.dispose()
        port, bare_port = free_port(), free_port()
        environment = settings(folder, url, port=port, exchange_port=free_port())
        path = f"/v/{world.codes['kuancheng']}"
        base = f"http://127.0.0.1:{port}"
        with part(["api", "--port", str(port)], environment, ready=f"{base}{path}"):
            html = _fetch(base + path).decode()
            template = folder / "bare.html"
            template.write_text(
                "{% raw %}" + html.replace("宽澄·鼎元一期南", "{% endraw %}{{ name }}{% raw %}", 1) + "{% endraw %}"
            )
            if kind == "postgresql":
                for page in (path, f"{path}/report", "/report", "/", "/r"):
                    size = wire_bytes(base, page)
                    shown = page.replace(world.codes["kuancheng"], "…")
                    yield {
                        "what": f"first visit to {shown}, bytes on the wire",
                        "ours": size,
                        "to reach": f"≤ {WIRE_LIMIT}",
                    }
            bare = ["bench.bare", url, str(template), str(bare_port)]
            with part(bare, environment, ready=f"http://127.0.0.1:{bare_port}{path}"):
                pairs = [
                    (load(port, path, seconds=SECONDS), load(bare_port, path, seconds=SECONDS)) for _ in range(ROUNDS)
                ]
            squeezed = load(port, path, seconds=SECONDS, headers=COMPRESSED)
        if any(a.wrong or b.wrong for a, b in pairs):
            msg = "a page did not answer 200"
            raise RuntimeError(msg)
        yield {
            "what": f"venue page/s, {kind}",
            "ours": round(statistics.median(a.rate for a, _ in pairs)),
            "bare page": round(statistics.median(b.rate for _, b in pairs)),
            "ratio": round(statistics.median(a.rate / b.rate for a, b in pairs), 2),
            "compressed": round(squeezed.rate),
            "p50 ms": round(statistics.median(a.p50 for a, _ in pairs) * 1000, 1),
            "p99 ms": round(statistics.median(a.p99 for a, _ in pairs) * 1000, 1),
            "bytes": len(gzip.compress(html.encode())),
            "to reach": "ratio ≥ 0.5",
        }
