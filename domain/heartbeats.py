"""Signs of life of the parts of a deployment: who is there, and what each says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.models import Heartbeat

ALIVE_WITHIN = timedelta(seconds=5)
"""A part that was silent for longer is taken for dead; it beats every second."""
FORGOTTEN_AFTER = timedelta(hours=24)


def beat(session: Session, part: str, instance: str, *, at: datetime, data: Mapping[str, Any]) -> None:
    """Say that `instance` of `part` is alive, and how it is."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Heartbeat.__table__)  # type: ignore[attr-defined]
    statement = statement.values(part=part, instance=instance, at=at, data=dict(data))
    statement = statement.on_conflict_do_update(
        index_elements=["part", "instance"], set_={"at": statement.excluded.at, "data": statement.excluded.data}
    )
    session.execute(statement)


def alive(session: Session, part: str, *, at: datetime) -> list[Heartbeat]:
    """Return the instances of a part that beat lately, newest first."""
    table: Any = Heartbeat.__table__  # type: ignore[attr-defined]
    query = select(Heartbeat).where(table.c.part == part, table.c.at >= at - ALIVE_WITHIN)
    return list(session.execute(query.order_by(table.c.at.desc())).scalars())


def silent(session: Session, part: str, *, at: datetime) -> list[Heartbeat]:
    """Return the instances of a part that ended without saying so."""
    table: Any = Heartbeat.__table__  # type: ignore[attr-defined]
    query = select(Heartbeat).where(table.c.part == part, table.c.at < at - ALIVE_WITHIN)
    return list(session.execute(query).scalars())


def forget(session: Session, part: str, instance: str) -> None:
    """Take an instance off the list: it ended in order, or what it left behind was cleared up."""
    table: Any = Heartbeat.__table__  # type: ignore[attr-defined]
    session.execute(delete(table).where(table.c.part == part, table.c.instance == instance))


def forget_old(session: Session, *, at: datetime) -> int:
    """Take everybody off the list who was silent for a day; return how many."""
    table: Any = Heartbeat.__table__  # type: ignore[attr-defined]
    result: Any = session.execute(delete(table).where(table.c.at < at - FORGOTTEN_AFTER))
    return int(result.rowcount)
