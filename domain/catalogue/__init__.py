"""Hazards, time limits and our own targets, checklists, the public's seven questions: data files, typed loader.

Data only: what follows from a hazard or a limit is decided in `processes` and `clocks`. A file is read at its
first use and kept; everything handed out is frozen.
"""

from domain.catalogue.checklist import (
    CheckItem,
    Checklist,
    Frequency,
    check_items,
    checklists,
    frequencies,
)
from domain.catalogue.citation import short_citation
from domain.catalogue.day_rule import DayRule, day_rules
from domain.catalogue.hazard import (
    Hazard,
    Severity,
    VenueClass,
    VerifyClass,
    categories,
    hazards,
    seal_triggers,
    venue_classes,
    verify_class,
    verify_classes,
)
from domain.catalogue.item_answer import ItemAnswer, OtherUnits, item_answers, other_units, same_matter
from domain.catalogue.key_unit import KeyUnitSuggestion, key_unit_suggestion
from domain.catalogue.question import PUBLIC_QUESTIONS, PublicQuestion, public_question, suggest_hazards
from domain.catalogue.register_words import (
    LARGEST_SIZE,
    SIZES,
    FacilityKind,
    Industry,
    KeyPartKind,
    document_kinds,
    facility_groups,
    facility_kinds,
    industries,
    key_part_kinds,
)
from domain.catalogue.source import Source, UnknownSource, applies_in, source_of, sources
from domain.catalogue.target import Target, targets
from domain.catalogue.time_limit import TimeLimit, UnknownTimeLimit, limit, limits
from domain.catalogue.validity import BrokenValidity, Validity

__all__ = [
    "LARGEST_SIZE",
    "PUBLIC_QUESTIONS",
    "SIZES",
    "BrokenValidity",
    "CheckItem",
    "Checklist",
    "DayRule",
    "FacilityKind",
    "Frequency",
    "Hazard",
    "Industry",
    "ItemAnswer",
    "KeyPartKind",
    "KeyUnitSuggestion",
    "OtherUnits",
    "PublicQuestion",
    "Severity",
    "Source",
    "Target",
    "TimeLimit",
    "UnknownSource",
    "UnknownTimeLimit",
    "Validity",
    "VenueClass",
    "VerifyClass",
    "applies_in",
    "categories",
    "check_items",
    "checklists",
    "day_rules",
    "document_kinds",
    "facility_groups",
    "facility_kinds",
    "frequencies",
    "hazards",
    "industries",
    "item_answers",
    "key_part_kinds",
    "key_unit_suggestion",
    "limit",
    "limits",
    "other_units",
    "public_question",
    "same_matter",
    "seal_triggers",
    "short_citation",
    "source_of",
    "sources",
    "suggest_hazards",
    "targets",
    "venue_classes",
    "verify_class",
    "verify_classes",
]
