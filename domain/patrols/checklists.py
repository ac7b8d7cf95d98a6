"""Checklists as people write them: entered, copied for an own venue, asked anew from a day on, ended.

Nothing that was asked is rewritten: a change is a new version (`templates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from domain import access, catalogue, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.forms import Form, line_field, text_field
from domain.identifiers import new_id
from domain.language import N_, Sentence
from domain.models import Area, ChecklistTemplate, ChecklistVersion, PatrolPlan, Venue
from domain.patrols import item_rules, templates
from domain.patrols.item_rules import ItemFault
from domain.patrols.items import Item, digest
from domain.patrols.templates import KIND
from domain.register_forms import Day, date_field, select_field
from domain.register_lock import NotNow
from domain.rights import Right
from domain.workflow import FieldRefusal

FARTHEST = timedelta(days=730)
"""How far ahead a version may begin."""


class ItemsRefused(Exception):
    """Something is wrong with what is asked; `faults` say what and where."""

    def __init__(self, faults: Sequence[ItemFault]) -> None:
        super().__init__(str([str(fault.reason) for fault in faults]))
        self.faults = tuple(faults)


class Scope(Form):
    """For whom a checklist is and how often it is meant to be asked."""

    zh: str = line_field(N_("Name of the checklist"), limit=80)
    en: str | None = line_field(N_("Name in English"), limit=120, required=False)
    frequency: str = select_field(N_("How often"), listed="frequencies")
    venue_type: str | None = select_field(N_("Type of venue"), listed="types", required=False)
    venue: str | None = line_field(
        N_("Only for the venue"), limit=20, required=False, hint=N_("Its code; empty: for every venue it fits")
    )
    area: str | None = select_field(N_("Only in the area"), listed="areas", required=False)


class VersionFacts(Form):
    """From when a version counts, and why it was made."""

    from_on: Day | None = date_field(N_("Holds from"), hint=N_("Tomorrow when left empty"))
    reason: str | None = text_field(N_("Reason"), limit=300, required=False)


class Ending(Form):
    """From which day on a checklist asks nothing, and why."""

    from_on: Day | None = date_field(N_("First day without it"), hint=N_("Tomorrow when left empty"))
    reason: str = text_field(N_("Reason"), limit=300)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a version asks."""

    items: tuple[Item, ...]
    is_signed: bool = True


def seen(session: Session, template_id: UUID, *, actor: Actor) -> ChecklistTemplate:
    """Return a checklist the actor may know of: the city's, or that of a venue they see. Raises `OutOfReach`."""
    found = session.get(ChecklistTemplate, template_id)
    if found is None:
        raise OutOfReach(str(template_id))
    if found.venue_id is not None:
        access.require(session, actor, Right.SEE_PATROLS, venue_id=found.venue_id)
    return found


def keeps(session: Session, template: ChecklistTemplate, *, actor: Actor) -> bool:
    """Return whether the actor may change the checklist."""
    try:
        _require(session, actor, template.venue_id, template.area_id)
    except (OutOfReach, access.NotPermitted):
        return False
    return True


def require_kept(session: Session, template_id: UUID, *, actor: Actor) -> ChecklistTemplate:
    """Return a checklist the actor may change; raises `OutOfReach`, `NotPermitted`."""
    template = seen(session, template_id, actor=actor)
    _require(session, actor, template.venue_id, template.area_id)
    return template


def create(
    session: Session, scope: Scope, asked: Asked, facts: VersionFacts, *, actor: Actor, at: datetime,
    template_id: UUID | None = None, copied_from: UUID | None = None,
) -> ChecklistTemplate:  # fmt: skip
    """Enter a checklist with its first version and return it; `template_id`: of a form; sent twice, it is entered once.

    Raises `FieldRefused`, `ItemsRefused`, `OutOfReach`, `NotPermitted`.
    """
    venue_id, area_id = _reach_of(session, scope, actor=actor, at=at)
    if template_id is not None and (there := session.get(ChecklistTemplate, template_id)) is not None:
        if not register_lock.made_by(session, template_id, actor.person_id):
            raise OutOfReach(str(template_id))
        _refuse_other(templates.versions_of(session, template_id)[-1], asked)
        return there
    _refuse_unknown(scope)
    _refuse_faults(asked)
    new = template_id or new_id()
    template = ChecklistTemplate(
        id=new, code=f"own:{new.hex}", zh=scope.zh, en=scope.en or "", venue_id=venue_id, area_id=area_id,
        venue_type=scope.venue_type or "", frequency=scope.frequency, made_at=at, made_by=actor.person_id,
    )  # fmt: skip
    today = people.local_day(at)
    from_on = _first_day(facts.from_on or today, today=today)  # nobody was asked anything by it yet
    session.add(template)
    session.flush()
    version = _version(template.id, 1, asked, from_on=from_on, note=facts.reason, actor=actor, at=at, row_id=None)
    session.add(version)
    session.flush()
    data = {
        "code": template.code, "zh": scope.zh, "venue_id": venue_id, "frequency": scope.frequency, "from_on": from_on,
        "items": [item.code for item in asked.items], "sha256": version.sha256,
        **({"copied_from": copied_from} if copied_from else {}),
    }  # fmt: skip
    register_log.record(session, KIND, template.id, "create", actor=actor, at=at, data=data)
    return template


