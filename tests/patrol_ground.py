"""Plans, checklists and rosters for the tests of patrols, put straight into their tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain.identifiers import new_id
from domain.models import ChecklistTemplate, ChecklistVersion, PatrolPlan, Venue
from domain.patrols import schedule
from tests.world import World

SINCE = date(2026, 1, 1)
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
OPEN_LATE = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "until": "22:00"}]


@dataclass
class Ground:
    """What is planned in the small city."""

    world: World
    templates: dict[str, UUID] = field(default_factory=dict)
    versions: dict[str, UUID] = field(default_factory=dict)

    def checklist(self, session: Session, frequency: str, *, from_on: date = SINCE, number: int = 1) -> UUID:
        """Add a checklist, or another version of it, and return its id."""
        if frequency not in self.templates:
            template = ChecklistTemplate(
                id=new_id(), code=f"own:{frequency}", zh=f"{frequency} 检查", frequency=frequency, made_at=MADE_AT
            )  # fmt: skip
            session.add(template)
            session.flush()
            self.templates[frequency] = template.id
        version = ChecklistVersion(id=new_id(), template_id=self.templates[frequency], number=number, from_on=from_on,
                                   items=[], sha256="0" * 64, made_at=MADE_AT)  # fmt: skip
        session.add(version)
        session.flush()
        self.versions[f"{frequency}/{number}"] = version.id
        return self.templates[frequency]

    def plan(
        self, session: Session, venue: str, frequency: str, *, from_on: date = SINCE,
        rule: Mapping[str, Any] | None = None, series_id: UUID | None = None, **columns: Any,
    ) -> PatrolPlan:  # fmt: skip
        """Add a plan by a frequency of the catalogue (its rule changed by `rule`) and return it."""
        template = self.templates.get(frequency) or self.checklist(session, frequency)
        made = schedule.Rule.of_json({**schedule.default_for(frequency).to_json(), **(rule or {})})
        row = PatrolPlan(
            id=new_id(), series_id=series_id or new_id(), venue_id=self.world.venues.get(venue) or UUID(venue),
            template_id=template, kind=made.kind, rule=made.to_json(), rule_key=made.digest(), from_on=from_on,
            made_at=MADE_AT, **{"role": "officer", **columns},
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row


def open_late(session: Session, world: World, *venues: str) -> None:
    """Give venues opening hours: daily 09:00 to 22:00."""
    for venue in venues:
        row = session.get(Venue, world.venues[venue])
        assert row is not None
        row.hours = OPEN_LATE
        session.add(row)
    session.flush()
