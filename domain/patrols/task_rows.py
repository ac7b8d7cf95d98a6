"""Keeps the row of a patrol in step with its case: after every step, in its transaction. Imported, it is registered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, update
from sqlmodel import Session

from domain import cases
from domain.cases import Step
from domain.models import Case, PatrolTask
from domain.processes.patrol_task import OPEN, OUTCOMES, PATROL_TASK, SCHEDULED

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_OUTCOME_OF = {state.name: outcome for state, outcome in OUTCOMES.items()}
_UNTOUCHED = frozenset({SCHEDULED.name, OPEN.name})
_DONE = frozenset({"done", "late"})
_KEPT = ("outcome", "done_by", "done_at", "doubts", "conflicts")
_FOLLOW = (
    update(_TASKS)
    .where(_TASKS.c.case_id == bindparam("_case_id"))
    .values({name: bindparam(name) for name in _KEPT})
)  # fmt: skip
_FOLLOW_LATER = _FOLLOW.values(
    # Who completed it stays who did, whoever brings records afterwards.
    done_by=func.coalesce(_TASKS.c.done_by, bindparam("done_by", type_=_TASKS.c.done_by.type))
)
_REBIND = update(_TASKS).where(_TASKS.c.case_id == bindparam("_case_id")).values(version_id=bindparam("_version"))


def follow(session: Session, case: Case, *, by: UUID | None = None) -> None:
    """Copy how a case stands into its row; `by` completed it (None: before, or nobody).

    Done again, it changes nothing.

    `cases.fire` has it done already, whoever fires.
    """
    if case.state in _UNTOUCHED:
        return  # as it was planned: nothing to copy, eighty thousand times a day
    facts, outcome = case.facts, _OUTCOME_OF.get(case.state, "")
    took_part = [UUID(person) for person in facts.get("done_by", ())]
    ended = facts.get("worked_until") if outcome in _DONE else None
    session.connection().execute(
        _FOLLOW_LATER if ended and by is None else _FOLLOW,
        {
            "_case_id": case.id,
            "outcome": outcome,
            "done_by": (by or (took_part[-1] if took_part else None)) if ended else None,
            "done_at": datetime.fromisoformat(ended) if ended else None,
            "doubts": facts.get("doubts", 0),
            "conflicts": facts.get("conflicts", 0),
        },
    )


@cases.follows(PATROL_TASK.name)
def _follow(session: Session, step: Step) -> None:
    if step.plan.transition.name == "rebind":
        given = {"_case_id": step.case.id, "_version": step.form.version}
        session.connection().execute(_REBIND, given)
        return
    completes = step.plan.transition.name in {"complete", "complete_late", "prove_in_time"}
    follow(session, step.case, by=step.plan.actor.person_id if completes else None)
