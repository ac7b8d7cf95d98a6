"""Which messages wait until the quiet hours are over: all but those on which lives may depend."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import escalation, quiet_hours
from domain.actors import RECEIPT_HOLDERS
from domain.escalation import Gravity
from domain.models import Case, TimelineEntry
from notifications.recipients import Telling

AWAKE_FOR = timedelta(hours=1)
"""So long after they did something a reporter hears of it at once: it acknowledges what they have just done."""
LOOKED_AT_AGAIN = timedelta(minutes=15)
"""What waits is looked at so often: a case that has become grave, or other quiet hours, end the waiting."""


def waits_until(session: Session, case: Case, telling: Telling, *, at: datetime) -> datetime | None:
    """Return when the quiet hours end that a message of this case waits for; None: it goes out at once.

    Where lives may depend on a case, nothing of it waits, whoever it is for.
    """
    over_at = quiet_hours.current(session).over_at(at)
    if over_at is None or telling.at_any_hour or escalation.gravity_of(case) is Gravity.LIFE_SAFETY:
        return None
    if telling.to_outsider and at - _last_heard(session, case) <= AWAKE_FOR:
        return None
    return over_at


def _last_heard(session: Session, case: Case) -> datetime:
    """Return when who reported or applied last did something; the opening is theirs, also through a colleague."""
    own = select(func.max(col(TimelineEntry.at))).where(
        col(TimelineEntry.case_id) == case.id,
        col(TimelineEntry.actor_role).in_([role.value for role in RECEIPT_HOLDERS]),
    )
    last: datetime | None = session.execute(own).scalar_one()
    return max(case.opened_at, last) if last else case.opened_at
