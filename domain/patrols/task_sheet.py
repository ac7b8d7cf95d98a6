"""The rows of planned tasks: exactly those `cases.open_case` and a fired `begin` would write, spelled in bulk.

What the tasks of one moment share (clocks, limits, the second entry) is worked out once, by the very functions a single
case goes through; per task remain its ids, its facts and its hash. A test holds both against each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain import audit, belonging, cases, rulebooks, timing
from domain.actors import SYSTEM
from domain.patrols import copying, schedule
from domain.patrols.copying import Cell, Spelling
from domain.patrols.schedule import Slot
from domain.patrols.wanted import Wanted
from domain.processes.everywhere import ClockNotice
from domain.processes.patrol_task import OPEN, PATROL_TASK, SCHEDULED

BEGIN, START = "begin", "start"
CHANNEL = "plan"
LONG, SHARE, BEFORE = timedelta(hours=4), 0.75, timedelta(minutes=30)
"""What has so much time is reminded of at that share of it; what has less, so long before its end."""
AT_ONCE = timedelta(minutes=1)
"""A moment no round of reminders has passed when the task is planned."""
_ROLE = next(iter(SYSTEM.roles)).value

CASES = ("id", "number", "process", "state", "version", "chain_head", "opened_at", "changed_at", "venue_id", "area_id",
         "place", "assignee_id", "channel", "facts", "clocks")  # fmt: skip
ENTRIES = ("case_id", "seq", "transition", "source", "target", "actor_role", "actor_name", "at", "data", "decided",
           "hash")  # fmt: skip
CLOCKS = ("case_id", "name", "process", "started_at", "due_at", "provisional", "stopped_at", "level", "breached_at",
          "next_at")  # fmt: skip
TASKS = ("case_id", "plan_id", "series_id", "slot", "version_id", "venue_id", "area_id", "day", "kind", "frequency",
         "starts_at", "due_at", "miss_at", "remind_at", "person_id", "role", "campaign_id", "outcome", "points",
         "points_done", "failed", "doubts", "conflicts")  # fmt: skip


def task_id(plan_id: UUID, slot: Slot, *, again: int = 0) -> UUID:
    """Return the id of a slot's task: the same whoever plans it, whenever; `again`: after so many that were set aside.

    A UUID of version 8 (RFC 9562): the day in front keeps the tasks of a day together in every index, as the time in
    the ids of other cases does; the rest is SHA-256 over the plan's row and the slot.
    """
    named = f"{slot.slot}/{again}" if again else slot.slot
    digest = hashlib.sha256(plan_id.bytes + named.encode()).digest()
    number = _milliseconds(slot.day) << 80 | int.from_bytes(digest[:10], "big")
    number = number & ~(0xF << 76) | 8 << 76
    return UUID(int=number & ~(0b11 << 62) | 0b10 << 62)


@lru_cache(maxsize=64)
def _milliseconds(day: date) -> int:
    """Return when a day begins, in milliseconds since 1970 (UTC: an id is no clock)."""
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


def facts_of(wanted: Wanted) -> dict[str, Any]:
    """Return the facts of a task's case."""
    plan, slot = wanted.plan, wanted.slot
    facts = {
        "plan": str(plan.id), "series": str(plan.series_id), "slot": slot.slot, "kind": plan.kind,
        "title": title_of(wanted), "starts_at": slot.starts_at.isoformat(), "due_at": slot.due_at.isoformat(),
        "miss_at": wanted.miss_at.isoformat(), "late_allowed": plan.is_late_allowed, "role": wanted.carrier.role,
    }  # fmt: skip
    return {**facts, "vacant": True} if wanted.carrier.vacant else facts


def opening_of(wanted: Wanted) -> dict[str, Any]:
    """Return what the first entry of a task says."""
    return {"title": title_of(wanted), "due_at": wanted.slot.due_at.isoformat()}


def columns_of(wanted: Wanted) -> dict[str, Any]:
    """Return the columns of a task's case."""
    return {"venue_id": wanted.venue.id, "area_id": wanted.venue.area_id, "place": wanted.venue.name,
            "assignee_id": wanted.carrier.person_id, "channel": CHANNEL}  # fmt: skip


def title_of(wanted: Wanted) -> str:
    """Return what the task is called."""
    return str(wanted.plan.title or wanted.plan.checklist)


