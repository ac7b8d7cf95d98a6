"""How long things may take, as the law or a local target gives it. Counts no time: `clocks` does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from domain.catalogue import source, validity
from domain.catalogue.source import read
from domain.catalogue.validity import ALWAYS, Validity
from domain.language import Label

FILE = "time_limits.yaml"
SHARE = "share_min"


_IN_BOTH = re.compile(r"(?P<zh>.*?) (?P<en>[A-Za-z][ -~]*)")
"""The file names a process or a stage in Chinese, a space, and in English."""


class UnknownTimeLimit(LookupError):
    """No row of the time-limit catalogue has this id."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """One row: how long `stage` of `process` may take, and how that is known.

    `unit` is the file's own (`working_day`, `elapsed_hour`, `promptly`, …); `limit` is None
    where the law gives no number. Rows that demand a share of something carry it in `share` (0.1 for 10 %).
    """

    id: str
    process: str
    stage: str
    owner: str
    clock_start: str
    clock_end: str
    unit: str
    limit: int | None
    share: float | None
    legal_basis: tuple[str, ...]
    provenance: str
    kind: str
    regions: tuple[str, ...] = ()
    document: str | None = None
    extension: str | None = None
    note: str | None = None
    overlays: str | None = None
    """The national row whose stage this regional one limits too, from the same start: the stricter wins."""
    rolls_forward: bool = False
    """Ends on the next working day when its last day is none."""
    rolls_forward_basis: tuple[str, ...] = ()
    rolls_forward_provenance: str = ""
    validity: Validity = ALWAYS

    @property
    def words(self) -> Label:
        """Return what it limits: the process and the stage."""
        process, stage = _in_both(self.process), _in_both(self.stage)
        return Label(f"{process.zh} · {stage.zh}", f"{process.en} · {stage.en}")

    @property
    def is_statutory(self) -> bool:
        """Tell whether the law sets it, so that only the catalogue can change it."""
        return self.kind == "statutory"

    def applies_in(self, division: str) -> bool:
        """Tell whether it applies in an administrative division (six digits, GB/T 2260)."""
        return source.applies_in(self.regions, division)

    def holds(self, day: date) -> bool:
        """Tell whether it is in force on a day (of the city): for what begins then."""
        return self.validity.holds(day)


def _in_both(text: str) -> Label:
    found = _IN_BOTH.fullmatch(text)
    return Label(found["zh"], found["en"]) if found else Label(text, text)


@cache
def limits() -> Mapping[str, TimeLimit]:
    """Return every row by its id, such as `CMP-20`."""
    return MappingProxyType({row["id"]: _time_limit(row) for row in read(FILE)["sla"]})


def limit(row_id: str) -> TimeLimit:
    """Return one row, or raise UnknownTimeLimit."""
    try:
        return limits()[row_id]
    except KeyError:
        raise UnknownTimeLimit(row_id) from None


def _time_limit(row: dict[str, Any]) -> TimeLimit:
    is_share = row["unit"] == SHARE
    # `repeat` says in one row what others say in `note`.
    notes = [row[key] for key in ("note", "repeat") if key in row]
    rolls: dict[str, Any] = row.get("rolls_forward", {})
    return TimeLimit(
        id=row["id"],
        process=row["process"],
        stage=row["stage"],
        owner=row["owner"],
        clock_start=row["clock_start"],
        clock_end=row["clock_end"],
        unit=row["unit"],
        limit=None if is_share else row.get("limit"),
        share=row["limit"] if is_share else None,
        legal_basis=tuple(row["legal_basis"]),
        provenance=row["provenance"],
        kind=row["kind"],
        regions=(row["region"],) if "region" in row else (),
        document=row.get("document"),
        extension=row.get("extension"),
        note="; ".join(notes) or None,
        overlays=row.get("overlays"),
        rolls_forward=bool(rolls),
        rolls_forward_basis=tuple(rolls.get("basis", ())),
        rolls_forward_provenance=rolls.get("provenance", ""),
        validity=validity.of_row(row, _in_force(row["legal_basis"][0])),
    )


def _in_force(citation: str) -> Validity:
    """Return since when the law holds that a limit stands in."""
    known = read(FILE)["in_force"]
    since = known["since"].get(citation.split(maxsplit=1)[0])
    return Validity(date.fromisoformat(since), None, known["provenance"]) if since else ALWAYS
