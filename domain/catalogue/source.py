"""The laws and standards the catalogue cites, how far each was seen, and where a local rule applies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from domain.language import Label

DATA = Path(__file__).parent / "data"

# libyaml reads a file here in 5 to 10 ms; the parser in Python takes ten times as long.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnknownSource(LookupError):
    """A citation names a source that no file of the catalogue lists."""


@dataclass(frozen=True, slots=True)
class Source:
    """A law, standard or article: its titles, where its text was seen, and how much of it was."""

    key: str
    title: Label
    seen: str
    access: str


@cache
def read(name: str) -> dict[str, Any]:
    """Return a data file as it is; callers do not change it."""
    content: dict[str, Any] = yaml.load((DATA / name).read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - safe loaders
    return content


@cache
def sources() -> Mapping[str, Source]:
    """Return every source by its key, such as `XFF` for the Fire Protection Law."""
    listed = {
        **read("checklists.yaml")["sources"],
        **read("time_limits.yaml")["sources"],
        **read("hazards.yaml")["meta"]["sources"],
    }
    return MappingProxyType(
        {
            key: Source(key, Label(row["title"], row["title_en"]), row["seen"], row.get("access", "excerpt"))
            for key, row in sorted(listed.items())
        }
    )


def source_of(citation: str) -> Source:
    """Return the source of a citation such as `XFF 60(1)(3)`, or raise UnknownSource."""
    key = citation.split(maxsplit=1)[0].rstrip(":") if citation.strip() else ""
    if key not in sources():
        raise UnknownSource(citation)
    return sources()[key]


def applies_in(regions: tuple[str, ...], division: str) -> bool:
    """Tell whether a rule for `regions` applies in an administrative division (codes of GB/T 2260).

    A region covers all below it: 410000 (Henan) covers 411300 (Nanyang). A rule without regions applies
    everywhere.
    """
    return not regions or any(division.startswith(_significant(region)) for region in regions)


def _significant(region: str) -> str:
    while region.endswith("00"):
        region = region[:-2]
    return region
