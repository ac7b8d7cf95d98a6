"""From the reporter's submit to the warden's SMS request at the provider, through the real parts over HTTP.

Web, worker and exchange are processes of their own; with Prefect, its server and its task runs too.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.load import free_port
from bench.servers import part, settings
from domain import schema
from domain.database import open_database
from tests.cluster import Cluster
from tests.world import PEOPLE, build_world, disturbable_at_night

REPORTS = 100
PER_SECOND = 4.0
WARDEN_PHONE = PEOPLE["warden"][1]


def _post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        result: dict[str, Any] = json.load(answer)
        return result


def _messages(exchange: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{exchange}/control/messages", timeout=20) as answer:  # noqa: S310 - loopback
        found: list[dict[str, Any]] = json.load(answer)
        return found


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(folder: Path, url: str, *, prefect: bool) -> list[float]:
    """Send reports at a steady pace and return the seconds from each submit to its SMS request."""
    database = open_database(url)
    schema.upgrade(database)
    with database.write() as session:
        world = build_world(session)
        disturbable_at_night(session)
    database.dispose()
    port, exchange_port, prefect_port = free_port(), free_port(), free_port()
    exchange = f"http://127.0.0.1:{exchange_port}"
    environment = settings(folder, url, port=port, exchange_port=exchange_port)
    environment["PREFECT_HOME"] = str(folder / "prefect")
    with ExitStack() as stack:
        if prefect:
            environment["PREFECT_API_URL"] = f"http://127.0.0.1:{prefect_port}/api"
            server = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(prefect_port)]
            stack.enter_context(part(server, environment, ready=f"{environment['PREFECT_API_URL']}/health"))
        else:
            environment["PREFECT_API_URL"] = ""
        phones = ["notifications.exchange", "--port", str(exchange_port)]
        stack.enter_context(part(phones, environment, ready=f"{exchange}/healthz"))
        web = f"http://127.0.0.1:{port}"
        stack.enter_context(
            part(["api", "--port", str(port)], environment, ready=f"{web}/v/{world.codes['kuancheng']}")
        )
        stack.enter_context(part(["flows.worker"], environment))
        body = {"venue_code": world.codes["kuancheng"], "hazard": "equipment", "description": "烟感报警不会亮"}
        time.sleep(8 if prefect else 4)
        for _ in range(5):
            _post(f"{web}/api/v1/hazard-reports", body)
        time.sleep(3)
        sent: dict[str, float] = {}
        for _ in range(REPORTS):
            started = time.time()
            sent[_post(f"{web}/api/v1/hazard-reports", body)["number"]] = started
            time.sleep(max(0.0, 1 / PER_SECOND - (time.time() - started)))
        return _arrived(exchange, sent)


def _arrived(exchange: str, sent: dict[str, float]) -> list[float]:
    for _ in range(60):
        found: dict[str, float] = {}
        for message in _messages(exchange):
            for number in sent:
                if message["to"] == WARDEN_PHONE and number in message["body"]:
                    found[number] = datetime.fromisoformat(message["created_at"]).timestamp()
        if len(found) == len(sent):
            return [found[number] - sent[number] for number in sent]
        time.sleep(1)
    msg = f"{len(sent) - len(found)} of {len(sent)} reports reached nobody"
    raise RuntimeError(msg)


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure with and without Prefect on both databases."""
    for kind in ("sqlite", "postgresql"):
        for prefect in (True, False):
            name = f"latency_{kind}_{'prefect' if prefect else 'direct'}"
            place = folder / name
            place.mkdir()
            url = cluster.create_database(name) if kind == "postgresql" else f"sqlite:///{place}/fireline.db"
            seconds = measure(place, url, prefect=prefect)
            yield {
                "what": f"report → SMS request, {kind}, {'Prefect' if prefect else 'direct'}",
                "p50 ms": round(percentile(seconds, 0.5) * 1000),
                "p99 ms": round(percentile(seconds, 0.99) * 1000),
                "worst ms": round(max(seconds) * 1000),
                "to reach": "p99 ≤ 500",
            }
