"""Whom an effect tells: from the case, the entry that promised it and the register as it is when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from domain import escalation, people, sealed
from domain.actors import Role
from domain.attempts import Recipient
from domain.escalation import Tier, Way
from domain.language import N_
from domain.models import Case, Person, TimelineEntry, VaultItem
from domain.people import Charge
from domain.processes import workflow_of
from domain.processes.everywhere import is_assignee
from domain.processes.patrol_task import PATROL_TASK
from domain.settings import get_settings
from domain.table import Transition

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
WRITTEN = frozenset({Way.NOTICE, Way.SMS})
CALLED = frozenset({Way.NOTICE, Way.VOICE})
DESKS = (Role.HANDLER, Role.SUPERVISOR, Role.INSPECTOR)
"""Posts that take a step without being sent with the case, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told, or why nobody (an English source string)."""

    recipients: tuple[Recipient, ...]
    """Those who have a telephone."""
    nobody: str = ""
    people: tuple[UUID, ...] = ()
    """Everybody of the register who is to know, also without a telephone; a reporter is none of them."""
    ways: frozenset[Way] = WRITTEN
    handed_on: Mapping[str, str] = field(default_factory=dict)
    """When it fell to somebody above: {asked, post, own, area}, posts by their code, areas by their name."""


Chooser = Callable[[Session, Case, TimelineEntry, datetime], Audience]
"""(session, case, entry, at) → who is told; `at` is when it is sent, maybe long after the entry: posts and cover count
as of then."""


def reporter(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:  # noqa: ARG001 - a Chooser
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


def reporter_at_first(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return the reporter, unless their number was left with many reports within a day."""
    told = reporter(session, case, entry, at)
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


