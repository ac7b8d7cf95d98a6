"""Opens cases and moves them: nothing else writes a case's state (ADR 1). The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.orm.attributes import instance_dict
from sqlmodel import Session, col

from domain import access, audit, belonging, ledger, rulebooks, sealed, timing
from domain.actors import RECEIPT_HOLDERS, SYSTEM, Actor, Role
from domain.forms import sealed_fields
from domain.history import ADOPTED
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Case, CaseLink, NumberSeries, Photo
from domain.processes import workflow_of
from domain.rulebook import Rulebook
from domain.settings import city_zone
from domain.workflow import FieldRefusal, Offer, Plan, Transition, TransitionRefused, Workflow

MAX_ATTACHED = 60
"""Photos one case may carry; a guard against flooding, not a rule of law."""
ADOPT = "adopt"
"""The step that writes down how a case of before stands (`adopt`)."""
DECIDED_COLUMNS = ("assignee_id", "second_assignee_id", "hazard_code", "venue_id", "area_id")
"""What an entry says of the case beside the form: with it a timeline alone tells who had the case, and where it was."""
LARGEST_VERSION = 2**31 - 1
"""The most a version's column holds."""


class CaseChanged(Exception):
    """Somebody else moved the case since it was read."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} was changed by somebody else in the meantime")
        self.number = number
        self.reason = Sentence("%(number)s was changed after this page was opened.", number=number)


class FieldRefused(Exception):
    """A field does not fit the case or the register."""

    def __init__(self, refusal: FieldRefusal) -> None:
        super().__init__(f"{refusal.field}: {refusal.reason}")
        self.refusal = refusal


class UnknownCase(LookupError):
    """There is no such case, or not for this person."""


class MissingCompanion(RuntimeError):
    """`domain.companions` or a follower was not imported; a step must not go on without its checks and rows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step on its way: handed to companions."""

    case: Case
    plan: Plan
    form: Any
    at: datetime


Before = Callable[[Session, Step], Mapping[str, Any] | None]
After = Callable[[Session, Step], None]
BEFORE: dict[str, Before] = {}
AFTER: dict[str, After] = {}


def before(name: str) -> Callable[[Before], Before]:
    """Register a companion that checks, or adds changes, before the case moves."""

    def register(function: Before) -> Before:
        BEFORE[name] = function
        return function

    return register


def after(name: str) -> Callable[[After], After]:
    """Register a companion that acts on linked cases after the case has moved, in the same transaction."""

    def register(function: After) -> After:
        AFTER[name] = function
        return function

    return register


FOLLOWERS: dict[str, After] = {}


def follows(process: str) -> Callable[[After], After]:
    """Register what keeps rows beside the cases of a routine process in step with them, after every step."""

    def register(function: After) -> After:
        FOLLOWERS[process] = function
        return function

    return register


_CASES: Any = Case.__table__  # type: ignore[attr-defined]
# Made once: SQLAlchemy remembers a statement object's cache key, and a fresh one costs 0.07 ms.
_BY_ID = select(Case).where(_CASES.c.id == bindparam("case_id"))
_HOLD = _BY_ID.with_for_update().execution_options(populate_existing=True)


def by_number(session: Session, number: str) -> Case:
    """Return the case with that number; raises `UnknownCase`."""
    case: Case | None = session.execute(
        select(Case).where(col(Case.number) == number.strip().upper())
    ).scalar_one_or_none()
    if case is None:
        msg = f"no case {number}"
        raise UnknownCase(msg)
    return case


def seen_by(session: Session, actor: Actor, number: str) -> Case:
    """Return the case with that number; raises `UnknownCase` also when the actor may not know of it."""
    case = by_number(session, number)
    if not access.may_see(session, actor, case):
        raise UnknownCase(number)
    return case


def by_id(session: Session, case_id: UUID) -> Case:
    """Return the case with that id; raises `UnknownCase`."""
    case: Case | None = session.execute(_BY_ID, {"case_id": case_id}).scalar_one_or_none()
    if case is None:
        msg = f"no case {case_id}"
        raise UnknownCase(msg)
    return case


def reload(session: Session, case_id: UUID) -> Case:
    """Return the case as it stands now, past what this session remembers, and hold its row until the end."""
    case: Case | None = session.execute(_HOLD, {"case_id": case_id}).scalar_one_or_none()
    if case is None:
        msg = f"no case {case_id}"
        raise UnknownCase(msg)
    return case


def plan(session: Session, case: Case, name: str, *, actor: Actor, at: datetime) -> Plan:
    """Return what `fire` would do, with the roles that hold at the case; raises `TransitionRefused`."""
    return workflow_of(case.process).plan(snapshot(case), name, actor=access.acting_on(session, actor, case), at=at)


def offers(session: Session, case: Case, *, actor: Actor, at: datetime) -> list[Offer]:
    """Return the next steps of this actor at this case, each live or with the reason why not."""
    return workflow_of(case.process).offers(snapshot(case), access.acting_on(session, actor, case), at=at)


def _utc(at: datetime) -> datetime:
    """Return the moment in UTC: facts and clocks keep it as text, and texts are compared."""
    if at.tzinfo is None:
        msg = "a moment without a time zone was about to be written down"
        raise ValueError(msg)
    return at.astimezone(UTC)


def snapshot(case: Case) -> timing.Snapshot:
    """Return the case as guards and limits see it."""
    return timing.Snapshot(case.id, case.state, case.assignees, case.facts, case.opened_at, case.venue_id)


def open_case(
    session: Session,
    process: str,
    *,
    actor: Actor,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    columns: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    origin_key: str | None = None,
    case_id: UUID | None = None,
) -> Case:
    """Open a case and return it; with the `origin_key` of an earlier opening, return that one instead.

    `data` is what the first timeline entry says; sealed texts in it are references already.
    """
    at = _utc(at)
    workflow = workflow_of(process)
    number = _next_number(session, workflow.prefix, at.astimezone(city_zone()).year)
    if origin_key and (existing := _by_origin(session, origin_key)):
        _give_back_number(session, workflow.prefix, at.astimezone(city_zone()).year)
        return existing
    case = Case(
        id=case_id or new_id(), number=number, process=process, state=workflow.opening.target.name, version=1,
        chain_head=audit.GENESIS, opened_at=at, changed_at=at, origin_key=origin_key, facts=dict(facts or {}),
        clocks={}, **dict(columns or {}),
    )  # fmt: skip
    book = partial(rulebooks.current, session)
    readings = timing.turn(workflow, {}, source=None, after=snapshot(case), at=at, reconsider=True, book=book)
    clocks = {name: reading.stored() for name, reading in readings.items()}
    opening = workflow.opening
    passage = (opening.name, None, case.state)
    entry = _entry(case.id, 1, passage, actor=actor, roles=opening.roles, at=at, data=data or {})
    decided = case.model_dump(include=set(DECIDED_COLUMNS))
    entry["decided"] = _decided(
        {}, decided, timing.decided({}, readings), of_register=belonging.decided(session, {}, decided, at=at)
    )
    entry["hash"] = audit.entry_hash(audit.GENESIS, entry)
    row = {
        **case.model_dump(),
        "clocks": clocks,
        "due_at": timing.nearest(workflow, clocks),
        "chain_head": entry["hash"],
    }
    connection = session.connection()
    connection.execute(insert(_CASES), [row])
    ledger.enter(connection, entry)
    ledger.promise(connection, _promises(case.id, 1, process, opening.effects, at))
    session.info["promised"] = True
    ledger.store_clocks(connection, clock_rows(workflow, case.id, readings))
    opened: Case = session.execute(_BY_ID, {"case_id": case.id}).scalar_one()
    return opened


def fire(
    session: Session,
    case: Case,
    name: str,
    *,
    actor: Actor,
    at: datetime,
    data: Mapping[str, Any] | BaseModel | None = None,
    tick: tuple[str, int] | None = None,
) -> Plan:
    """Move `case` by the transition `name` and return the plan that was carried out.

    One transaction of the caller's: the case, its timeline entry, its promises and its clocks. Raises
    `TransitionRefused`, pydantic's `ValidationError`, `FieldRefused`, or `CaseChanged` when the row has
    another version than `case`; the caller then rolls back, as `Database.write` does on an exception.
    `tick` is for the clocks' sweep: (clock, new level).
    """
    at = _utc(at)
    workflow = workflow_of(case.process)
    actor = access.acting_on(session, actor, case)
    planned = workflow.plan(case, name, actor=actor, at=at)
    step = planned.transition
    form = _validated(step, data)
    for check in step.checks:
        if refusal := check(case, actor, form, at):
            raise FieldRefused(refusal)
    passage = Step(case, planned, form, at)
    changes: dict[str, Any] = dict(step.changes(case, actor, form, at)) if step.changes else {}
    _require_companions(workflow, step)
    for companion in step.companions:
        if companion in BEFORE and (more := BEFORE[companion](session, passage)):
            facts = {**changes.get("facts", {}), **more.get("facts", {})}
            changes |= {**more, "facts": facts} if facts else more
    data_out = _sealed(session, case, form, actor, at)
    if ids := getattr(form, "photos", None):
        attach_photos(session, case.id, ids, by_reporter=actor.plays(Role.REPORTER))
    before = {name: getattr(case, name) for name in DECIDED_COLUMNS}
    book = partial(rulebooks.current, session)
    recount = form.clock if step.recounts else None
    moved = _moved(workflow, case, planned, changes=changes, tick=tick, book=book, recount=recount)
    seq = case.version + 1
    passed = (name, planned.source, planned.target)
    entry = _entry(case.id, seq, passed, actor=actor, roles=step.roles, at=at, data=data_out)
    entry["decided"] = _decided(
        before, moved.values, timing.decided(case.clocks, moved.readings),
        of_register=belonging.decided(session, before, moved.values, at=at),
    )  # fmt: skip
    entry["hash"] = audit.entry_hash(case.chain_head, entry)
    moved.values["chain_head"] = entry["hash"]
    promises = _promises(case.id, seq, workflow.name, step.effects, at)
    clocks = clock_rows(workflow, case.id, moved.readings)
    if not ledger.write_step(
        session.connection(), case_id=case.id, version=case.version, values=moved.values, entry=entry,
        promises=promises, readings=clocks,
    ):  # fmt: skip
        raise CaseChanged(case.number)
    session.info["promised"] = session.info.get("promised") or bool(promises)
    instance_dict(case).update(moved.values, version=seq)  # as read back: nothing is left to flush
    _act_beside(session, workflow, passage)
    return planned


def fire_together(
    session: Session, listed: Sequence[Case], name: str, *, at: datetime, data: Callable[[Case], Mapping[str, Any]],
    tick: tuple[str, int],
) -> set[UUID]:  # fmt: skip
    """Move many cases of one process by a step of the system's that does nothing beside moving them; return which.

    What `fire` writes for each, in one statement. Those that refuse the step, or were changed since they were read,
    stay as they are. For clocks that ring by the ten thousand at one moment; the caller holds the rows.
    """
    at, book = _utc(at), partial(rulebooks.current, session)
    passages: dict[UUID, Step] = {}
    steps: list[ledger.Step] = []
    for case in listed:
        workflow = workflow_of(case.process)
        try:
            planned = workflow.plan(case, name, actor=SYSTEM, at=at)
        except TransitionRefused:
            continue
        step = planned.transition
        if step.changes or step.companions or step.checks or step.effects:
            msg = f"{workflow.name}.{name} does more than move a case"
            raise ValueError(msg)
        _require_companions(workflow, step)
        form = _validated(step, data(case))
        moved = _moved(workflow, case, planned, changes={}, tick=tick, book=book, recount=None)
        passed = (name, planned.source, planned.target)
        entry = _entry(case.id, case.version + 1, passed, actor=SYSTEM, roles=step.roles, at=at,
                       data=form.model_dump(mode="json", exclude_none=True, exclude_defaults=True))  # fmt: skip
        entry["decided"] = _decided(moved.values, moved.values, timing.decided(case.clocks, moved.readings))
        entry["hash"] = moved.values["chain_head"] = audit.entry_hash(case.chain_head, entry)
        readings = clock_rows(workflow, case.id, moved.readings)
        steps.append(ledger.Step(case.id, case.version, moved.values, entry, readings))
        passages[case.id] = Step(case, planned, form, at)
    done = ledger.write_steps(session.connection(), steps) if steps else set()
    for written in steps:
        if written.case_id in done:
            passage = passages[written.case_id]
            instance_dict(passage.case).update(written.values, version=written.version + 1)
            _act_beside(session, workflow_of(passage.case.process), passage)
    return done


def _require_companions(workflow: Workflow, step: Transition) -> None:
    if missing := [name for name in step.companions if name not in BEFORE and name not in AFTER]:
        raise MissingCompanion(missing[0])
    if workflow.is_routine and workflow.name not in FOLLOWERS:
        raise MissingCompanion(workflow.name)


def _act_beside(session: Session, workflow: Workflow, passage: Step) -> None:
    for companion in passage.plan.transition.companions:
        if companion in AFTER:
            AFTER[companion](session, passage)
    if workflow.name in FOLLOWERS:
        FOLLOWERS[workflow.name](session, passage)


def adopt(session: Session, case: Case, clocks: Mapping[str, timing.Reading], *, at: datetime) -> None:
    """Write down how a case of before stands, with its clocks as they are: nothing happens to it (`domain.adoption`).

    Raises `CaseChanged` when the row has another version than `case`.
    """
    at, workflow = _utc(at), workflow_of(case.process)
    planned = workflow.plan(snapshot(case), ADOPT, actor=SYSTEM, at=at)
    values = {name: getattr(case, name) for name in ledger.CHANGING}
    kept = {name: reading.stored() for name, reading in clocks.items()}
    values["clocks"] = {**case.clocks, **kept}
    values["due_at"] = timing.nearest(workflow, values["clocks"])
    passed = (ADOPT, planned.source, planned.target)
    entry = _entry(case.id, case.version + 1, passed, actor=SYSTEM, roles=planned.transition.roles, at=at, data={})
    of_register = belonging.decided(session, {}, values, at=at)
    entry["decided"] = {**_decided({}, values, {}, of_register=of_register), ADOPTED: kept}
    entry["hash"] = values["chain_head"] = audit.entry_hash(case.chain_head, entry)
    if not ledger.write_step(
        session.connection(), case_id=case.id, version=case.version, values=values, entry=entry, promises=[],
        readings=clock_rows(workflow, case.id, clocks),
    ):  # fmt: skip
        raise CaseChanged(case.number)
    instance_dict(case).update(values, version=case.version + 1)


@dataclass(slots=True)
class _Moved:
    values: dict[str, Any]
    readings: dict[str, timing.Reading]


def _moved(
    workflow: Workflow,
    case: Case,
    plan: Plan,
    *,
    changes: dict[str, Any],
    tick: tuple[str, int] | None,
    book: Callable[[], Rulebook],
    recount: str | None,
) -> _Moved:
    facts = case.facts
    if "facts" in changes:
        facts = {**facts, **changes.pop("facts")}
    values = {name: getattr(case, name) for name in ledger.CHANGING if name != "chain_head"}
    values.update(changes, state=plan.target, facts=facts, changed_at=plan.at)
    assignees = tuple(p for p in (values["assignee_id"], values["second_assignee_id"]) if p)
    after_step = timing.Snapshot(case.id, plan.target, assignees, facts, case.opened_at, values["venue_id"])
    known = case.clocks
    if tick:
        known = {**known, tick[0]: {**known[tick[0]], "level": tick[1]}}
    reconsider = plan.transition.changes is not None
    readings = timing.turn(
        workflow, known, source=plan.source, after=after_step, at=plan.at, reconsider=reconsider, book=book,
        recount=recount,
    )  # fmt: skip
    if tick and tick[0] not in readings:
        readings[tick[0]] = timing.Reading.of(known[tick[0]])
    if readings:
        values["clocks"] = {**known, **{clock: reading.stored() for clock, reading in readings.items()}}
        values["due_at"] = timing.nearest(workflow, values["clocks"])
    final = workflow.state(plan.target).final
    values["closed_at"] = (case.closed_at or plan.at) if final else None
    return _Moved(values, readings)


def _decided(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    limits: dict[str, Any],
    *,
    of_register: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what an entry keeps of what followed: the case's columns that changed, and the limits given.

    `of_register`: what the register said of the new assignee and the new venue, kept beside the columns.
    """
    columns: dict[str, Any] = {
        name: str(after[name]) if after[name] is not None else None
        for name in DECIDED_COLUMNS
        if after[name] != before.get(name)
    }
    columns.update(of_register or {})
    return {key: value for key, value in (("columns", columns), ("limits", limits)) if value}


