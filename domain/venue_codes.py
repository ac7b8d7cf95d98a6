"""The code at a venue's door: made, and replaced when the sheet was lost, copied or forged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, people, register_log
from domain.actors import Actor
from domain.identifiers import new_venue_code
from domain.language import Sentence
from domain.models import Venue, VenueCode
from domain.rights import Right

RIGHT = Right.PRINT_CODES
"""Who may print a venue's sheet may replace its code: whoever finds the sheet torn off or covered stands at the door.

A re-issue harms nobody who uses the new sheet, is told in the register's record with its reason, and the old code goes
on to say that it was replaced."""
LONGEST_REASON = 200


class CodeNotReissued(Exception):
    """The venue gets no other code; `reason` says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FormerCode:
    """A code a venue had, until when, and why it has another."""

    code: str
    ended_at: datetime
    reason: str


def free_code(session: Session) -> str:
    """Return a code that no venue has or ever had."""
    while True:
        code = new_venue_code()
        taken = (session.execute(select(found).where(found == code)).first() for found in _CODES)
        if not any(taken):
            return code


_CODES = (col(Venue.code), col(VenueCode.code))


def reissue(session: Session, venue_id: UUID, *, reason: str, replacing: str, actor: Actor, at: datetime) -> str:
    """Give a venue another code and return it; from now on the old one only says that it was replaced.

    `replacing` is the code the page showed: sent twice, the second finds its work done and gets the new code. Raises
    `CodeNotReissued`, and what `access.require` raises.
    """
    access.require(session, actor, RIGHT, venue_id=venue_id)
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise CodeNotReissued(Sentence("Say why the code is replaced."))
    if len(reason) > LONGEST_REASON:
        raise CodeNotReissued(Sentence("At most %(most)s characters.", most=LONGEST_REASON))
    venue: Venue = session.execute(select(Venue).where(col(Venue.id) == venue_id).with_for_update()).scalar_one()
    if venue.code != replacing:
        return venue.code
    if not venue.is_open(people.local_day(at)):
        raise CodeNotReissued(Sentence("This venue is closed."))
    old, venue.code = venue.code, free_code(session)
    session.add(VenueCode(code=old, venue_id=venue.id, ended_at=at, reason=reason))
    session.flush()
    changed = {"code": [old, venue.code], "reason": reason}
    register_log.record(session, "venue", venue.id, "reissue_code", actor=actor, at=at, data=changed)
    return venue.code


def former(session: Session, venue_id: UUID) -> Sequence[FormerCode]:
    """Return the codes a venue had before, the last one first."""
    query = select(VenueCode).where(col(VenueCode.venue_id) == venue_id).order_by(col(VenueCode.ended_at).desc())
    return [FormerCode(row.code, row.ended_at, row.reason) for row in session.execute(query).scalars()]
