"""On which occasions people are told of patrols, what a notice says of each, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from domain.language import Sentence

NOTICE = "patrols"
"""The kind of their notices."""


class Occasion(StrEnum):
    """Why somebody is told."""

    DUE = "due_soon"
    MISSED = "missed"
    ROW = "in_a_row"
    WEEK = "week"
    CAMPAIGN = "campaign"


PAGES: Mapping[Occasion, str] = {
    Occasion.DUE: "/patrol/",
    Occasion.MISSED: "/patrol/",
    Occasion.ROW: "/patrols",
    Occasion.WEEK: "/patrols",
    Occasion.CAMPAIGN: "/patrol/",
}


def said(data: Mapping[str, Any]) -> tuple[Sentence, str]:
    """Return what a notice says, and the page it leads to."""
    occasion = Occasion(str(data["occasion"]))
    count = int(data["tasks"])
    words = {
        Occasion.DUE: Sentence("Patrols to be done soon: %(count)s", count=count),
        Occasion.MISSED: Sentence("Patrols missed at your venue: %(count)s", count=count),
        Occasion.ROW: Sentence("Patrols missed one after the other in your area: %(count)s", count=count),
        Occasion.WEEK: Sentence("Patrols missed in your area last week: %(count)s", count=count),
        Occasion.CAMPAIGN: Sentence("Venues to visit for a special campaign: %(count)s", count=count),
    }
    return words[occasion], PAGES[occasion]
