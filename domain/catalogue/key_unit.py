"""From what size a venue counts as 消防安全重点单位 in a region: a suggestion with its basis. A person decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.catalogue.register_words import SIZES
from domain.catalogue.source import applies_in, read
from domain.language import Label, Sentence

FILE = "key_units.yaml"
PROVENANCE = "secondary"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A size from which venues of some classes count, in some regions."""

    regions: tuple[str, ...]
    """Divisions of GB/T 2260; all below them belong to them."""
    basis: Label
    classes: tuple[str, ...]
    industries: tuple[str, ...]
    """Only venues of these; none named: of any."""
    measure: str
    least: float
    only: Label | None
    """It holds only for these among the venues of its classes, which the register does not tell apart."""


@dataclass(frozen=True, slots=True)
class KeyUnitSuggestion:
    """A venue may be a key unit: by which threshold, and how large it is."""

    threshold: Threshold
    value: float
    provenance: str = PROVENANCE

    @property
    def words(self) -> Sentence:
        """Return why, for the person who decides."""
        rule = self.threshold
        said = {"measure": SIZES[rule.measure], "value": _plain(self.value), "least": _plain(rule.least),
                "basis": rule.basis}  # fmt: skip
        if rule.only is not None:
            return Sentence(
                "%(measure)s: %(value)s, at least %(least)s counts for %(only)s (%(basis)s, seen as a copy only).",
                only=rule.only, **said,
            )  # fmt: skip
        return Sentence("%(measure)s: %(value)s, at least %(least)s counts (%(basis)s, seen as a copy only).", **said)


@cache
def thresholds() -> Sequence[Threshold]:
    """Return every threshold."""
    content = read(FILE)
    bases = {key: Label(row["zh"], row["en"]) for key, row in content["bases"].items()}
    return tuple(
        Threshold(
            regions=tuple(row["regions"]),
            basis=bases[row["basis"]],
            classes=tuple(row["classes"]),
            industries=tuple(row.get("industries", ())),
            measure=row["measure"],
            least=row["least"],
            only=Label(row["only"]["zh"], row["only"]["en"]) if "only" in row else None,
        )
        for row in content["thresholds"]
    )


def key_unit_suggestion(
    class_code: str, industry: str | None, sizes: Mapping[str, Any], region: str
) -> KeyUnitSuggestion | None:
    """Return by which threshold of the region (GB/T 2260) a venue would be a key unit; None: by none we know.

    A threshold that holds for the whole class comes before one that holds only for some of it.
    """
    if not region:
        return None
    met = [
        KeyUnitSuggestion(rule, float(sizes[rule.measure]))
        for rule in thresholds()
        if applies_in(rule.regions, region)
        and class_code in rule.classes
        and (not rule.industries or industry in rule.industries)
        and isinstance(sizes.get(rule.measure), int | float)
        and sizes[rule.measure] >= rule.least
    ]
    return min(met, key=lambda found: found.threshold.only is not None, default=None)


def _plain(number: float) -> str:
    return f"{number:g}" if number < 1e6 else f"{number:.0f}"  # noqa: PLR2004 - beyond it `g` writes an exponent
