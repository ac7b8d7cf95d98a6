"""What is checked, how often, and which list fits which type of venue. Plans no patrol."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.catalogue import source, validity
from domain.catalogue.source import read
from domain.catalogue.validity import ALWAYS, Validity

FILE = "checklists.yaml"


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing to check: what is answered, which evidence is wanted, and the hazard a failure is."""

    code: str
    zh: str
    en: str
    basis: tuple[str, ...]
    provenance: str
    answer: str
    evidence: str
    is_critical: bool = False
    on_spot_correction: bool = False
    fail_hazard: str | None = None
    regions: tuple[str, ...] = ()
    note: str | None = None
    validity: Validity = ALWAYS

    def applies_in(self, division: str) -> bool:
        """Tell whether it applies in an administrative division (six digits, GB/T 2260)."""
        return source.applies_in(self.regions, division)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often: an RFC 5545 rule (None when an event starts it) and minutes of grace after the window."""

    key: str
    zh: str
    en: str
    rrule: str | None
    window: str
    grace_minutes: int
    basis: str
    provenance: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """The list for one type of venue: frequency → codes of the items due then, in order.

    `has_key_unit_variant`: for venues that are not key units the two-hourly and daily rounds are optional
    (机关、团体、企业、事业单位消防安全管理规定 第二十五条).
    """

    key: str
    zh: str
    en: str
    has_key_unit_variant: bool
    schedule: Mapping[str, tuple[str, ...]]


@cache
def check_items() -> Mapping[str, CheckItem]:
    """Return every item by its code, such as `P01`."""
    return MappingProxyType(
        {
            code: CheckItem(
                code=code,
                zh=row["zh"],
                en=row["en"],
                basis=tuple(row["basis"]),
                provenance=row["prov"],
                answer=row["answer"],
                evidence=row["evidence"],
                is_critical=row.get("critical", False),
                on_spot_correction=row.get("on_spot", False),
                fail_hazard=row.get("fail_hazard"),
                regions=tuple(row["region"].split(",")) if "region" in row else (),
                note=row.get("note"),
                validity=validity.of_row(row),
            )
            for code, row in read(FILE)["items"].items()
        }
    )


@cache
def frequencies() -> Mapping[str, Frequency]:
    """Return every frequency by its key, such as `daily`."""
    return MappingProxyType(
        {
            key: Frequency(
                key=key,
                zh=row["zh"],
                en=row["en"],
                rrule=row["rrule"],
                window=row["window"],
                grace_minutes=row["grace_min"],
                basis=row["basis"],
                provenance=row["prov"],
                note=row.get("note"),
            )
            for key, row in read(FILE)["frequencies"].items()
        }
    )


@cache
def checklists() -> Mapping[str, Checklist]:
    """Return every checklist by its key, such as `restaurant`."""
    return MappingProxyType(
        {
            key: Checklist(
                key=key,
                zh=row["zh"],
                en=row["en"],
                has_key_unit_variant=row["key_unit_variant"],
                schedule=MappingProxyType({frequency: tuple(items) for frequency, items in row["schedule"].items()}),
            )
            for key, row in read(FILE)["templates"].items()
        }
    )