def _validated(step: Transition, data: Mapping[str, Any] | BaseModel | None) -> Any:  # noqa: ANN401 - the step's form
    if step.form is None:
        return None
    if isinstance(data, step.form):
        return data
    return step.form.model_validate(dict(data or {}))


def _sealed(session: Session, case: Case, form: BaseModel | None, actor: Actor, at: datetime) -> dict[str, Any]:
    if form is None:
        return {}
    data = form.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    # Whatever they write who have no account may say who they are, the note of every form too.
    own_words = {"note": "note"} if actor.plays(*RECEIPT_HOLDERS) else {}
    for field, kind in {**sealed_fields(type(form)), **own_words}.items():
        if text := data.get(field):
            data[field] = sealed.reference(sealed.put(session, text, kind=kind, case_id=case.id, at=at))
    return data


def _entry(
    case_id: UUID,
    seq: int,
    passage: tuple[str, str | None, str],
    *,
    actor: Actor,
    roles: frozenset[Role] | set[Role],
    at: datetime,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    transition, source, target = passage
    acting = sorted(actor.roles & roles) or sorted(actor.roles)
    return {
        "case_id": case_id, "seq": seq, "transition": transition, "source": source, "target": target,
        "actor_id": actor.person_id, "actor_role": acting[0].value, "actor_name": actor.name, "at": at,
        "data": dict(data), "decided": {},
    }  # fmt: skip


def _promises(case_id: UUID, seq: int, process: str, effects: tuple[str, ...], at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(), "key": f"{case_id}:{seq}:{effect}", "case_id": case_id, "seq": seq,
            "process": process, "effect": effect, "created_at": at, "due_at": at, "state": "pending",
            "attempts": 0, "outcome": {},
        }
        for effect in effects
    ]  # fmt: skip


