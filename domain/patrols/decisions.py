"""People decide on doubts and on two answers that differ: beside the steps `decide_doubt` and `decide_conflict`.

Imported, it is registered. What was decided stands in the timeline with its reason; the rows only follow.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from domain import cases, rectifications
from domain.cases import FieldRefused, Step
from domain.language import Sentence
from domain.models import Case, CaseLink, PatrolAnswer, PatrolBatch, PatrolCheckIn, PatrolTask
from domain.patrols import presence
from domain.workflow import FieldRefusal

_CHECK_INS: Any = PatrolCheckIn.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
_BATCHES: Any = PatrolBatch.__table__  # type: ignore[attr-defined]
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
DOUBTED = (_CHECK_INS, _ANSWERS, _BATCHES)
"""What can bear a mark of doubt."""


@cases.before("settle_doubt")
def settle_doubt(session: Session, step: Step) -> dict[str, Any]:
    """Write a decision to every open mark of one record, and count what is left."""
    _hold(session, step)
    for table in DOUBTED:
        here = (table.c.id == step.form.subject) & (table.c.case_id == step.case.id)
        row = session.execute(select(table.c.doubts).where(here)).first()
        if row is None or not any(presence.is_open(doubt) for doubt in row.doubts):
            continue
        decided = {"verdict": step.form.verdict.value, "at": step.at.isoformat(), "reason": step.form.reason,
                   "by": str(step.plan.actor.person_id), "name": step.plan.actor.name}  # fmt: skip
        doubts = [{**doubt, "decided": decided} if presence.is_open(doubt) else doubt for doubt in row.doubts]
        session.connection().execute(update(table).where(here).values(doubts=doubts))
        return {"facts": {"doubts": open_doubts(session, step.case.id)}}
    raise FieldRefused(FieldRefusal("subject", Sentence("There is no open doubt about this record.")))


def open_doubts(session: Session, case_id: UUID) -> int:
    """Return how many records of a task have a mark nobody has decided on."""
    queries = [select(table.c.doubts).where(table.c.case_id == case_id) for table in DOUBTED]
    return presence.open_count(doubts for query in queries for doubts in session.execute(query).scalars())


@cases.before("settle_conflict")
def settle_conflict(session: Session, step: Step) -> dict[str, Any]:
    """Let one of the answers that differ stand; the others are kept beside it. Count what is left."""
    _hold(session, step)
    case_id, chosen = step.case.id, step.form.answer
    mine = _ANSWERS.c.case_id == case_id
    row = session.execute(select(_ANSWERS).where(mine, _ANSWERS.c.id == chosen)).first()
    if row is None or row.against is None:
        raise FieldRefused(FieldRefusal("answer", Sentence("This answer differs from no other any more.")))
    same = mine & (_ANSWERS.c.round == row.round) & (_ANSWERS.c.point == row.point) & (_ANSWERS.c.item == row.item)
    other = _ANSWERS.c.id != chosen
    said_fail = (same, other, _ANSWERS.c.outcome == "fail", _ANSWERS.c.rectification_id.is_not(None))
    ordered = set(session.execute(select(_ANSWERS.c.rectification_id).where(*said_fail)).scalars())
    lost = update(_ANSWERS).where(same, other).values(stands=False, against=None, settled_at=step.at)
    session.connection().execute(lost)
    session.connection().execute(update(_ANSWERS).where(same, ~other).values(stands=True, against=None))
    if row.outcome != "fail":
        _take_back(session, step, ordered)
    count = select(func.count()).select_from(_ANSWERS)
    failed = session.execute(count.where(mine, _ANSWERS.c.stands, _ANSWERS.c.outcome == "fail")).scalar_one()
    session.connection().execute(update(_TASKS).where(_TASKS.c.case_id == case_id).values(failed=failed))
    left = session.execute(count.where(mine, _ANSWERS.c.stands, _ANSWERS.c.against.is_not(None))).scalar_one()
    return {"facts": {"conflicts": left}}


def _hold(session: Session, step: Step) -> None:
    """Wait for a delivery that is being taken in, which holds the case before its answers; the version tells of it."""
    session.execute(select(col(Case.id)).where(col(Case.id) == step.case.id).with_for_update())


def _take_back(session: Session, step: Step, ordered: set[UUID]) -> None:
    """Take back the rectifications that no answer of any patrol which still stands asks for."""
    for rectification in sorted(ordered):
        links = (col(CaseLink.to_id) == rectification, col(CaseLink.kind) == rectifications.FOUND_AGAIN)
        again = select(CaseLink.from_id).where(*links)  # type: ignore[call-overload]
        first = select(col(Case.parent_id)).where(col(Case.id) == rectification)
        asks = select(_ANSWERS.c.id).where(
            _ANSWERS.c.case_id.in_(again) | _ANSWERS.c.case_id.in_(first), _ANSWERS.c.stands,
            _ANSWERS.c.outcome == "fail", _ANSWERS.c.rectification_id == rectification,
        )  # fmt: skip
        if session.execute(asks.limit(1)).first() is None:
            rectifications.overrule(session, rectification, task=step.case, reason=step.form.reason, at=step.at)
