"""What the register of venues is described with: industries, kinds of facilities, key parts, documents; and sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.catalogue.source import read
from domain.language import Label

FILE = "register.yaml"

SIZES: Mapping[str, Label] = MappingProxyType(
    {
        "area_m2": Label("建筑面积（平方米）", "Floor area (m²)"),
        "storeys": Label("层数", "Storeys"),
        "height_m": Label("建筑高度（米）", "Height (m)"),
        "rooms": Label("客房（间）", "Guest rooms"),
        "beds": Label("床位（张）", "Beds"),
        "seats": Label("座位（个）", "Seats"),
        "people": Label("容纳人数（人）", "People"),
        "stalls": Label("摊位（个）", "Stalls"),
    }
)
"""The measures of a venue that thresholds ask for."""
LARGEST_SIZE = 10_000_000
"""Of any of them: what is larger is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Industry:
    """A line of business by the department that is competent for it."""

    code: str
    zh: str
    en: str
    department: Label
    provenance: str


@dataclass(frozen=True, slots=True)
class FacilityKind:
    """A kind of fire safety equipment; `mark` are the two letters its numbers begin with, such as MH-007."""

    code: str
    mark: str
    zh: str
    en: str
    group: str
    provenance: str


@dataclass(frozen=True, slots=True)
class KeyPartKind:
    """A kind of 消防安全重点部位."""

    code: str
    zh: str
    en: str
    provenance: str


@cache
def industries() -> Mapping[str, Industry]:
    """Return every industry by its code."""
    rows = read(FILE)["industries"]
    return MappingProxyType(
        {
            row["code"]: Industry(
                row["code"], row["zh"], row["en"], Label(row["department"], row["department_en"]), row["provenance"]
            )
            for row in rows
        }
    )


@cache
def facility_kinds() -> Mapping[str, FacilityKind]:
    """Return every kind of facility by its code, such as `extinguisher`."""
    return MappingProxyType({row["code"]: FacilityKind(**row) for row in read(FILE)["facility_kinds"]})


@cache
def facility_groups() -> Mapping[str, Label]:
    """Return the names of the groups of facilities by their code."""
    return MappingProxyType({row["code"]: Label(row["zh"], row["en"]) for row in read(FILE)["facility_groups"]})


@cache
def key_part_kinds() -> Mapping[str, KeyPartKind]:
    """Return every kind of key part by its code, such as `control_room`."""
    return MappingProxyType({row["code"]: KeyPartKind(**row) for row in read(FILE)["key_part_kinds"]})


@cache
def document_kinds() -> Mapping[str, Label]:
    """Return every kind of a venue's documents by its code."""
    return MappingProxyType({row["code"]: Label(row["zh"], row["en"]) for row in read(FILE)["document_kinds"]})
