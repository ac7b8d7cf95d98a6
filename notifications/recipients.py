"""Whom an effect tells: from the case, the entry that promised it and the register of that day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from domain import people, sealed
from domain.actors import Role
from domain.attempts import Recipient
from domain.language import N_
from domain.models import Case, Person, TimelineEntry, VaultItem
from domain.settings import get_settings

NO_PHONE = N_("The reporter left no telephone number; the answer stands on the page of the receipt code.")
REDACTED = N_("The reporter's number was deleted after its retention.")
CANNOT_TELL = N_("A reason why nobody can be told is recorded in the reply.")
NOBODY_IN_CHARGE = N_("Nobody holds the post that would be told.")
NO_VENUE = N_("The case names no venue with people to tell.")
NO_LONGER_ASSIGNED = N_("The case was given to somebody else in the meantime.")
NOBODY_HAS_PHONE = N_("None of the people to tell has a telephone number.")
TOLD_OFTEN = N_("This number was told of many reports within a day; the receipt stands on the page that was shown.")
LEFT_TO_A_PERSON = frozenset({NOBODY_IN_CHARGE, NOBODY_HAS_PHONE})
"""Somebody had to know and the register names nobody who can be reached: a person decides, it is not done."""
MOST_ACKNOWLEDGED = 5
"""Acknowledgements to one number within a day. Anybody can type in any number: a message to it may be unwanted there,
and dear to us. An answer is always sent: a colleague has looked at the report before."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told, or why nobody (an English source string)."""

    recipients: tuple[Recipient, ...]
    nobody: str = ""


Chooser = Callable[[Session, Case, TimelineEntry], Audience]


