"""The seven things the public is asked to choose from, and the hazard a report's words point to.

Suggests; decides nothing: a handler or the checker on site names the hazard in the end.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from domain.catalogue.hazard import Hazard, Severity, hazards

# A report word of three or more characters may be spread over so many more:
# 烟感不亮 is found in 烟感报警不会亮.
SPREAD = 4
SHORTEST_SPREAD_WORD = 3
MOST_READ = 2_000
STRICTEST_FIRST = ("IMMEDIATE", "A24H", "B3WD", "TRANSFER")

_CLAUSE_END = re.compile(r"[\s,.;:!?,。;:!?、…]+")


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """One tile of the public report page.

    `hazard_code` is what it means when the text says nothing more; `family` the codes (or starts of codes)
    among which the text may choose. `is_known`: a report by a venue's code may be accepted without a handler.
    """

    key: str
    zh: str
    en: str
    hazard_code: str
    family: tuple[str, ...]
    is_known: bool = True

    def hazard_for(self, text: str) -> Hazard:
        """Return the hazard of this tile that the reporter's words fit best, else the tile's own.

        Never one that may be checked later than the tile's own: only a supervisor loosens the class.
        """
        own = hazards()[self.hazard_code]
        strict_enough = STRICTEST_FIRST[: STRICTEST_FIRST.index(own.verify_class) + 1]
        family = [
            hazard
            for hazard in hazards().values()
            if hazard.code.startswith(self.family) and hazard.verify_class in strict_enough
        ]
        return next(iter(suggest_hazards(text, among=family)), own)


PUBLIC_QUESTIONS = (
    PublicQuestion(
        "escape",
        "疏散通道、安全出口堵塞",
        "Escape route or exit blocked",
        "EVA-02",
        ("EVA-", "SEP-", "LIV-02"),
    ),
    PublicQuestion(
        "equipment",
        "消防设施损坏或停用",
        "Fire equipment broken or switched off",
        "FAC-02",
        ("FAC-", "CTL-", "EVA-05", "EVA-06", "SEP-01"),
    ),
    PublicQuestion(
        "ebike",
        "电动自行车违规停放充电",
        "E-bike parked or charged where it must not be",
        "EVB-01",
        ("EVB-",),
    ),
    PublicQuestion("fire_lane", "占用消防车通道", "Fire lane occupied", "FLN-01", ("FLN-",)),
    PublicQuestion(
        "fire_power_gas",
        "违规用火用电用气",
        "Unsafe use of fire, electricity or gas",
        "ELE-01",
        ("ELE-", "FIR-", "GAS-", "KIT-", "STO-02"),
    ),
    PublicQuestion(
        "flammables",
        "违规存放易燃易爆品",
        "Flammables or explosives stored",
        "HAZ-01",
        ("HAZ-", "GAS-03", "DEC-"),
    ),
    PublicQuestion("other", "其他 / 说不清", "Something else / not sure", "OTH-01", (), is_known=False),
)


def public_question(key: str) -> PublicQuestion | None:
    """Return the tile with this key, None when there is none."""
    return next((question for question in PUBLIC_QUESTIONS if question.key == key), None)


def suggest_hazards(text: str, *, among: Iterable[Hazard] | None = None) -> list[Hazard]:
    """Return the hazards whose report words stand in `text`, best first; empty when none does.

    A fire in progress comes first. The words are Chinese; of the text 2,000 characters are read.
    """
    clauses = [clause for clause in _CLAUSE_END.split(text[:MOST_READ]) if clause]
    found = [
        (hazard.severity == Severity.EMERGENCY, score, hazard)
        for hazard in (hazards().values() if among is None else among)
        if (score := _score(hazard, clauses)) > 0
    ]
    found.sort(key=lambda entry: entry[:2], reverse=True)  # stable: the catalogue's order among equals
    return [hazard for _emergency, _points, hazard in found]


def _score(hazard: Hazard, clauses: list[str]) -> float:
    return sum(max((_fit(word, clause) for clause in clauses), default=0.0) for word in hazard.report_words)


def _fit(word: str, clause: str) -> float:
    if word in clause:
        return float(len(word))
    if len(word) < SHORTEST_SPREAD_WORD:
        return 0.0
    span = _shortest_span(word, clause)
    if span is None or span > len(word) + SPREAD:
        return 0.0
    return len(word) * len(word) / span


def _shortest_span(word: str, clause: str) -> int | None:
    """Return over how many characters of `clause` those of `word` stand in order, None when they do not."""
    best = None
    for start, character in enumerate(clause):
        if character != word[0]:
            continue
        end = start
        for wanted in word[1:]:
            end = clause.find(wanted, end + 1)
            if end < 0:
                return best
        best = min(best or len(clause), end - start + 1)
    return best
