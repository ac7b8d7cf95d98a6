"""Where a reporter says it is: their words and their position are sealed, opened for who may read what they said.

The column `place` of a case holds a venue's name or what a colleague wrote, never these words.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import Session

from domain import access, sealed
from domain.actors import Actor

WORDS, MARK, POSITION = "place_words", "place_mark", "position"
"""The facts of a case: references to the vault, and the keyed mark by which equal words find each other."""


class Reported(Protocol):
    """What of a case is asked for here."""

    @property
    def id(self) -> UUID:
        """Return whose place it is."""

    @property
    def assignees(self) -> tuple[UUID, ...]:
        """Return who works on it."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what its steps wrote down."""


class Placed(Reported, Protocol):
    """A case of which one asks whether it is about the same premises as another."""

    @property
    def venue_id(self) -> UUID | None:
        """Return at which venue it is; None where there is no code."""

    @property
    def place(self) -> str | None:
        """Return the place as a colleague wrote it."""


def normalised(text: str) -> str:
    """Return the text as it is compared: width, case and blanks make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def seal_words(session: Session, text: str, *, case_id: UUID, at: datetime) -> dict[str, Any]:
    """Seal a reporter's words and return the facts that stand for them."""
    item = sealed.put(session, text, kind="place", case_id=case_id, at=at)
    return {WORDS: sealed.reference(item), MARK: sealed.mark(normalised(text))}


def seal_position(session: Session, lat: float, lon: float, *, case_id: UUID, at: datetime) -> dict[str, Any]:
    """Seal a reporter's position (WGS 84 degrees) and return the fact that stands for it."""
    item = sealed.put(session, json.dumps({"lat": lat, "lon": lon}), kind="position", case_id=case_id, at=at)
    return {POSITION: sealed.reference(item)}


def words(session: Session, case: Reported) -> str | None:
    """Return the reporter's own words for the place; None when there are none, or they were redacted."""
    item = sealed.referenced(case.facts.get(WORDS))
    return sealed.get_many(session, [item]).get(item) if item else None


def words_for(session: Session, actor: Actor, cases: Iterable[Reported]) -> dict[UUID, str]:
    """Return case → the reporter's words for the place, for those cases of which `actor` reads what was said."""
    said = {case.id: (case, item) for case in cases if (item := sealed.referenced(case.facts.get(WORDS)))}
    acting = access.acting_on_each(session, actor, [case for case, _ in said.values()])
    items = {case_id: item for case_id, (case, item) in said.items() if access.reads_reporter(acting[case_id], case)}
    opened = sealed.get_many(session, list(items.values()))
    return {case_id: opened[item] for case_id, item in items.items() if item in opened}


def position(session: Session, case: Reported) -> tuple[float, float] | None:
    """Return (latitude, longitude) as the reporter's phone gave it; None when it gave none."""
    item = sealed.referenced(case.facts.get(POSITION))
    text = sealed.get_many(session, [item]).get(item) if item else None
    if text is None:
        return None
    found = json.loads(text)
    return found["lat"], found["lon"]


def marks(session: Session, case: Reported) -> frozenset[str]:
    """Return the marks of the reporter's words under every key of the vault, so that a change of keys hides none."""
    own = {case.facts[MARK]} if case.facts.get(MARK) else set()
    said = words(session, case)
    return frozenset(own | (sealed.marks(normalised(said)) if said else set()))


def are_same(session: Session, here: Placed, there: Placed) -> bool:
    """Return whether two cases are about the same premises.

    The same venue; without a code, the same place as colleagues wrote it, or the same words of their reporters.
    """
    if here.venue_id or there.venue_id:
        return here.venue_id == there.venue_id
    if here.place and there.place and normalised(here.place) == normalised(there.place):
        return True
    return not marks(session, here).isdisjoint(marks(session, there))
