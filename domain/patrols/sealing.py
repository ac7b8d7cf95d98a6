"""The digest of what a delivery brought, which its timeline entry keeps: rows changed afterwards are found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.audit import canonical

CHECK_IN = ("id", "seq", "round", "point", "code", "how", "reason", "at", "claimed_at", "lat", "lon", "accuracy_m",
            "person_id", "device_id", "doubts")  # fmt: skip
ANSWER = ("id", "seq", "round", "point", "point_id", "item", "version_id", "outcome", "value", "comment", "photos",
          "at", "claimed_at", "person_id", "device_id", "doubts")  # fmt: skip
"""What of a row never changes. Of a doubt: what it says, not what a person decided on it."""


def digest(
    check_ins: Iterable[Mapping[str, Any]], answers: Iterable[Mapping[str, Any]], doubts: Iterable[Mapping[str, Any]]
) -> str:
    """Return the SHA-256 (hex) over the rows of a delivery, in whatever order, from either database."""
    said = [
        sorted((_row(row, CHECK_IN) for row in check_ins), key=lambda row: row["id"]),
        sorted((_row(row, ANSWER) for row in answers), key=lambda row: row["id"]),
        _doubts(doubts),
    ]
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _row(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _doubts(row[name]) if name == "doubts" else _plain(row[name]) for name in names}


def _doubts(doubts: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [canonical({key: value for key, value in doubt.items() if key != "decided"}) for doubt in doubts]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if value is None or isinstance(value, bool | int | float | dict | list):
        return canonical(value)
    return str(value)