def clock_rows(workflow: Workflow, case_id: UUID, readings: Mapping[str, timing.Reading]) -> list[dict[str, Any]]:
    """Return the rows of `clock` that say how a case's clocks stand."""
    if not readings:
        return []
    clocks = {clock.name: clock for clock in workflow.clocks}
    return [
        {
            "case_id": case_id, "name": name, "process": workflow.name, "started_at": reading.started_at,
            "due_at": reading.due_at, "provisional": reading.provisional, "stopped_at": reading.stopped_at,
            "level": reading.level, "next_at": timing.next_moment(clocks[name], reading),
            "leased_until": None, "leased_by": None,
        }
        for name, reading in readings.items()
    ]  # fmt: skip


def attach_photos(session: Session, case_id: UUID, ids: list[UUID], *, by_reporter: bool) -> None:
    """Make uploaded photos part of a case; raises `FieldRefused` for one that is not there or not free."""
    free = (col(Photo.id).in_(ids), col(Photo.case_id).is_(None))
    taken = update(Photo).where(*free)
    source = "reporter" if by_reporter else "staff"
    result = session.connection().execute(taken.values(case_id=case_id, source=source))
    if result.rowcount != len(set(ids)):
        raise FieldRefused(FieldRefusal("photos", Sentence("A photo is missing or belongs to another case.")))


