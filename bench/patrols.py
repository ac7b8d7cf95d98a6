"""Patrols: planning a day for a city; today's list over years of tasks; a delivery of a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import patrol_lists, patrol_planning
from tests.cluster import Cluster


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure each part on PostgreSQL and yield the rows."""
    yield from patrol_planning.run(cluster, folder)
    yield from patrol_lists.run(cluster, folder)
