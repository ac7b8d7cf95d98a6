"""The numbers we set ourselves where the law gives none. Counts no time: `clocks` does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.catalogue.source import read

FILE = "targets.yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """How long the stage of the time limit with this `id` may take by our own rule; `unit` as in the time limits."""

    id: str
    amount: int
    unit: str
    provenance: str
    note: str
    is_ours_alone: bool = False
    """No row of the time limits stands behind it: the stage is one that the law does not know."""


@cache
def targets() -> Mapping[str, Target]:
    """Return every target by the id of the time limit it fills in, such as `CMP-10`."""
    return MappingProxyType({row["id"]: Target(**row) for row in read(FILE)["targets"]})
