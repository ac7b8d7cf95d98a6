"""Numbers for Prometheus: what this process answered, and what stands in the database at the moment of asking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from domain.database import Database
from domain.queries import standing

KIND = CONTENT_TYPE_LATEST
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds."""


class RequestMetrics:
    """Counts answers by route; an app has its own, so that two in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        names = ("method", "route", "status")
        self._requests = Counter("fireline_http_requests", "Requests answered.", names, registry=self.registry)
        self._seconds = Histogram(
            "fireline_http_request_seconds", "Time to the end of the answer.", ("route",), buckets=BUCKETS,
            registry=self.registry,
        )  # fmt: skip

    def note(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer; `route` is the template, never an address with a code in it."""
        key = (method, route, status)
        known = self._known.get(key)
        if known is None:  # finding a child by its labels takes longer than counting
            known = self._known[key] = (self._requests.labels(method, route, str(status)), self._seconds.labels(route))
        known[0].inc()
        known[1].observe(seconds)


class DatabaseMetrics(Collector):
    """What stands in the database."""

    def __init__(self, database: Database, *, at: datetime) -> None:
        self._database = database
        self._at = at

    def collect(self) -> Iterator[Metric]:
        """Read the numbers and give them out."""
        with self._database.read() as session:
            now = standing.standing(session, at=self._at)
            promises = standing.promises_by_state(session, at=self._at)
            cases = standing.cases_by_state(session)
        outbox = GaugeMetricFamily("fireline_outbox", "Promises not yet kept.", labels=["state"])
        for state, number in promises.items():
            outbox.add_metric([state], number)
        yield outbox
        yield GaugeMetricFamily(
            "fireline_outbox_oldest_due_seconds", "How long the oldest due promise has waited.",
            value=now.oldest_due_seconds,
        )  # fmt: skip
        open_cases = GaugeMetricFamily("fireline_open_cases", "Open cases.", labels=["process", "state"])
        for process, state, number in cases:
            open_cases.add_metric([process, state], number)
        yield open_cases
        ages = GaugeMetricFamily("fireline_heartbeat_age_seconds", "Since the last sign of life.", labels=["part"])
        for part, age in now.ages_seconds.items():
            ages.add_metric([part], age)
        yield ages


def exposed(requests: RequestMetrics, database: Database, *, at: datetime) -> bytes:
    """Return everything in Prometheus' text format."""
    of_database = CollectorRegistry()
    of_database.register(DatabaseMetrics(database, at=at))
    return generate_latest(requests.registry) + generate_latest(of_database)
