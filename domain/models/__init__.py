"""The tables, a file per group of nouns."""

from domain.models.access import ApiToken, Photo, Receipt, RepeatedRequest, SignIn, Throttle, VaultItem
from domain.models.case import Anchor, AnchorLeaf, Case, CaseLink, ClockRow, NumberSeries, TimelineEntry
from domain.models.errand import Errand
from domain.models.register import Account, Area, Person, Post, Venue
from domain.models.work import Attempt, Heartbeat, Outbox, TimetableRun

__all__ = [
    "Account",
    "Anchor",
    "AnchorLeaf",
    "ApiToken",
    "Area",
    "Attempt",
    "Case",
    "CaseLink",
    "ClockRow",
    "Errand",
    "Heartbeat",
    "NumberSeries",
    "Outbox",
    "Person",
    "Photo",
    "Post",
    "Receipt",
    "RepeatedRequest",
    "SignIn",
    "Throttle",
    "TimelineEntry",
    "TimetableRun",
    "VaultItem",
    "Venue",
]
