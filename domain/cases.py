"""Opens cases and moves them: the only code that writes a case's state (ADR 1). The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session

from domain import audit, sealed, timing
from domain.actors import Actor, Role
from domain.forms import sealed_fields
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Case, CaseLink, ClockRow, NumberSeries, Outbox, Photo, TimelineEntry
from domain.processes import workflow_of
from domain.workflow import FieldRefusal, Plan, Transition, Workflow

CITY = ZoneInfo("Asia/Shanghai")
MAX_ATTACHED = 60
"""Photos one case may carry; a guard against flooding, not a rule of law."""


class CaseChanged(Exception):
    """Somebody else moved the case since it was read."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} was changed by somebody else in the meantime")
        self.number = number
        self.reason = Sentence("Somebody else changed %(number)s in the meantime.", number=number)


class FieldRefused(Exception):
    """A field does not fit the case or the register."""

    def __init__(self, refusal: FieldRefusal) -> None:
        super().__init__(f"{refusal.field}: {refusal.reason}")
        self.refusal = refusal


class UnknownCase(LookupError):
    """There is no such case, or not for this person."""


class MissingCompanion(RuntimeError):
    """`domain.companions` was not imported; a step must not go on without its checks."""


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


_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_CHANGING = ("state", "version", "chain_head", "changed_at", "closed_at", "due_at", "facts", "clocks", "assignee_id",
             "second_assignee_id", "hazard_code", "place", "venue_id", "area_id")  # fmt: skip
_MOVE = (
    update(_CASES)
    .where(_CASES.c.id == bindparam("_id"), _CASES.c.version == bindparam("_version"))
    .values({name: bindparam(f"_{name}" if name == "version" else name) for name in _CHANGING if name != "version"})
    .values(version=bindparam("_new_version"))
)
_ENTER = insert(TimelineEntry.__table__)  # type: ignore[attr-defined]
_PROMISE = insert(Outbox.__table__)  # type: ignore[attr-defined]


def by_number(session: Session, number: str) -> Case:
    """Return the case with that number; raises `UnknownCase`."""
    case = session.execute(select(Case).where(Case.number == number.strip().upper())).scalar_one_or_none()
    if case is None:
        msg = f"no case {number}"
        raise UnknownCase(msg)
    return case


def by_id(session: Session, case_id: UUID) -> Case:
    """Return the case with that id; raises `UnknownCase`."""
    case = session.get(Case, case_id)
    if case is None:
        msg = f"no case {case_id}"
        raise UnknownCase(msg)
    return case


def reload(session: Session, case_id: UUID) -> Case:
    """Return the case as it stands now, past what this session remembers, and hold its row until the end."""
    statement = select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    case = session.execute(statement).scalar_one_or_none()
    if case is None:
        msg = f"no case {case_id}"
        raise UnknownCase(msg)
    return case


def snapshot(case: Case) -> timing.Snapshot:
    """Return the case as guards and limits see it."""
    return timing.Snapshot(case.id, case.state, case.assignees, case.facts, case.opened_at)


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
    workflow = workflow_of(process)
    number = _next_number(session, workflow.prefix, at.astimezone(CITY).year)
    if origin_key and (existing := _by_origin(session, origin_key)):
        _give_back_number(session, workflow.prefix, at.astimezone(CITY).year)
        return existing
    case = Case(
        id=case_id or new_id(), number=number, process=process, state=workflow.opening.target.name, version=1,
        chain_head=audit.GENESIS, opened_at=at, changed_at=at, origin_key=origin_key, facts=dict(facts or {}),
        clocks={}, **dict(columns or {}),
    )  # fmt: skip
    readings = timing.turn(workflow, {}, source=None, after=snapshot(case), at=at, reconsider=True)
    clocks = {name: reading.stored() for name, reading in readings.items()}
    entry = _entry(case.id, 1, workflow.opening.name, None, case.state, actor, workflow.opening.roles, at, data or {})
    entry["hash"] = audit.entry_hash(audit.GENESIS, entry)
    row = {
        **case.model_dump(),
        "clocks": clocks,
        "due_at": timing.nearest(workflow, clocks),
        "chain_head": entry["hash"],
    }
    connection = session.connection()
    connection.execute(insert(_CASES), [row])
    connection.execute(_ENTER, [entry])
    _promise(session, case.id, 1, workflow, workflow.opening.effects, at)
    _store_clocks(session, workflow, case.id, readings)
    return session.execute(select(Case).where(Case.id == case.id)).scalar_one()


