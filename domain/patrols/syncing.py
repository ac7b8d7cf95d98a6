"""Takes in what a phone delivers for one task: once, however often it is sent, and whoever else sends at that moment.

One transaction: the records, which answers stand, what follows from those that fail, the entry with their digest, and
the end of the task. Sent again, a delivery gets the answer it got; a record that is there already changes nothing.
What is refused is refused by its id, and the phone keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

import domain.patrols.decisions
import domain.patrols.task_rows  # noqa: F401 - both register what happens beside a task's steps
from domain import access, cases, sweep
from domain.actors import Actor
from domain.language import Label, Sentence
from domain.models import Case, ChecklistVersion, PatrolAnswer, PatrolBatch, PatrolCheckIn, PatrolTask
from domain.patrols import arrival, consequences, finishing, judging, presence, schedule, sealing, standing
from domain.patrols.arrival import TAKEN, Arrival, Rows
from domain.patrols.consequences import Opened
from domain.patrols.delivery import Delivery
from domain.patrols.intake import Refusal
from domain.patrols.sheet import VENUE_ITSELF, sheet_of
from domain.patrols.standing import Given, Standing
from domain.processes.patrol_task import OPEN, PATROL_TASK, SCHEDULED

_CHECK_INS: Any = PatrolCheckIn.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
_BATCHES: Any = PatrolBatch.__table__  # type: ignore[attr-defined]
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_STANDS = update(_ANSWERS).where(_ANSWERS.c.id == bindparam("_id")).values(
    stands=bindparam("_stands"), against=bindparam("_against")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Before:
    """What the task had before this delivery."""

    answers: list[Any]
    check_ins: list[Any]
    batches: list[Any]


def deliver(session: Session, sent: Delivery, *, actor: Actor, at: datetime) -> dict[str, Any]:
    """Take in a delivery and return what is said to the phone; reasons are `Sentence`s.

    The caller owns the transaction. Raises what `cases.fire` raises when the case is moved besides; the phone then
    sends again.
    """
    case = _held(session, sent.task)
    if case is None or sent.person != actor.person_id:
        return _answer(sent, None, refused=_all_refused(sent, "task", _why_not(sent, actor)), at=at)
    if (before := session.get(PatrolBatch, sent.batch)) is not None:
        return _heard_before(sent, before, case, actor=actor, at=at)
    if not may_bring(session, case, actor, at):
        return _answer(sent, None, refused=_all_refused(sent, "task", _why_not(sent, actor)), at=at)
    task = session.get_one(PatrolTask, case.id)
    if case.state == SCHEDULED.name:
        if at < task.starts_at or sweep.ring(session, case.id, "start", at=at) is None:
            too_soon = Sentence("This patrol has not begun yet.")
            return _answer(sent, case, refused=_all_refused(sent, "task", too_soon), at=at)
        case = cases.by_id(session, case.id)
    coming = arrival.read(session, sent, case, sheet_of(session, task), at=at)
    if coming.is_empty and not _ends(coming):
        return _answer(sent, case, accepted=coming.accepted, refused=coming.refused, at=at)
    return _take_in(session, coming, actor=actor, at=at)


def _heard_before(sent: Delivery, before: PatrolBatch, case: Case, *, actor: Actor, at: datetime) -> dict[str, Any]:
    """Return what was said to a delivery that is here already, also to who holds no post any more."""
    if (before.case_id, before.person_id) != (case.id, actor.person_id):
        return _answer(sent, None, refused=_all_refused(sent, "batch", TAKEN), at=at)
    return _again(before.outcome)


def _held(session: Session, case_id: UUID) -> Case | None:
    try:
        case = cases.reload(session, case_id)
    except cases.UnknownCase:
        return None
    return case if case.process == PATROL_TASK.name else None


def may_bring(session: Session, case: Case, actor: Actor, at: datetime) -> bool:
    """Return whether this task is the actor's to carry out; whether it has begun is another matter."""
    step = PATROL_TASK.named("record")[0]
    acting = access.acting_on(session, actor, case)
    return acting.plays(*step.roles) and not any(guard(cases.snapshot(case), acting, at) for guard in step.guards)


def _why_not(sent: Delivery, actor: Actor) -> Sentence:
    if sent.person != actor.person_id:
        return Sentence("Somebody else recorded this; it is sent when they are signed in.")
    return Sentence("This patrol is somebody else's.")


def _all_refused(sent: Delivery, name: str, reason: Sentence) -> list[Refusal]:
    return [Refusal(one, name, reason) for one in [*sent.ids, *([sent.batch] if sent.done else [])]]


def _ends(coming: Arrival) -> bool:
    """Return whether it says that the task is done; rounds are judged by their gaps when the day is over."""
    if PATROL_TASK.state(coming.case.state).final:
        return False
    return coming.sent.done is not None and coming.case.facts.get("kind") != schedule.ROUNDS