def link(session: Session, *, source: UUID, target: UUID, kind: str, at: datetime) -> None:
    """Tie two cases together, or take an ended tie up again."""
    row = session.get(CaseLink, (source, target, kind))
    if row is None:
        session.add(CaseLink(from_id=source, to_id=target, kind=kind, at=at))
    else:
        row.ended_at = None
    session.flush()


def unlink(session: Session, *, source: UUID, target: UUID, kind: str, at: datetime) -> None:
    """End the tie between two cases; it stays readable."""
    row = session.get(CaseLink, (source, target, kind))
    if row is not None:
        row.ended_at = at
        session.flush()


_COUNT_UP = text(
    "INSERT INTO number_series (prefix, year, last) VALUES (:prefix, :year, 1) "
    "ON CONFLICT (prefix, year) DO UPDATE SET last = number_series.last + 1 RETURNING last"
)


def _next_number(session: Session, prefix: str, year: int) -> str:
    last = session.connection().execute(_COUNT_UP, {"prefix": prefix, "year": year}).scalar_one()
    return f"{prefix}-{year}-{last:06d}"


def _give_back_number(session: Session, prefix: str, year: int) -> None:
    table: Any = NumberSeries.__table__  # type: ignore[attr-defined]
    here = (table.c.prefix == prefix) & (table.c.year == year)
    session.connection().execute(update(table).where(here).values(last=table.c.last - 1))


def _by_origin(session: Session, origin_key: str) -> Case | None:
    return session.execute(select(Case).where(col(Case.origin_key) == origin_key)).scalar_one_or_none()