def fire(  # noqa: PLR0913 - who, what, when and the form are what a transition is
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
    `TransitionRefused`, pydantic's `ValidationError`, `FieldRefused`, or `CaseChanged` when the row has another
    version than `case`; the caller then rolls back, as `Database.write` does on an exception. `tick` is for the
    clocks' sweep: (clock, new level).
    """
    workflow = workflow_of(case.process)
    plan = workflow.plan(case, name, actor=actor, at=at)
    step = plan.transition
    form = _validated(step, data)
    for check in step.checks:
        if refusal := check(case, actor, form, at):
            raise FieldRefused(refusal)
    passage = Step(case, plan, form, at)
    changes: dict[str, Any] = dict(step.changes(case, actor, form, at)) if step.changes else {}
    if missing := [name for name in step.companions if name not in BEFORE and name not in AFTER]:
        raise MissingCompanion(missing[0])
    for companion in step.companions:
        if companion in BEFORE and (more := BEFORE[companion](session, passage)):
            changes.update(more)
    data_out = _sealed(session, case, form, actor, at)
    _attach_photos(session, case, form, actor, at)
    moved = _moved(workflow, case, plan, changes, tick)
    seq = case.version + 1
    entry = _entry(case.id, seq, name, plan.source, plan.target, actor, step.roles, at, data_out)
    entry["hash"] = audit.entry_hash(case.chain_head, entry)
    moved.values["chain_head"] = entry["hash"]
    _write(session, case, moved.values, seq)
    session.connection().execute(_ENTER, [entry])
    _promise(session, case.id, seq, workflow, step.effects, at)
    _store_clocks(session, workflow, case.id, moved.readings)
    for companion in step.companions:
        if companion in AFTER:
            AFTER[companion](session, passage)
    return plan


@dataclass(slots=True)
class _Moved:
    values: dict[str, Any]
    readings: dict[str, timing.Reading]


def _moved(workflow: Workflow, case: Case, plan: Plan, changes: dict[str, Any], tick: tuple[str, int] | None) -> _Moved:
    facts = case.facts
    if "facts" in changes:
        facts = {**facts, **changes.pop("facts")}
    values = {name: getattr(case, name) for name in _CHANGING if name not in ("version", "chain_head")}
    values.update(changes, state=plan.target, facts=facts, changed_at=plan.at)
    assignees = tuple(p for p in (values["assignee_id"], values["second_assignee_id"]) if p)
    after_step = timing.Snapshot(case.id, plan.target, assignees, facts, case.opened_at)
    known = case.clocks
    if tick:
        known = {**known, tick[0]: {**known[tick[0]], "level": tick[1]}}
    readings = timing.turn(
        workflow, known, source=plan.source, after=after_step, at=plan.at, reconsider=plan.transition.changes is not None
    )
    if tick and tick[0] not in readings:
        readings[tick[0]] = timing.Reading.of(known[tick[0]])
    if readings:
        values["clocks"] = {**known, **{clock: reading.stored() for clock, reading in readings.items()}}
        values["due_at"] = timing.nearest(workflow, values["clocks"])
    final = workflow.state(plan.target).final
    values["closed_at"] = (case.closed_at or plan.at) if final else None
    return _Moved(values, readings)


def _write(session: Session, case: Case, values: dict[str, Any], seq: int) -> None:
    result = session.connection().execute(
        _MOVE, {**values, "_id": case.id, "_version": case.version, "_new_version": seq}
    )
    if result.rowcount != 1:
        raise CaseChanged(case.number)
    for name, value in {**values, "version": seq}.items():
        set_committed_value(case, name, value)


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
    # Whatever a reporter writes may say who they are, the note of every form too.
    own_words = {"note": "note"} if actor.plays(Role.REPORTER) else {}
    for field, kind in {**sealed_fields(type(form)), **own_words}.items():
        if text := data.get(field):
            data[field] = sealed.reference(sealed.put(session, text, kind=kind, case_id=case.id, at=at))
    return data


def _entry(  # noqa: PLR0913 - the columns of an entry
    case_id: UUID, seq: int, transition: str, source: str | None, target: str, actor: Actor,
    roles: frozenset[Role] | set[Role], at: datetime, data: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    acting = sorted(actor.roles & roles) or sorted(actor.roles)
    return {
        "case_id": case_id, "seq": seq, "transition": transition, "source": source, "target": target,
        "actor_id": actor.person_id, "actor_role": acting[0].value, "actor_name": actor.name, "at": at,
        "data": dict(data),
    }  # fmt: skip


def _promise(session: Session, case_id: UUID, seq: int, workflow: Workflow, effects: tuple[str, ...], at: datetime) -> None:
    if not effects:
        return
    rows = [
        {"id": new_id(), "key": f"{case_id}:{seq}:{effect}", "case_id": case_id, "seq": seq, "process": workflow.name,
         "effect": effect, "created_at": at, "due_at": at, "state": "pending", "attempts": 0, "outcome": {}}
        for effect in effects
    ]  # fmt: skip
    session.connection().execute(_PROMISE, rows)
    session.info["promised"] = True


def _store_clocks(session: Session, workflow: Workflow, case_id: UUID, readings: Mapping[str, timing.Reading]) -> None:
    if not readings:
        return
    clocks = {clock.name: clock for clock in workflow.clocks}
    rows = [
        {
            "case_id": case_id, "name": name, "process": workflow.name, "started_at": reading.started_at,
            "due_at": reading.due_at, "provisional": reading.provisional, "stopped_at": reading.stopped_at,
            "level": reading.level, "next_at": timing.next_moment(clocks[name], reading),
            "leased_until": None, "leased_by": None,
        }
        for name, reading in readings.items()
    ]  # fmt: skip
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.connection().execute(_UPSERT[dialect.__name__], rows)


def _upsert(dialect: Any) -> Any:  # noqa: ANN401 - the two dialects' inserts share no type
    statement = dialect.insert(ClockRow.__table__)  # type: ignore[attr-defined]
    kept = ("started_at", "due_at", "provisional", "stopped_at", "level", "next_at", "leased_until", "leased_by")
    return statement.on_conflict_do_update(
        index_elements=["case_id", "name"], set_={name: statement.excluded[name] for name in kept}
    )


_UPSERT = {dialect.__name__: _upsert(dialect) for dialect in (postgresql, sqlite)}


def _attach_photos(session: Session, case: Case, form: BaseModel | None, actor: Actor, at: datetime) -> None:
    ids = getattr(form, "photos", None)
    if ids:
        attach_photos(session, case.id, ids, by_reporter=actor.plays(Role.REPORTER))


def attach_photos(session: Session, case_id: UUID, ids: list[UUID], *, by_reporter: bool) -> None:
    """Make uploaded photos part of a case; raises `FieldRefused` for a photo that is not there or not free."""
    taken = update(Photo).where(Photo.id.in_(ids), Photo.case_id.is_(None))  # type: ignore[attr-defined, union-attr]
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


def _next_number(session: Session, prefix: str, year: int) -> str:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table: Any = NumberSeries.__table__  # type: ignore[attr-defined]
    statement = dialect.insert(table).values(prefix=prefix, year=year, last=1)  # type: ignore[attr-defined]
    statement = statement.on_conflict_do_update(index_elements=["prefix", "year"], set_={"last": table.c.last + 1})
    last = session.connection().execute(statement.returning(table.c.last)).scalar_one()
    return f"{prefix}-{year}-{last:06d}"


def _give_back_number(session: Session, prefix: str, year: int) -> None:
    table: Any = NumberSeries.__table__  # type: ignore[attr-defined]
    here = (table.c.prefix == prefix) & (table.c.year == year)
    session.connection().execute(update(table).where(here).values(last=table.c.last - 1))


def _by_origin(session: Session, origin_key: str) -> Case | None:
    return session.execute(select(Case).where(Case.origin_key == origin_key)).scalar_one_or_none()