def remind_at(wanted: Wanted) -> datetime:
    """Return when whoever has a task is reminded of it: at three quarters of its time, of a short one before its end.

    Of rounds before the first gap would be too long; of what an event starts at once, nobody could see it come.
    """
    starts_at, due_at = wanted.slot.starts_at, wanted.slot.due_at
    if wanted.rule.window == schedule.EVENT:
        return starts_at + AT_ONCE
    if wanted.rule.gap_minutes is not None:
        due_at = min(due_at, starts_at + timedelta(minutes=wanted.rule.gap_minutes))
    elif due_at - starts_at >= LONG:
        return starts_at + (due_at - starts_at) * SHARE
    return max(starts_at, due_at - BEFORE)


def begun_notice(due_at: datetime) -> dict[str, Any]:
    """Return what the entry `begin` of a task says that is planned after its time has come."""
    notice = ClockNotice(clock=START, level=timing.BREACHED - 1, due_at=due_at)
    return notice.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What tasks that begin and are missed at the same moments share; spelled."""

    limits: str
    """JSON of the limits that the opening gave."""
    second: tuple[bytes, tuple[Cell, ...]] | None
    """Of one that has begun already: the end of the second entry's hashed text, and its cells."""
    of_case: tuple[Cell, ...]
    """State and version."""
    clocks: Cell
    clock_rows: tuple[tuple[Cell, ...], ...]
    times: tuple[Cell, ...]
    """Day, kind, frequency, starts_at, due_at, miss_at, remind_at."""


