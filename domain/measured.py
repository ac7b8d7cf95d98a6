"""What reports count of a case and of each run of its clocks, and since when: from its timeline. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain import history
from domain.history import Entry, Standing
from domain.processes import measuring
from domain.processes.measuring import Came
from domain.timing import Reading
from domain.workflow import Clock, Workflow

TIMER = "timer"
OrganisationOf = Callable[[UUID, UUID | None, datetime], UUID | None]
"""(assignee, area, since when they have it) → the organisation of the post they hold it by."""
IndustryOf = Callable[[UUID, datetime], str | None]
"""(venue, since when it is about it) → its industry."""


@dataclass(frozen=True, slots=True)
class RegisterThen:
    """What the register said, for entries of before they kept it themselves."""

    organisation_of: OrganisationOf = lambda *_: None
    industry_of: IndustryOf = lambda *_: None


@dataclass(frozen=True, slots=True)
class CaseVersion:
    """A case from the entry `seq` on, until the next version; a row of `case_measure` or of its past."""

    seq: int
    from_at: datetime
    area_id: UUID | None
    organisation_id: UUID | None
    assignee_id: UUID | None
    venue_id: UUID | None
    industry: str | None
    hazard_code: str | None
    opened_at: datetime
    state: str
    ended_at: datetime | None
    result: str | None
    disputed: bool
    reopened: int
    rating: int | None
    due_at: datetime | None
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StageVersion:
    """A run of a clock from the entry `seq` on, until the next version."""

    seq: int
    from_at: datetime
    stage: str
    run: int
    kind: str
    rule: str
    opened_at: datetime
    started_at: datetime
    due_at: datetime
    provisional: bool
    paused: bool
    stopped_at: datetime | None
    fulfilled: bool | None
    minutes: int | None
    until_at: datetime | None = None


Version = TypeVar("Version", CaseVersion, StageVersion)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was ever true of a case, the oldest first; the last of each has no end."""

    seq: int
    """Up to which entry."""
    cases: tuple[CaseVersion, ...]
    stages: tuple[StageVersion, ...]


def measure(workflow: Workflow, entries: Iterable[Entry], *, then: RegisterThen) -> Measured:
    """Return what the entries of one case, in the order of their `seq`, say; ValueError for none.

    A version holds from the moment of its entry; moments that run backwards (two machines) count as the one before.
    """
    course = _Course(workflow, then)
    for standing in history.replay(workflow, entries):
        course.follow(standing)
    if not course.cases:
        msg = "a case without a timeline"
        raise ValueError(msg)
    return Measured(course.seq, tuple(course.cases), tuple(run for runs in course.stages.values() for run in runs))


@dataclass(slots=True)
class _Course:
    workflow: Workflow
    then: RegisterThen
    seq: int = 0
    at: datetime | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    came: Came = field(default_factory=Came)
    organisation_id: UUID | None = None
    industry: str | None = None
    cases: list[CaseVersion] = field(default_factory=list)
    stages: dict[tuple[str, int], list[StageVersion]] = field(default_factory=dict)

    def follow(self, standing: Standing) -> None:
        """Read one more entry."""
        self.seq, self.at = standing.seq, max(self.at or standing.at, standing.at)
        self.opened_at = self.opened_at or standing.at
        final = self.workflow.state(standing.state).final
        self.ended_at = (self.ended_at or standing.at) if final else None
        self.came = measuring.after(self.workflow, self.came, standing.entry)
        _put(self.cases, self._case(standing, self.at, self.opened_at))
        for clock in self.workflow.clocks:
            if clock.kind != TIMER:
                for reading in standing.clocks.get(clock.name, ()):
                    version = _stage(clock, reading, standing, at=self.at, opened_at=self.opened_at)
                    _put(self.stages.setdefault((clock.name, reading.run), []), version)

    def _case(self, standing: Standing, at: datetime, opened_at: datetime) -> CaseVersion:
        columns = standing.columns
        self._follow_register(standing, at)
        running = [
            standing.clocks[clock.name][-1].due_at
            for clock in self.workflow.clocks
            if clock.kind != TIMER and clock.name in standing.clocks and _counts(standing.clocks[clock.name][-1])
        ]
        return CaseVersion(
            seq=self.seq, from_at=at, area_id=_id(columns.get("area_id")), organisation_id=self.organisation_id,
            assignee_id=_id(columns.get("assignee_id")), venue_id=_id(columns.get("venue_id")),
            industry=self.industry, hazard_code=columns.get("hazard_code"), opened_at=opened_at,
            state=standing.state, ended_at=self.ended_at, result=self.came.result,
            disputed=self.came.disputed, reopened=self.came.reopened, rating=self.came.rating,
            due_at=min(running, default=None),
        )  # fmt: skip

    def _follow_register(self, standing: Standing, at: datetime) -> None:
        """Take what the entry keeps of the register: with an assignee their organisation, with a venue its industry."""
        said = standing.entry.decided.get("columns", {})
        if "organisation_id" in said:
            self.organisation_id = _id(said["organisation_id"])
        elif "assignee_id" in said:
            person, area_id = _id(said["assignee_id"]), _id(standing.columns.get("area_id"))
            self.organisation_id = self.then.organisation_of(person, area_id, at) if person else None
        if "industry" in said:
            self.industry = said["industry"]
        elif "venue_id" in said:
            venue_id = _id(said["venue_id"])
            self.industry = self.then.industry_of(venue_id, at) if venue_id else None


def _counts(reading: Reading) -> bool:
    return reading.running and not reading.is_paused


def _stage(clock: Clock, reading: Reading, standing: Standing, *, at: datetime, opened_at: datetime) -> StageVersion:
    stopped = None if reading.running else reading.stopped_at
    length = int((stopped - reading.started_at).total_seconds() // 60) if stopped else None
    return StageVersion(
        seq=standing.seq, from_at=at, stage=clock.name, run=reading.run, kind=clock.kind,
        rule=reading.limit.rule if reading.limit else "",
        opened_at=opened_at, started_at=reading.started_at, due_at=reading.due_at, provisional=reading.provisional,
        paused=reading.is_paused, stopped_at=stopped, fulfilled=reading.fulfilled if stopped else None, minutes=length,
    )  # fmt: skip


def _put(versions: list[Version], new: Version) -> None:
    """Add a version unless it says what the last one says; one that held for no time at all is none."""
    if not versions:
        versions.append(new)
        return
    last = versions[-1]
    if replace(new, seq=last.seq, from_at=last.from_at) == last:
        return
    if last.from_at == new.from_at:
        versions[-1] = new
        return
    versions[-1] = replace(last, until_at=new.from_at)
    versions.append(new)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