def revise(
    session: Session, template_id: UUID, asked: Asked, facts: VersionFacts, *, actor: Actor, at: datetime,
    version: int | None = None, row_id: UUID | None = None,
) -> ChecklistVersion | None:  # fmt: skip
    """Have a checklist ask something else from a day on; return the new version, or None: it asks the same already.

    A version that was to begin on that day or later gives way. From today on is an urgent change and needs a reason.
    `row_id`: of a form; sent twice, it counts once. Raises `ItemsRefused`, `FieldRefused`, `NotNow`, `RegisterChanged`.
    """
    template = _held(session, template_id, actor=actor)
    there = session.get(ChecklistVersion, row_id) if row_id is not None else None
    if there is not None and there.template_id == template_id:
        _refuse_other(there, asked)
        return there
    register_lock.expect(session, template_id, version)
    today = people.local_day(at)
    if template.ended_on is not None:
        raise NotNow(Sentence("The checklist has ended."))
    from_on = _first_day(facts.from_on or today + timedelta(days=1), today=today)
    if from_on == today and not (facts.reason or "").strip():
        raise _refused("reason", Sentence("A change from today on is urgent: say why."))
    _refuse_faults(asked)
    newest = templates.versions_of(session, template_id)[0]
    made = _version(
        template_id, newest.number + 1, asked, from_on=from_on, note=facts.reason, actor=actor, at=at, row_id=row_id
    )
    is_same = (newest.sha256, newest.is_signed) == (made.sha256, made.is_signed)
    if is_same and newest.from_on <= from_on:
        return None
    session.add(made)
    session.flush()
    changed = differences(templates.items_of(newest), asked.items)
    data = {
        "number": made.number, "from_on": from_on, "sha256": [newest.sha256, made.sha256],
        "added": [item.code for item in changed.added], "removed": [item.code for item in changed.removed],
        "changed": [after.code for _, after, _ in changed.changed], "reason": facts.reason,
    }  # fmt: skip
    register_log.record(session, KIND, template_id, "ask_anew", actor=actor, at=at, data=data)
    return made