class Sheet:
    """Spells tasks that are planned at one moment."""

    def __init__(self, session: Session, *, at: datetime, people: set[UUID]) -> None:
        self._at, self._book = at, rulebooks.current(session)
        self._spell: Spelling = copying.spelling_of(session.connection())
        self._bodies = belonging.Posts(session, people) if people else None
        self._moments: dict[tuple[Any, ...], _Moment] = {}
        self._columns: dict[tuple[Any, ...], str] = {}
        self._data: dict[tuple[str, datetime], str] = {}
        spell = self._spell
        self._now = spell.moment(at)
        self._process = spell.text(PATROL_TASK.name)
        self._prologue = f'",1,"{PATROL_TASK.opening.name}",null,"{SCHEDULED.name}",{self._actor()},'
        self._first = tuple(spell.text(word) for word in (PATROL_TASK.opening.name,))
        self._by = (spell.text(_ROLE), spell.text(SYSTEM.name), self._now)
        self._blank = [spell.text(""), *[spell.number(0)] * 4]
        self.cases: list[tuple[Cell, ...]] = []
        self.entries: list[tuple[Cell, ...]] = []
        self.clocks: list[tuple[Cell, ...]] = []
        self.tasks: list[tuple[Cell, ...]] = []

    def _actor(self) -> str:
        """Return the actor and the moment as the hashed text has them."""
        moment = self._at.astimezone(UTC).isoformat(timespec="microseconds")
        return f'null,"{_ROLE}","{SYSTEM.name}","{moment}"'

    def add(self, wanted: Wanted, number: str) -> None:
        """Spell the rows of one task under the number it is given."""
        spell, plan, slot, carrier = self._spell, wanted.plan, wanted.slot, wanted.carrier
        moment = self._moment(wanted)
        here = task_id(plan.id, slot, again=wanted.again).hex
        data, columns = self._first_data(wanted), self._columns_of(wanted)
        decided = f'{{"columns":{columns},"limits":{moment.limits}}}'
        text = f'["{here}{self._prologue}{data},{decided}]'
        head = hashlib.sha256(audit.GENESIS + text.encode()).digest()
        self.entries.append((here, spell.number(1), *self._first, spell.null, spell.text(SCHEDULED.name), *self._by,
                             spell.text(data), spell.text(decided), spell.octets(head)))  # fmt: skip
        if moment.second is not None:
            ending, cells = moment.second
            head = hashlib.sha256(head + f'["{here}'.encode() + ending).digest()
            self.entries.append((here, *cells, spell.octets(head)))
        venue, area = spell.uuid(plan.venue_id), spell.uuid(wanted.venue.area_id)
        person = spell.uuid(carrier.person_id) if carrier.person_id else spell.null
        facts = json.dumps(facts_of(wanted), ensure_ascii=False, separators=(",", ":"))
        self.cases.append((here, spell.text(number), self._process, *moment.of_case, spell.octets(head), self._now,
                           self._now, venue, area, spell.text(wanted.venue.name), person, spell.text(CHANNEL),
                           spell.text(facts), moment.clocks))  # fmt: skip
        self.clocks += [(here, *cells) for cells in moment.clock_rows]
        role = spell.text(carrier.role) if carrier.role else spell.null
        campaign = spell.uuid(plan.campaign_id) if plan.campaign_id else spell.null
        self.tasks.append((here, spell.uuid(plan.id), spell.uuid(plan.series_id), spell.text(slot.slot),
                           spell.uuid(wanted.version_id), venue, area, *moment.times, person, role, campaign,
                           self._blank[0], spell.number(wanted.points), *self._blank[1:]))  # fmt: skip

    def _first_data(self, wanted: Wanted) -> str:
        key = (title_of(wanted), wanted.slot.due_at)
        if key not in self._data:
            self._data[key] = _canonical(opening_of(wanted))
        return self._data[key]

    def _columns_of(self, wanted: Wanted) -> str:
        """Return the JSON of what the first entry keeps of the case's columns and of the register."""
        venue, person = wanted.venue, wanted.carrier.person_id
        key = (venue.id, person)
        if key not in self._columns:
            columns = {"venue_id": str(venue.id), "area_id": str(venue.area_id), "industry": venue.industry}
            if person is not None and self._bodies is not None:
                body = self._bodies.organisation(person, venue.area_id, self._at)
                columns |= {"assignee_id": str(person), "organisation_id": str(body) if body else None}
            self._columns[key] = _canonical(columns)
        return self._columns[key]

    def _moment(self, wanted: Wanted) -> _Moment:
        slot, kind, frequency = wanted.slot, wanted.plan.kind, wanted.rule.frequency
        rule = wanted.rule
        key = (slot.starts_at, slot.due_at, wanted.miss_at, slot.day, kind, frequency, rule.gap_minutes, rule.window)
        if key not in self._moments:
            self._moments[key] = self._worked_out(wanted)
        return self._moments[key]

    def _worked_out(self, wanted: Wanted) -> _Moment:
        spell, at, slot = self._spell, self._at, wanted.slot
        case_id, facts = wanted.plan.id, facts_of(wanted)

        def turned(stored: Mapping[str, Any], source: str | None, state: str) -> dict[str, timing.Reading]:
            after = timing.Snapshot(case_id, state, (), facts, at)
            return timing.turn(PATROL_TASK, stored, source=source, after=after, at=at, reconsider=source is None,
                               book=lambda: self._book)  # fmt: skip

        first = turned({}, None, SCHEDULED.name)
        clocks = {name: reading.stored() for name, reading in first.items()}
        readings, second, state = dict(first), None, SCHEDULED.name
        if slot.starts_at <= at:
            notice = _canonical(begun_notice(first[START].due_at))
            rung = {**clocks, START: {**clocks[START], "level": timing.BREACHED}}
            now = turned(rung, SCHEDULED.name, OPEN.name)
            limits = timing.decided(clocks, now)
            decided = _canonical({"limits": limits} if limits else {})
            ending = (f'",2,"{BEGIN}","{SCHEDULED.name}","{OPEN.name}",{self._actor()},{notice}'
                      + (f",{decided}]" if limits else "]"))  # fmt: skip
            second = (ending.encode(), (spell.number(2), *map(spell.text, (BEGIN, SCHEDULED.name, OPEN.name)),
                                        *self._by, spell.text(notice), spell.text(decided)))  # fmt: skip
            clocks = {**rung, **{name: reading.stored() for name, reading in now.items()}}
            readings, state = {**readings, **now}, OPEN.name
        day_and_kind = (spell.day(slot.day), spell.text(wanted.plan.kind), spell.text(wanted.rule.frequency))
        times = (spell.moment(one) for one in (slot.starts_at, slot.due_at, wanted.miss_at, remind_at(wanted)))
        return _Moment(
            limits=_canonical(timing.decided({}, first)),
            second=second,
            of_case=(spell.text(state), spell.number(2 if second else 1)),
            clocks=spell.text(json.dumps(clocks)),
            clock_rows=tuple(self._clock_cells(case_id, readings)),
            times=(*day_and_kind, *times),
        )

    def _clock_cells(self, case_id: UUID, readings: Mapping[str, timing.Reading]) -> list[tuple[Cell, ...]]:
        spell = self._spell

        def moment(value: datetime | None) -> Cell:
            return spell.moment(value) if value else spell.null

        return [
            (spell.text(row["name"]), self._process, moment(row["started_at"]), moment(row["due_at"]),
             spell.flag(value=row["provisional"]), moment(row["stopped_at"]), spell.number(row["level"]),
             self._now if row["level"] == timing.BREACHED else spell.null, moment(row["next_at"]))
            for row in cases.clock_rows(PATROL_TASK, case_id, readings)
        ]  # fmt: skip


def _canonical(value: Mapping[str, Any]) -> str:
    """Return JSON as `audit.entry_hash` spells it within an entry."""
    return json.dumps(audit.canonical(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