def reporter(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return the reporter, or the applicant, by the number in the vault."""
    if entry.data.get("cannot_tell_reason"):
        return Audience((), CANNOT_TELL)
    item = sealed.referenced(case.facts.get("phone"))
    if item is None:
        return Audience((), REDACTED if case.facts.get("identity_removed_at") else NO_PHONE)
    try:
        phone = sealed.get(session, item)
    except sealed.NothingSealed:
        return Audience((), REDACTED)
    language = case.facts.get("language") or get_settings().locale
    return Audience((Recipient(phone, language, sealed_id=item),))


def reporter_at_first(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return the reporter, unless their number was left with many reports within a day."""
    told = reporter(session, case, entry)
    item = session.get(VaultItem, told.recipients[0].sealed_id) if told.recipients else None
    if item is None or item.blind_index is None:
        return told
    same = (col(VaultItem.blind_index) == item.blind_index, col(VaultItem.made_at) > item.made_at - A_DAY)
    up_to_this = or_(
        col(VaultItem.made_at) < item.made_at,
        and_(col(VaultItem.made_at) == item.made_at, col(VaultItem.id) <= item.id),
    )
    count = session.execute(select(func.count()).select_from(VaultItem).where(*same, up_to_this)).scalar_one()
    return told if count <= MOST_ACKNOWLEDGED else Audience((), TOLD_OFTEN)


def assignees(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return who the entry gave the case to, as far as they still have it."""
    named = [UUID(str(entry.data[key])) for key in ("assignee", "second") if entry.data.get(key)]
    still = [person for person in (named or case.assignees) if person in case.assignees]
    return _reachable(session, still, NO_LONGER_ASSIGNED if named else NOBODY_IN_CHARGE)


def assignees_or_handlers(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return who works on the case, or while nobody does, the desk."""
    if case.assignees:
        return _reachable(session, case.assignees, NOBODY_IN_CHARGE)
    return in_charge(Role.HANDLER)(session, case, entry)


def in_charge(role: Role) -> Chooser:
    """Return a chooser of those who hold `role` for the case's area on the entry's day."""

    def choose(session: Session, case: Case, entry: TimelineEntry) -> Audience:
        found = people.in_charge(session, role, case.area_id, day=people.local_day(entry.at))
        return _reachable(session, [person.id for person in found], NOBODY_IN_CHARGE)

    return choose


def venue_side(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return the responsible person and the fire safety manager of the venue."""
    if case.venue_id is None:
        return Audience((), NO_VENUE)
    found = people.of_venue(session, [Role.OWNER, Role.MANAGER], case.venue_id, day=people.local_day(entry.at))
    return _reachable(session, [person.id for person in found], NO_VENUE)


def recheckers(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return who may re-check: the assignees but the one who submitted, else the area's inspectors."""
    submitter = str(entry.actor_id)
    able = [person for person in case.assignees if str(person) != submitter]
    if not able:
        found = people.in_charge(session, Role.INSPECTOR, case.area_id, day=people.local_day(entry.at))
        able = [person.id for person in found if str(person.id) != submitter]
    return _reachable(session, able, NOBODY_IN_CHARGE)


def granters(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return the supervisors but the one who asked, else the leaders: the second person of two."""
    day = people.local_day(entry.at)
    for role in (Role.SUPERVISOR, Role.LEADER):
        found = people.in_charge(session, role, case.area_id, day=day)
        others = [person.id for person in found if person.id != entry.actor_id]
        if others:
            return _reachable(session, others, NOBODY_IN_CHARGE)
    return Audience((), NOBODY_IN_CHARGE)


def asker(session: Session, case: Case, entry: TimelineEntry) -> Audience:  # noqa: ARG001 - a Chooser
    """Return the person whose request the entry decides."""
    return _reachable(session, [UUID(str(entry.data["whom"]))], NOBODY_IN_CHARGE)


def superior(session: Session, case: Case, entry: TimelineEntry) -> Audience:
    """Return the supervisor for a breach, the leader when it was handed up."""
    role = Role.LEADER if is_handed_up(entry) else Role.SUPERVISOR
    return in_charge(role)(session, case, entry)


def is_handed_up(entry: TimelineEntry) -> bool:
    """Return whether the entry is a breach's second level, which goes to the leader by telephone."""
    level: Any = entry.data.get("level", 0)
    return bool(level >= 2)  # noqa: PLR2004 - ClockNotice: 0 warning, 1 over, 2 a quarter longer


def _reachable(session: Session, ids: Iterable[UUID], nobody: str) -> Audience:
    persons = [person for person in (session.get(Person, one) for one in ids) if person is not None]
    if not persons:
        return Audience((), nobody)
    reached = tuple(
        Recipient(person.phone, person.language, person_id=person.id, name=person.name)
        for person in persons
        if person.phone
    )
    return Audience(reached, "" if reached else NOBODY_HAS_PHONE)


@dataclass(frozen=True, slots=True)
class Telling:
    """How an effect tells: whom, whether each of them has to be reached, and whether doubt needs a person."""

    whom: Chooser
    each: bool = False
    """False: one reached recipient keeps the promise."""
    hold_in_doubt: bool = False
    """True: a message that may have gone out is never sent again by the system."""


TELLINGS: dict[str, Telling] = {
    "acknowledge_reporter": Telling(reporter_at_first, each=True, hold_in_doubt=True),
    "reply_reporter": Telling(reporter, each=True, hold_in_doubt=True),
    "tell_reporter_corrected": Telling(reporter, each=True, hold_in_doubt=True),
    "notify_assignee": Telling(assignees, each=True),
    "remind_assignee": Telling(assignees_or_handlers),
    "tell_handler": Telling(in_charge(Role.HANDLER)),
    "triage_report": Telling(in_charge(Role.HANDLER)),
    "tell_supervisor": Telling(in_charge(Role.SUPERVISOR)),
    "tell_superior": Telling(superior),
    "ask_to_agree": Telling(granters),
    "tell_asker": Telling(asker),
    "notify_venue": Telling(venue_side),
    "tell_rechecker": Telling(recheckers),
    "acknowledge_applicant": Telling(reporter_at_first, each=True, hold_in_doubt=True),
    "tell_applicant": Telling(reporter, each=True, hold_in_doubt=True),
    "ask_reviewer": Telling(in_charge(Role.HANDLER)),
}
"""Effect → how it tells."""
