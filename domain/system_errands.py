"""What the system promised itself and could not do yet: who looks after it, and what they are told.

An errand somebody asked for waits on their own page when it fails; one of the timetable has nobody but the
administrators. They see each here until it is done, cancelled, or too long ago.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from domain import errands, notices, people
from domain.errand_kinds import KINDS
from domain.errands import UnknownErrand
from domain.models import Errand
from domain.rights import RIGHTS, Right

KEEPS_THEM = Right.CHANGE_SETTINGS
"""Who sees the system's errands and has them tried again."""
NOTICE = "errand"
LATE_AFTER = timedelta(hours=1)
"""A report of the night that is not made so long after it was promised is worth a look."""
FAILED_SHOWN_FOR = timedelta(days=14)
"""What cannot be done at all is shown so long; what is held, until somebody decides."""

_ERRAND: Any = Errand.__table__  # type: ignore[attr-defined]


def troubled(session: Session, *, at: datetime, most: int) -> list[Errand]:
    """Return up to `most` errands of the system that are held, have failed or have waited too long, newest first."""
    looked_after = [name for name, kind in KINDS.items() if not kind.is_fleeting]
    long_ones = [name for name, kind in KINDS.items() if kind.is_long]
    columns = _ERRAND.c
    is_in_trouble = or_(
        columns.state == "held",
        and_(columns.state == "failed", columns.settled_at > at - FAILED_SHOWN_FOR),
        and_(columns.state == "pending", columns.kind.in_(long_ones), columns.made_at <= at - LATE_AFTER),
    )
    query = select(Errand).where(columns.made_by.is_(None), columns.kind.in_(looked_after), is_in_trouble)
    query = query.order_by(col(Errand.made_at).desc(), col(Errand.id).desc()).limit(most)
    return list(session.execute(query).scalars())


def by_id(session: Session, errand_id: UUID) -> Errand:
    """Return an errand of the system's own; raises `UnknownErrand` for anybody's as if it did not exist."""
    found = errands.by_id(session, errand_id)
    if found.made_by is not None:
        raise UnknownErrand(str(errand_id))
    return found


def tell(session: Session, errand: Errand, *, at: datetime) -> int:
    """Tell the administrators that an errand of the system needs them; return how many were told anew.

    Of each kind once a day: when a library is missing, every scope of a report fails of it.
    """
    if errand.made_by is not None or errand.kind not in KINDS or KINDS[errand.kind].is_fleeting:
        return 0
    day = people.local_day(at)
    keepers = people.with_role(session, RIGHTS[KEEPS_THEM], day=day)
    return sum(
        notices.note(
            session, keeper.id, key=f"{NOTICE}:{errand.kind}:{day}:{keeper.id}", kind=NOTICE,
            data={"errand": str(errand.id), "kind": errand.kind}, at=at,
        )
        for keeper in keepers
    )  # fmt: skip


def tell_if_late(session: Session, errand: Errand, *, at: datetime) -> int:
    """Tell the administrators of an errand that is put off again and again, once it is late."""
    return tell(session, errand, at=at) if at - errand.made_at >= LATE_AFTER else 0
