"""Measured cases put in by hand: what `domain.measures` would have written of a timeline, for what only counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from domain import measures
from domain.identifiers import new_id
from domain.models import AreaBoundary, Case, CaseMeasure, MeasuredUntil, StageMeasure, Venue
from domain.routing import fingerprint
from domain.settings import city_zone
from tests.world import World

SPOTS = {"kuancheng": (24.61, 102.92), "market": (24.62, 102.96)}
"""Where two venues of the world lie: each in the outline of its grid."""


def measured(session: Session, world: World, *, area: str | None, venue: str | None = None, **said: Any) -> UUID:
    """Insert one measured case; whatever is not said is that of an open hazard report of the day before yesterday."""
    at = said.pop("opened_at", world.clock.now - timedelta(days=2))
    case_id, process, state = new_id(), said.pop("process", "hazard_report"), said.pop("state", "accepted")
    shared = {
        "area_id": world.areas[area] if area else None, "venue_id": world.venues[venue] if venue else None,
        "due_at": said.pop("due_at", None), "hazard_code": said.pop("hazard_code", None),
        "assignee_id": said.pop("assignee_id", None),
    }  # fmt: skip
    session.add(
        Case(id=case_id, number=f"JB-2026-{case_id.hex[-8:]}", process=process, state=state, chain_head=b"-",
             opened_at=at, changed_at=at, closed_at=said.get("ended_at"), **shared)
    )  # fmt: skip
    session.flush()
    session.add(
        CaseMeasure(case_id=case_id, seq=1, measured_seq=1, process=process, opened_at=at,
                    opened_on=at.astimezone(city_zone()).date(), state=state, from_at=at, **shared, **said)
    )  # fmt: skip
    return case_id


def staged(session: Session, case_id: UUID, stage: str, *, opened_at: datetime, due_at: datetime, **said: Any) -> None:
    """Insert one run of a clock of such a case."""
    process = said.pop("process", "hazard_report")
    session.add(
        StageMeasure(case_id=case_id, stage=stage, run=said.pop("run", 1), seq=1, process=process, opened_at=opened_at,
                     kind="statutory", started_at=opened_at, due_at=due_at, from_at=opened_at, **said)
    )  # fmt: skip


def all_measured(session: Session, at: datetime) -> None:
    """Say that everything before `at` is measured, and pack it as what measures does."""
    session.merge(MeasuredUntil(at=at))
    session.flush()
    days = session.execute(select(col(CaseMeasure.process), col(CaseMeasure.opened_on)).distinct())
    measures.pack_days(session, [(row[0], row[1]) for row in days])


def outlined(session: Session, world: World) -> None:
    """Give the three grids outlines side by side, and two venues a place in them."""
    for number, code in enumerate(("guanglong", "fuxian", "empty")):
        west = round(102.9 + number * 0.05, 6)
        ring = [[west, 24.6], [west + 0.04, 24.6], [west + 0.04, 24.64], [west, 24.64], [west, 24.6]]
        geometry = {"type": "MultiPolygon", "coordinates": [[ring]]}
        session.add(AreaBoundary(id=new_id(), area_id=world.areas[code], geometry=geometry,
                                 sha256=fingerprint(geometry), from_at=datetime(2020, 1, 1, tzinfo=UTC)))  # fmt: skip
    for name, (lat, lon) in SPOTS.items():
        venue = session.get_one(Venue, world.venues[name])
        venue.lat, venue.lon = lat, lon