def _take_in(session: Session, coming: Arrival, *, actor: Actor, at: datetime) -> dict[str, Any]:
    case, sent, before = coming.case, coming.sent, _before(session, coming.case.id)
    elsewhere = arrival.visits_elsewhere(session, coming, actor.person_id, at=at)
    arrival.doubt_the_way(coming, before.check_ins, {row.point for row in before.answers}, elsewhere)
    rows = arrival.rows_of(coming, actor)
    stands = standing.resolve_all([*map(_given, before.answers), *map(_given_row, rows.answers)])
    for row in rows.answers:
        row["stands"], row["against"] = stands[row["id"]].stands, stands[row["id"]].against
    sha256 = sealing.digest(rows.check_ins, rows.answers, coming.doubts)
    _write(session, coming, rows, sha256, actor=actor, at=at)
    _restand(session, before.answers, stands)
    failing = [one for one in coming.answers if one.outcome == "fail" and stands[one.answer.id].stands]
    marks = [row.doubts for row in (*before.answers, *before.check_ins, *before.batches)]
    marks += [row["doubts"] for row in (*rows.answers, *rows.check_ins)] + [coming.doubts]
    conflicts = [one for one, how in stands.items() if how.stands and how.against]
    if not coming.is_empty or coming.doubts or case.state == OPEN.name:
        data = {"batch": sent.batch, "device": sent.device, "check_ins": len(rows.check_ins),
                "answers": len(rows.answers), "failed": len(failing), "sha256": sha256,
                "doubts": presence.open_count(marks), "conflicts": len(conflicts)}  # fmt: skip
        cases.fire(session, case, "start" if case.state == OPEN.name else "record", actor=actor, at=at, data=data)
    opened = consequences.order(session, case, coming.sheet, failing, actor=actor, at=at)
    news = consequences.unheard_of(failing, before.answers)
    consequences.report_critical(session, case, coming.sheet, news, opened, at=at)
    _count(session, coming, before, rows, stands)
    if case.facts.get("kind") == schedule.ROUNDS and coming.reading.is_certain:
        judging.prove_in_time(session, case, actor=actor, at=at)
    elif _ends(coming):
        case = _end(session, coming, before, rows, stands, actor=actor, at=at)
    said = _answer(sent, case, accepted=coming.accepted, refused=coming.refused, doubts=_marked(coming),
                   conflicts=conflicts, opened=opened, at=at)  # fmt: skip
    kept = update(_BATCHES).where(_BATCHES.c.id == sent.batch).values(outcome=_kept(said))
    session.connection().execute(kept)
    return said


def _before(session: Session, case_id: UUID) -> _Before:
    of = [
        list(session.execute(select(table).where(table.c.case_id == case_id)).all())
        for table in (_ANSWERS, _CHECK_INS, _BATCHES)
    ]
    return _Before(*of)


def _given(row: Any) -> tuple[tuple[int, int, str], Given]:  # noqa: ANN401 - a row
    given = Given(row.id, row.device_id, row.seq, row.at, row.outcome, row.value, row.settled_at)
    return (row.round, row.point, row.item), given


def _given_row(row: Mapping[str, Any]) -> tuple[tuple[int, int, str], Given]:
    given = Given(row["id"], row["device_id"], row["seq"], row["at"], row["outcome"], row["value"])
    return (row["round"], row["point"], row["item"]), given


def _write(session: Session, coming: Arrival, rows: Rows, sha256: str, *, actor: Actor, at: datetime) -> None:
    connection, sent = session.connection(), coming.sent
    batch: dict[str, Any] = {
        "id": sent.batch, "case_id": coming.case.id, "person_id": actor.person_id, "device_id": sent.device,
        "sent_at": sent.sent_at, "received_at": at, "skew_seconds": coming.reading.skew.total_seconds(),
        "sha256": sha256, "doubts": coming.doubts, "outcome": {},
    }  # fmt: skip
    connection.execute(insert(_BATCHES), [batch])
    if rows.check_ins:
        connection.execute(insert(_CHECK_INS), rows.check_ins)
    if rows.answers:
        connection.execute(insert(_ANSWERS), rows.answers)


def _restand(session: Session, before: Iterable[Any], stands: Mapping[UUID, Standing]) -> None:
    """Write down which of the earlier answers stand differently now."""
    changed = [
        {"_id": row.id, "_stands": stands[row.id].stands, "_against": stands[row.id].against}
        for row in before
        if (row.stands, row.against) != (stands[row.id].stands, stands[row.id].against)
    ]
    if changed:
        session.connection().execute(_STANDS, changed)


def _count(
    session: Session, coming: Arrival, before: _Before, rows: Rows, stands: Mapping[UUID, Standing]
) -> tuple[int, int]:
    """Keep at the task how many points were visited and how many answers that stand are not fine; return both."""
    points = {row.point for row in (*before.check_ins, *before.answers)}
    points |= {row["point"] for row in (*rows.check_ins, *rows.answers)}
    outcomes = {row.id: row.outcome for row in before.answers} | {row["id"]: row["outcome"] for row in rows.answers}
    failed = sum(1 for one, outcome in outcomes.items() if outcome == "fail" and stands[one].stands)
    done = len(points - {VENUE_ITSELF})
    here = update(_TASKS).where(_TASKS.c.case_id == coming.case.id)
    session.connection().execute(here.values(points_done=done, failed=failed))
    return done, failed


