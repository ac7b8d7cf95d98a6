"""The city's checklists follow the catalogue: a new release, or a rule that begins or ends, is a version from tomorrow.

One that people have changed is theirs and stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid5

from sqlalchemy import select
from sqlmodel import Session, col

from domain import people, register_log
from domain.actors import SYSTEM
from domain.models import ChecklistTemplate, ChecklistVersion
from domain.patrols import catalogue_items, checklists, templates
from domain.patrols.catalogue_items import Drawn, NothingAsked
from domain.patrols.items import digest

OF_CATALOGUE = "catalogue:"
FOR_OTHERS = "other"


def follow_catalogue(session: Session, *, at: datetime) -> int:
    """Have every checklist of the catalogue ask from tomorrow what the catalogue asks then; return how many changed."""
    query = select(ChecklistTemplate).where(col(ChecklistTemplate.code).startswith(OF_CATALOGUE))
    rows = session.execute(query.where(col(ChecklistTemplate.ended_on).is_(None))).scalars().all()
    return sum(_follow(session, template, at=at) for template in rows)


def _follow(session: Session, template: ChecklistTemplate, *, at: datetime) -> bool:
    newest = templates.versions_of(session, template.id)[0]
    drawn = _drawn(template, at=at)
    if drawn is None or newest.made_by is not None or newest.sha256 == digest(drawn.items):
        return False
    number, from_on = newest.number + 1, people.local_day(at) + timedelta(days=1)
    version = ChecklistVersion(
        id=uuid5(template.id, str(number)), template_id=template.id, number=number, from_on=from_on,
        items=[item.to_json() for item in drawn.items], is_signed=templates.is_signed(drawn.items),
        sha256=digest(drawn.items), made_at=at,
    )  # fmt: skip
    if not templates.insert_once(session, version):
        return False  # somebody else made one just now: it is looked at tomorrow again
    changed = checklists.differences(templates.items_of(newest), drawn.items)
    data = {
        "number": number, "from_on": from_on, "sha256": [newest.sha256, version.sha256],
        "added": [item.code for item in changed.added], "removed": [item.code for item in changed.removed],
        "changed": [after.code for _, after, _ in changed.changed],
    }  # fmt: skip
    register_log.record(session, templates.KIND, template.id, "ask_anew", actor=SYSTEM, at=at, data=data)
    return True


def _drawn(template: ChecklistTemplate, *, at: datetime) -> Drawn | None:
    """Return what the catalogue asks tomorrow of whom the checklist is for; None: nothing any more."""
    venue_type, frequency, *rest = template.code.removeprefix(OF_CATALOGUE).split(":")
    is_key_unit = FOR_OTHERS not in rest
    division = next((part.split("+")[0] for part in rest if part != FOR_OTHERS), "")
    tomorrow = people.local_day(at) + timedelta(days=1)
    try:
        return catalogue_items.draw(venue_type, frequency, division=division, day=tomorrow, is_key_unit=is_key_unit)
    except (NothingAsked, KeyError):
        return None