def assignees(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:  # noqa: ARG001 - a Chooser
    """Return who the entry gave the case to, as far as they still have it."""
    named = [UUID(str(entry.data[key])) for key in ("assignee", "second") if entry.data.get(key)]
    still = [person for person in (named or case.assignees) if person in case.assignees]
    return _reachable(session, still, NO_LONGER_ASSIGNED if named else NOBODY_IN_CHARGE)


def who_can_act(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return who can take the usual next step: who works on the case, else a desk; by the plan when a clock asks.

    A warden whose check is done cannot answer the reporter: to urge them would move nothing.
    """
    if is_of_a_clock(entry):
        return by_plan(session, case, entry, at)
    if told := _assigned(session, case, at) or _carriers(session, case, at):
        return told
    for post in (*_posts_that_can_act(case), Role.HANDLER):
        told = in_charge(post)(session, case, entry, at)
        if told.people:
            return told
    return Audience((), NOBODY_IN_CHARGE)


def _assigned(session: Session, case: Case, at: datetime) -> Audience | None:
    """Return who works on the case and can go on with it and, while all of them are away, the desk that gives it out.

    None when nobody works on it, or the usual next step is for none of them but for a post.
    """
    day = people.local_day(at)
    told = list(case.assignees)
    if _posts_that_can_act(case):
        told = [one for one in told if _can_act(session, case, one, at)]
    if not told:
        return None
    if set(told) <= people.away(session, told, day=day):
        told += [person.id for person in people.in_charge(session, Role.HANDLER, case.area_id, day=day)]
    return _reachable(session, dict.fromkeys(told), NOBODY_IN_CHARGE)


def _carriers(session: Session, case: Case, at: datetime) -> Audience | None:
    """Return who carries out a patrol that is nobody's in person; None: it is no such patrol, or the post is vacant."""
    role = case.facts.get("role") if case.process == PATROL_TASK.name else None
    if not role:
        return None
    day = people.local_day(at)
    if role == Role.WARDEN or case.venue_id is None:
        found = people.in_charge(session, Role(role), case.area_id, day=day)
    else:
        found = people.of_venue(session, [Role(role)], case.venue_id, day=day)
    return _reachable(session, [person.id for person in found], NOBODY_IN_CHARGE) if found else None


def _usual_steps(case: Case) -> list[Transition]:
    flow = workflow_of(case.process)
    return [step for step in flow.transitions if step.usual and flow.state(case.state) in step.sources]


def _posts_that_can_act(case: Case) -> list[Role]:
    """Return the desks that may take the usual next step; none while it is the assignees' own, or the venue's."""
    steps = [step for step in _usual_steps(case) if is_assignee not in step.guards]
    return [post for post in DESKS if any(post in step.roles for step in steps)]


def _can_act(session: Session, case: Case, person_id: UUID, at: datetime) -> bool:
    person = session.get(Person, person_id)
    if person is None:
        return False
    actor = people.actor_of(session, person, at=at)
    return any(
        actor.plays(*step.roles) and all(guard(case, actor, at) is None for guard in step.guards)
        for step in _usual_steps(case)
    )


def by_plan(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return whom the plan of escalation names for what a clock says, and by which ways they are told."""
    plan = plan_of(case, entry)
    day = people.local_day(at)
    if plan.assignees_first and (at_work := _assigned(session, case, at)):
        return replace(at_work, ways=plan.ways)
    posts = (*_posts_that_can_act(case), *plan.posts) if plan.assignees_first else plan.posts
    for post in posts:
        charge = people.charge(session, post, case.area_id, day=day)
        if charge.people:
            found = _reachable(session, [person.id for person in charge.people], NOBODY_IN_CHARGE)
            handed_on = _handed_on(session, case, charge, post, asked=posts[0])
            return replace(found, ways=plan.ways, handed_on=handed_on)
    return Audience((), NOBODY_IN_CHARGE)


def _handed_on(session: Session, case: Case, charge: Charge, post: Role, *, asked: Role) -> dict[str, str]:
    """Return to whom it fell when nobody holds the post that was asked for, or nobody for the case's own area."""
    own = people.area_name(session, case.area_id)
    if post is asked and (not own or charge.area_id == case.area_id):
        return {}
    return {"asked": asked.value, "post": post.value, "own": own, "area": people.area_name(session, charge.area_id)}


def is_of_a_clock(entry: TimelineEntry) -> bool:
    """Return whether a clock's notice wrote the entry, and not a person."""
    return "clock" in entry.data and "level" in entry.data


def plan_of(case: Case, entry: TimelineEntry) -> Tier:
    """Return the row of the plan that holds for what a clock says of the case."""
    clocks = workflow_of(case.process).clocks
    clock = next(clock for clock in clocks if clock.name == entry.data["clock"])
    return escalation.tier(clock.kind, int(entry.data["level"]), escalation.gravity_of(case))


def of_new_deadline(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return who can go on with the case: within the product, and by message when the deadline came earlier."""
    found = who_can_act(session, case, entry, at)
    is_earlier = str(entry.data["due_at"]) < str(entry.data["was_due_at"])
    return found if is_earlier else replace(found, ways=frozenset({Way.NOTICE}))


def in_charge(role: Role) -> Chooser:
    """Return a chooser of those who hold `role` for the case's area on the day it is sent."""

    def choose(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:  # noqa: ARG001 - a Chooser
        found = people.in_charge(session, role, case.area_id, day=people.local_day(at))
        return _reachable(session, [person.id for person in found], NOBODY_IN_CHARGE)

    return choose


def venue_side(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:  # noqa: ARG001 - a Chooser
    """Return the responsible person and the fire safety manager of the venue."""
    if case.venue_id is None:
        return Audience((), NO_VENUE)
    found = people.of_venue(session, [Role.OWNER, Role.MANAGER], case.venue_id, day=people.local_day(at))
    return _reachable(session, [person.id for person in found], NO_VENUE)


def manager_then_owner(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:  # noqa: ARG001 - a Chooser
    """Return the fire safety manager and then the responsible person of the venue, to be called."""
    day = people.local_day(at)
    found = people.of_venue(session, [Role.MANAGER, Role.OWNER], case.venue_id, day=day) if case.venue_id else []
    return replace(_reachable(session, [person.id for person in found], NOBODY_IN_CHARGE), ways=CALLED)


def deciders(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return who decides on a doubt about a patrol, but for those who took part in it.

    For a venue's own patrol its manager, else its responsible person; for a warden's, and where the venue has nobody
    else, the area's inspectors, else its supervisors.
    """
    day = people.local_day(at)
    took_part = {*case.facts.get("done_by", ()), str(entry.actor_id)}
    own = () if case.facts.get("role") == Role.WARDEN or case.venue_id is None else (Role.MANAGER, Role.OWNER)
    asked = [people.of_venue(session, [role], case.venue_id, day=day) for role in own if case.venue_id]
    asked += [people.in_charge(session, role, case.area_id, day=day) for role in (Role.INSPECTOR, Role.SUPERVISOR)]
    able = ([person.id for person in found if str(person.id) not in took_part] for found in asked)
    return _reachable(session, next(filter(None, able), []), NOBODY_IN_CHARGE)


def recheckers(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return who may re-check, but for the one who submitted: the assignees, else the area's inspectors.

    What a place found itself: the assignee, else who else answers for it, else its area's wardens.
    """
    day, submitter = people.local_day(at), str(entry.actor_id)
    able = [person for person in case.assignees if str(person) != submitter]
    of_place = bool(case.facts.get("by_venue"))
    if not able and of_place and case.venue_id is not None:
        found = people.of_venue(session, [Role.MANAGER, Role.OWNER], case.venue_id, day=day)
        able = [person.id for person in found if str(person.id) != submitter]
    for role in (Role.WARDEN, Role.INSPECTOR) if of_place else (Role.INSPECTOR,):
        if not able:
            found = people.in_charge(session, role, case.area_id, day=day)
            able = [person.id for person in found if str(person.id) != submitter]
    return _reachable(session, able, NOBODY_IN_CHARGE)


def granters(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:
    """Return the supervisors but the one who asked, else the leaders: the second person of two."""
    day = people.local_day(at)
    for role in (Role.SUPERVISOR, Role.LEADER):
        found = people.in_charge(session, role, case.area_id, day=day)
        others = [person.id for person in found if person.id != entry.actor_id]
        if others:
            return _reachable(session, others, NOBODY_IN_CHARGE)
    return Audience((), NOBODY_IN_CHARGE)


def asker(session: Session, case: Case, entry: TimelineEntry, at: datetime) -> Audience:  # noqa: ARG001 - a Chooser
    """Return the person whose request the entry decides."""
    return _reachable(session, [UUID(str(entry.data["whom"]))], NOBODY_IN_CHARGE)


def _reachable(session: Session, ids: Iterable[UUID], nobody: str) -> Audience:
    persons = [person for person in (session.get(Person, one) for one in ids) if person is not None]
    if not persons:
        return Audience((), nobody)
    everybody = tuple(person.id for person in persons)
    reached = tuple(
        Recipient(person.phone, person.language, person_id=person.id, name=person.name)
        for person in persons
        if person.phone
    )
    return Audience(reached, "" if reached else NOBODY_HAS_PHONE, everybody)


@dataclass(frozen=True, slots=True)
class Telling:
    """How an effect tells: whom, whether each of them has to be reached, and whether doubt needs a person."""

    whom: Chooser
    each: bool = False
    """False: one reached recipient keeps the promise."""
    hold_in_doubt: bool = False
    """True: a message that may have gone out is never sent again by the system."""
    to_outsider: bool = False
    """True: to who reported or applied, who is not at work."""
    one_by_one: bool = False
    """True: the next is called when the one before has not acknowledged."""
    at_any_hour: bool = False
    """True: no quiet hours hold it up; lives may depend on it whatever the case says."""


TELLINGS: dict[str, Telling] = {
    "acknowledge_reporter": Telling(reporter_at_first, each=True, hold_in_doubt=True, to_outsider=True),
    "reply_reporter": Telling(reporter, each=True, hold_in_doubt=True, to_outsider=True),
    "tell_reporter_corrected": Telling(reporter, each=True, hold_in_doubt=True, to_outsider=True),
    "notify_assignee": Telling(assignees, each=True),
    "remind_assignee": Telling(who_can_act),
    "tell_handler": Telling(in_charge(Role.HANDLER)),
    "triage_report": Telling(in_charge(Role.HANDLER)),
    "tell_supervisor": Telling(in_charge(Role.SUPERVISOR)),
    "tell_superior": Telling(by_plan),
    "announce_deadline": Telling(of_new_deadline),
    "ask_to_agree": Telling(granters),
    "tell_asker": Telling(asker),
    "notify_venue": Telling(venue_side),
    "tell_rechecker": Telling(recheckers),
    "acknowledge_applicant": Telling(reporter_at_first, each=True, hold_in_doubt=True, to_outsider=True),
    "tell_applicant": Telling(reporter, each=True, hold_in_doubt=True, to_outsider=True),
    "ask_reviewer": Telling(in_charge(Role.HANDLER)),
    "call_manager": Telling(manager_then_owner, one_by_one=True, at_any_hour=True),
    "tell_decider": Telling(deciders),
}
"""Effect → how it tells."""