def _end(
    session: Session, coming: Arrival, before: _Before, rows: Rows, stands: Mapping[UUID, Standing],
    *, actor: Actor, at: datetime,
) -> Case:  # fmt: skip
    """End the task, or refuse `done` by name when something is not answered yet."""
    sent, sheet = coming.sent, coming.sheet
    given = {
        (row["point"], row["item"]): (row["outcome"], row["value"], row["version_id"])
        for row in [*(dict(row._mapping) for row in before.answers), *rows.answers]  # noqa: SLF001 - SQLAlchemy's public name
        if stands[row["id"]].stands
    }
    answered = {key: (outcome, value) for key, (outcome, value, _) in given.items()}
    visited = {row.point for row in before.check_ins} | {row["point"] for row in rows.check_ins}
    versions = [sheet.version, *_others(session, {version for *_, version in given.values()} - {sheet.version.id})]
    typed = sent.done.typed if sent.done else ""
    is_signed = bool(typed) or (sent.done is not None and sent.done.signature is not None)
    lacking = min(
        finishing.missing(sheet, version, answered, visited=visited, is_signed=is_signed) for version in versions
    )
    if lacking:
        reason = Sentence("Answers still missing: %(count)s.", count=lacking)
        coming.refused.append(Refusal(sent.batch, "done", reason))
        return coming.case
    if sheet.version.is_signed and not is_signed:
        coming.refused.append(Refusal(sent.batch, "signature", Sentence("The signature is missing.")))
        return coming.case
    if typed and (wrong := finishing.not_own_name(session, typed, actor=actor)) is not None:
        coming.refused.append(Refusal(sent.batch, "signature", wrong))
        return coming.case
    done, failed = _count(session, coming, before, rows, stands)
    return finishing.finish(
        session, coming.case, ended=coming.reading.by_id[sent.batch], points=len(sheet.points), points_done=done,
        failed=failed, signed=sent.done, actor=actor, at=at,
    )  # fmt: skip


def _others(session: Session, ids: Iterable[UUID]) -> list[ChecklistVersion]:
    return [session.get_one(ChecklistVersion, version) for version in ids]


def _marked(coming: Arrival) -> list[tuple[UUID, str, Sentence]]:
    marks = [(one.id, doubts) for one, doubts in coming.check_ins]
    marks += [(one.answer.id, one.doubts) for one in coming.answers] + [(coming.sent.batch, coming.doubts)]
    return [(one, doubt["kind"], presence.reason(doubt)) for one, doubts in marks for doubt in doubts]


def _answer(
    sent: Delivery, case: Case | None, *, at: datetime, accepted: Iterable[UUID] = (),
    refused: Iterable[Refusal] = (), doubts: Iterable[tuple[UUID, str, Sentence]] = (),
    conflicts: Iterable[UUID] = (), opened: Iterable[Opened] = (),
) -> dict[str, Any]:  # fmt: skip
    return {
        "batch": str(sent.batch),
        "task": str(sent.task),
        "state": case.state if case else None,
        "accepted": [str(one) for one in accepted],
        "refused": [{"id": str(one.id), "field": one.field, "reason": one.reason} for one in refused],
        "doubts": [{"id": str(one), "kind": kind, "reason": reason} for one, kind, reason in doubts],
        "conflicts": [str(one) for one in conflicts],
        "rectifications": [{"answer": str(one.answer), "number": one.number} for one in opened],
        "at": at.isoformat(),
    }


def _kept(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with its sentences as data: asked again in another language, it is said in that."""
    return {
        name: [_unsaid(part) for part in value] if isinstance(value, list) else value for name, value in said.items()
    }


def _unsaid(part: Any) -> Any:  # noqa: ANN401 - an id, or what is said of one
    if not isinstance(part, dict) or "reason" not in part:
        return part
    reason: Sentence = part["reason"]
    params = {name: _plain(value) for name, value in reason.params.items()}
    return {**part, "reason": {"text": reason.text, "params": params}}


def _plain(value: Any) -> Any:  # noqa: ANN401 - what stands in a sentence
    if isinstance(value, Label):
        return {"zh": value.zh, "en": value.en}
    return value if isinstance(value, int | float) else str(value)


def _again(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer a delivery got, from what was kept of it."""

    def said(part: Any) -> Any:  # noqa: ANN401 - as above
        if not isinstance(part, dict) or "reason" not in part:
            return part
        params = part["reason"]["params"]
        told = {name: Label(**value) if isinstance(value, dict) else value for name, value in params.items()}
        return {**part, "reason": Sentence(part["reason"]["text"], **told)}

    return {
        name: [said(part) for part in value] if isinstance(value, list) else value for name, value in outcome.items()
    }