def end(
    session: Session, template_id: UUID, facts: Ending, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a checklist on a day: plans that use it plan nothing from then on. Raises `NotNow`, `RegisterChanged`."""
    template = _held(session, template_id, actor=actor)
    register_lock.expect(session, template_id, version)
    if template.ended_on is not None:
        raise NotNow(Sentence("The checklist has ended."))
    today = people.local_day(at)
    ended_on = _first_day(facts.from_on or today + timedelta(days=1), today=today)
    template.ended_on = ended_on
    session.flush()
    data = {"ended_on": ended_on, "reason": facts.reason}
    register_log.record(session, KIND, template_id, "end", actor=actor, at=at, data=data)


def plans_on(session: Session, template_id: UUID, *, day: date) -> int:
    """Return how many plans ask a checklist on a day or will."""
    query = select(func.count()).select_from(PatrolPlan).where(col(PatrolPlan.template_id) == template_id)
    still = or_(col(PatrolPlan.until_on).is_(None), col(PatrolPlan.until_on) > day)
    return int(session.execute(query.where(still)).scalar_one())


@dataclass(frozen=True, slots=True)
class Difference:
    """How two versions differ; of an item that changed the fields that did."""

    added: tuple[Item, ...]
    removed: tuple[Item, ...]
    changed: tuple[tuple[Item, Item, tuple[str, ...]], ...]
    is_reordered: bool


def differences(before: Sequence[Item], after: Sequence[Item]) -> Difference:
    """Return what was added, taken out, changed and moved between two versions."""
    old, new = {item.code: item for item in before}, {item.code: item for item in after}
    kept = [code for code in new if code in old]
    changed = [
        (old[code], new[code], tuple(name for name, value in new[code].to_json().items()
                                     if value != old[code].to_json()[name]))
        for code in kept
        if old[code] != new[code]
    ]  # fmt: skip
    return Difference(
        tuple(item for item in after if item.code not in old),
        tuple(item for item in before if item.code not in new),
        tuple(changed),
        [code for code in old if code in new] != kept,
    )


def _version(
    template_id: UUID, number: int, asked: Asked, *, from_on: date, note: str | None, actor: Actor, at: datetime,
    row_id: UUID | None,
) -> ChecklistVersion:  # fmt: skip
    return ChecklistVersion(
        id=row_id or new_id(), template_id=template_id, number=number, from_on=from_on,
        items=[item.to_json() for item in asked.items], is_signed=asked.is_signed, sha256=digest(asked.items),
        note=note or "", made_at=at, made_by=actor.person_id,
    )  # fmt: skip


def _held(session: Session, template_id: UUID, *, actor: Actor) -> ChecklistTemplate:
    """Return a checklist the actor may change, held until the end of the transaction."""
    seen(session, template_id, actor=actor)
    template = register_lock.held(session, ChecklistTemplate, template_id)
    if template is None:
        raise OutOfReach(str(template_id))
    _require(session, actor, template.venue_id, template.area_id)
    return template


def _require(session: Session, actor: Actor, venue_id: UUID | None, area_id: UUID | None) -> None:
    access.require(session, actor, Right.KEEP_CHECKLISTS, venue_id=venue_id, area_id=None if venue_id else area_id)


def _reach_of(session: Session, scope: Scope, *, actor: Actor, at: datetime) -> tuple[UUID | None, UUID | None]:
    """Return the venue or the area a checklist is for, where the actor may write one."""
    venue_id = area_id = None
    if scope.venue:
        venue = session.execute(select(Venue).where(col(Venue.code) == scope.venue.strip().upper())).scalar()
        if venue is None or not venue.is_open(people.local_day(at)):
            raise _refused("venue", Sentence("No venue has this code."))
        venue_id = venue.id
    elif scope.area:
        area_id = session.execute(select(col(Area.id)).where(col(Area.code) == scope.area)).scalar()
        if area_id is None:
            raise _refused("area", Sentence("Please choose one of the given answers."))
    try:
        _require(session, actor, venue_id, area_id)
    except OutOfReach as hidden:
        raise _refused("venue" if venue_id else "area", Sentence("No venue has this code.")) from hidden
    except access.NotPermitted as refused:
        # Where somebody may write one they choose here: that is a wrong choice, and what was typed stays.
        field = "venue" if venue_id or actor.venue_ids else "area"
        reason = Sentence("You may not write checklists there. Choose a venue or an area of yours.")
        raise _refused(field, reason) from refused
    return venue_id, area_id


def _refuse_unknown(scope: Scope) -> None:
    chosen = Sentence("Please choose one of the given answers.")
    if scope.frequency not in catalogue.frequencies():
        raise _refused("frequency", chosen)
    if scope.venue_type and scope.venue_type not in catalogue.checklists():
        raise _refused("venue_type", chosen)


def _refuse_other(made: ChecklistVersion, asked: Asked) -> None:
    """Refuse a form that was sent already and says something else now: whoever went back would lose their change."""
    if (made.sha256, made.is_signed) != (digest(asked.items), asked.is_signed):
        raise NotNow(Sentence("This form was sent already. Open the checklist again and change it there."))


def _refuse_faults(asked: Asked) -> None:
    if found := item_rules.faults(asked.items):
        raise ItemsRefused(found)


def _first_day(wanted: date, *, today: date) -> date:
    if wanted < today:
        raise _refused("from_on", Sentence("What was asked in the past stays: choose today or a later day."))
    if wanted > today + FARTHEST:
        raise _refused("from_on", Sentence("This day is too far ahead: %(day)s at the latest.", day=today + FARTHEST))
    return wanted


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))


__all__ = ["Asked", "Difference", "Ending", "ItemsRefused", "Scope", "VersionFacts", "create", "differences", "end",
           "keeps", "plans_on", "require_kept", "revise", "seen"]  # fmt: skip
