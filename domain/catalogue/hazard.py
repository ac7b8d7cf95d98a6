"""Hazards with their legal basis and class for verification, and the classes of venues."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from domain.catalogue import validity
from domain.catalogue.source import read
from domain.catalogue.validity import ALWAYS, Validity
from domain.language import Label

FILE = "hazards.yaml"


class Severity(StrEnum):
    """How bad a hazard is; from a fire in progress to not a hazard at all."""

    EMERGENCY = "emergency"
    CRITICAL = "critical"
    MAJOR = "major"
    GENERAL = "general"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class VerifyClass:
    """How soon a report must be checked on site (消防监督检查规定 第十八条): `A24H`, `B3WD`, or not by us."""

    code: str
    limit: int
    unit: str
    basis: str
    provenance: str
    zh: str | None = None


@dataclass(frozen=True, slots=True)
class Hazard:
    """One kind of hazard. Citations name a source and a place in it (`catalogue.source_of`).

    `provenance` says how the legal basis is known, `verify_class_provenance` how its class is: quoted,
    secondary, memory or practice.
    """

    code: str
    zh: str
    en: str
    category: str
    severity: Severity
    verify_class: str
    verify_class_provenance: str
    legal_basis: tuple[str, ...]
    provenance: str
    on_spot_correction: bool = False
    penalty_basis: str | None = None
    seal_trigger: str | None = None
    report_words: tuple[str, ...] = ()
    note: str | None = None
    validity: Validity = ALWAYS
    """On which days it can be named; what was named before stays readable."""


@dataclass(frozen=True, slots=True)
class VenueClass:
    """One of the fourteen classes of venues, with the checklists that fit it."""

    code: str
    zh: str
    en: str
    checklists: tuple[str, ...]
    provenance: str


@cache
def hazards() -> Mapping[str, Hazard]:
    """Return every hazard by its code, such as `EVA-01`."""
    return MappingProxyType({row["code"]: _hazard(row) for row in read(FILE)["hazards"]})


@cache
def categories() -> Mapping[str, Label]:
    """Return the names of the hazard categories by the first letters of the hazards' codes."""
    named = {key: names.split(maxsplit=1) for key, names in read(FILE)["categories"].items()}
    return MappingProxyType({key: Label(zh, en) for key, (zh, en) in named.items()})


@cache
def verify_classes() -> Mapping[str, VerifyClass]:
    """Return the classes for verification by their code."""
    rows = read(FILE)["meta"]["verify_class"]
    return MappingProxyType(
        {
            code: VerifyClass(code, row["limit"], row["unit"], row["basis"], row["provenance"], row.get("zh"))
            for code, row in rows.items()
        }
    )


def verify_class(hazard_code: str) -> VerifyClass:
    """Return how soon a report of the hazard must be checked; KeyError for an unknown hazard."""
    return verify_classes()[hazards()[hazard_code].verify_class]


@cache
def venue_classes() -> Mapping[str, VenueClass]:
    """Return the classes of venues by their code, `V01` to `V14`."""
    rows = read(FILE)["venue_classes"]["classes"]
    return MappingProxyType(
        {
            row["code"]: VenueClass(
                row["code"], row["zh"], row["en"], tuple(row["checklist_templates"]), row["provenance"]
            )
            for row in rows
        }
    )


@cache
def seal_triggers() -> Mapping[str, str]:
    """Return the Chinese grounds for sealing by their number in 消防监督检查规定 第二十二条."""
    return MappingProxyType(dict(read(FILE)["seal_triggers"]["items"]))


def _hazard(row: dict[str, Any]) -> Hazard:
    return Hazard(
        code=row["code"],
        zh=row["zh"],
        en=row["en"],
        category=row["code"].partition("-")[0],
        severity=Severity(row["severity"]),
        verify_class=row["verify_class"],
        verify_class_provenance=row["verify_class_provenance"],
        legal_basis=tuple(row["legal_basis"]),
        provenance=row["provenance"],
        on_spot_correction=row.get("on_spot_correction", False),
        penalty_basis=row.get("penalty_basis"),
        seal_trigger=row.get("seal_trigger"),
        report_words=tuple(row.get("report_words", ())),
        note=row.get("note"),
        validity=validity.of_row(row),
    )
