"""Makes cases what an older product left: entries that kept nothing of what followed, clocks without their limits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from domain import audit
from domain.models import Case, TimelineEntry

KNOWN_THEN = ("started_at", "due_at", "running", "provisional", "level", "stopped_at")
"""What a clock of a case was in revision 0002."""


def make_old(session: Session, case: Case) -> None:
    """Take from a case and its timeline what revision 0002 did not keep; the chain is whole."""
    head, entries = audit.GENESIS, TimelineEntry.__table__
    for entry in session.exec(
        select(TimelineEntry).where(TimelineEntry.case_id == case.id).order_by(col(TimelineEntry.seq))
    ):
        row: dict[str, Any] = {**entry.model_dump(), "decided": {}}
        head = audit.entry_hash(head, row)
        this = (entries.c.case_id == case.id) & (entries.c.seq == entry.seq)
        session.execute(update(entries).where(this).values(decided={}, hash=head))
    clocks = {name: {key: stored[key] for key in KNOWN_THEN} for name, stored in case.clocks.items()}
    session.execute(update(Case.__table__).where(Case.__table__.c.id == case.id).values(clocks=clocks, chain_head=head))
    session.expire_all()
