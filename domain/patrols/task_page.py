"""Everything the page of one patrol shows: who was where, what was found under which wording, what is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import cases, catalogue
from domain.actors import ROLE_LABELS, Actor, Role
from domain.language import Label, Sentence
from domain.models import (
    Case,
    CaseLink,
    ChecklistTemplate,
    ChecklistVersion,
    PatrolAnswer,
    PatrolBatch,
    PatrolCheckIn,
    PatrolTask,
    Person,
    Photo,
    TimelineEntry,
)
from domain.patrols import presence, schedule, templates
from domain.patrols.items import Item
from domain.patrols.sheet import VENUE_ITSELF, Sheet, sheet_of
from domain.patrols.task_shown import (
    HOW,
    THE_VENUE,
    AnswerShown,
    Conflict,
    Doubted,
    Mark,
    PointShown,
    RoundShown,
    VisitShown,
    cited,
    mark_of,
    said,
)
from domain.processes import workflow_of
from domain.processes.patrol_task import PATROL_TASK
from domain.rectifications import FOUND_AGAIN
from domain.table import State
from domain.workflow import TransitionRefused


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One patrol as its page shows it."""

    case: Case
    task: PatrolTask
    sheet: Sheet
    title: str
    state: State
    whose: Label
    done_by: str
    frequency: Label
    checklist: Label
    doubted: tuple[Doubted, ...]
    conflicts: tuple[Conflict, ...]
    points: tuple[PointShown, ...]
    visits: tuple[VisitShown, ...]
    rounds: tuple[RoundShown, ...]
    gaps: tuple[tuple[datetime, datetime], ...]
    signature: UUID | None
    signed_name: str
    """Typed instead of drawn."""
    rectifications: tuple[tuple[str, Label, bool], ...]
    """Number, state, whether it ended."""
    cannot_doubt: Sentence | None
    """Why this reader may not decide on doubts; None when they may."""
    cannot_settle: Sentence | None
    """The same of answers that differ."""

    @property
    def is_rounds(self) -> bool:
        """Return whether it is judged by the gaps between rounds."""
        return self.task.kind == schedule.ROUNDS


def task_page(session: Session, case: Case, *, actor: Actor, at: datetime) -> TaskPage:
    """Return what the page of a patrol shows to somebody who may see it (`access.may_see` was asked before)."""
    task = session.get_one(PatrolTask, case.id)
    sheet = sheet_of(session, task)
    told = _Told(session, case, sheet)
    template = session.get_one(ChecklistTemplate, sheet.version.template_id)
    entry = _ended(session, case.id)
    frequency = catalogue.frequencies().get(task.frequency)
    return TaskPage(
        case=case,
        task=task,
        sheet=sheet,
        title=str(case.facts.get("title") or ""),
        state=PATROL_TASK.state(case.state),
        whose=told.whose(),
        done_by=told.name(task.done_by),
        frequency=Label(frequency.zh, frequency.en) if frequency else Label(task.frequency, task.frequency),
        checklist=Label(template.zh, template.en or template.zh),
        doubted=told.doubted(),
        conflicts=told.conflicts(),
        points=told.points(),
        visits=told.visits(),
        rounds=told.rounds(),
        gaps=tuple(
            (datetime.fromisoformat(gap["from_at"]), datetime.fromisoformat(gap["until_at"]))
            for gap in case.facts.get("gaps", ())
        ),
        signature=UUID(entry.data["signature"]) if entry is not None and entry.data.get("signature") else None,
        signed_name=str(entry.data.get("signed_name") or "") if entry is not None else "",
        rectifications=_rectifications(session, case),
        cannot_doubt=_cannot(session, case, "decide_doubt", actor, at),
        cannot_settle=_cannot(session, case, "decide_conflict", actor, at),
    )


def _ended(session: Session, case_id: UUID) -> TimelineEntry | None:
    query = select(TimelineEntry).where(
        col(TimelineEntry.case_id) == case_id,
        col(TimelineEntry.transition).in_(("complete", "complete_late", "prove_in_time")),
    )
    return session.execute(query).scalars().first()


def _rectifications(session: Session, case: Case) -> tuple[tuple[str, Label, bool], ...]:
    again = select(CaseLink.to_id).where(  # type: ignore[call-overload]
        col(CaseLink.from_id) == case.id, col(CaseLink.kind) == FOUND_AGAIN
    )
    query = select(Case).where((col(Case.parent_id) == case.id) | col(Case.id).in_(again)).order_by(col(Case.number))
    found = []
    for one in session.execute(query).scalars():
        state = workflow_of(one.process).state(one.state)
        found.append((one.number, state.label, state.final))
    return tuple(found)


def _cannot(session: Session, case: Case, step: str, actor: Actor, at: datetime) -> Sentence | None:
    try:
        cases.plan(session, case, step, actor=actor, at=at)
    except TransitionRefused as refused:
        return refused.reason
    return None


class _Told:
    """The rows of one task, put into words."""

    def __init__(self, session: Session, case: Case, sheet: Sheet) -> None:
        self._case, self._sheet = case, sheet
        self._answers = _rows(session, PatrolAnswer, case.id)
        self._check_ins = _rows(session, PatrolCheckIn, case.id)
        self._batches = _rows(session, PatrolBatch, case.id)
        self._items = _items(session, {row.version_id for row in self._answers})
        named = {row.person_id for row in (*self._answers, *self._check_ins, *self._batches)}
        self._names = _names(session, named | {sheet.task.person_id, sheet.task.done_by})
        self._arrived = set(session.execute(select(col(Photo.id)).where(col(Photo.case_id) == case.id)).scalars())
        numbers = {row.rectification_id for row in self._answers} - {None}
        named_cases = session.execute(select(col(Case.id), col(Case.number)).where(col(Case.id).in_(numbers)))
        self._numbers = {row[0]: row[1] for row in named_cases} if numbers else {}

    def name(self, person: UUID | None) -> str:
        """Return a person's name; "" for nobody."""
        return self._names.get(person, "") if person else ""

    def whose(self) -> Label:
        """Return whose task it is: a person's, or everybody's in a post."""
        task = self._sheet.task
        if task.person_id is not None:
            return Label(self.name(task.person_id), self.name(task.person_id))
        post = ROLE_LABELS[Role(task.role)] if task.role else Label("场所人员", "The venue's people")
        if self._case.facts.get("vacant"):
            return Label(f"{post.zh}（当班无人）", f"{post.en} (nobody was on duty)")
        return post

    def point(self, seq: int) -> Label:
        """Return the name of a point."""
        there = self._sheet.by_seq.get(seq)
        return there.name if there else THE_VENUE

    def doubted(self) -> tuple[Doubted, ...]:
        """Return every record with a mark, what is open first."""
        found = [
            *(self._doubted(row, self._about_visit(row), row.at) for row in self._check_ins if row.doubts),
            *(self._doubted(row, self._about_answer(row), row.at) for row in self._answers if row.doubts),
            *(self._doubted(row, Label("整次上传", "The delivery as a whole"), row.received_at)
              for row in self._batches if row.doubts),
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda one: (not one.is_open, one.at, one.id)))

    def _doubted(self, row: Any, about: Label, at: datetime) -> Doubted:  # noqa: ANN401 - a row
        return Doubted(row.id, about, self.name(row.person_id), at, tuple(map(self._mark, row.doubts)))

    def _mark(self, doubt: dict[str, Any]) -> Mark:
        mark = mark_of(doubt)
        if doubt["kind"] != "photo_missing" or UUID(doubt["photo"]) not in self._arrived:
            return mark
        return replace(mark, reason=Sentence("A photo that belongs to it arrived later."))

    def _about_visit(self, row: PatrolCheckIn) -> Label:
        point = self.point(row.point)
        return Label(f"签到：{point.zh}", f"Check-in: {point.en}")

    def _about_answer(self, row: PatrolAnswer) -> Label:
        point, item = self.point(row.point), self._item(row)
        return Label(f"{point.zh}：{item.zh}", f"{point.en}: {item.en or item.zh}")

    def _item(self, row: PatrolAnswer) -> Item:
        return self._items[row.version_id][1].get(row.item, Item(row.item, row.item, row.item))

    def visits(self) -> tuple[VisitShown, ...]:
        """Return the check-ins in their order."""
        venue = self._sheet.venue
        place = (venue.lat, venue.lon) if venue.lat is not None and venue.lon is not None else None
        return tuple(
            VisitShown(
                row.id, row.round, self.point(row.point), row.at, HOW[row.how], row.reason, self.name(row.person_id),
                round(presence.distance_m((row.lat, row.lon), place))
                if place and row.lat is not None and row.lon is not None else None,
                round(row.accuracy_m) if row.accuracy_m is not None else None, bool(row.doubts),
            )
            for row in sorted(self._check_ins, key=lambda row: (row.at, row.seq))
        )  # fmt: skip

    def rounds(self) -> tuple[RoundShown, ...]:
        """Return the rounds that were made, in their order."""
        by_round: dict[int, list[PatrolCheckIn]] = {}
        for row in self._check_ins:
            by_round.setdefault(row.round, []).append(row)
        found = [
            RoundShown(
                number, min(row.at for row in rows), max(row.at for row in rows), len({row.point for row in rows})
            )
            for number, rows in by_round.items()
        ]
        return tuple(sorted(found, key=lambda one: (one.from_at, one.number)))

    def points(self) -> tuple[PointShown, ...]:
        """Return every point of the plan, the venue first, with what was answered about it."""
        visited = {row.point for row in self._check_ins}
        by_point: dict[int, list[PatrolAnswer]] = {}
        for row in self._answers:
            by_point.setdefault(row.point, []).append(row)
        order = {item: place for _, known in self._items.values() for place, item in enumerate(known)}

        def shown(seq: int) -> tuple[AnswerShown, ...]:
            rows = by_point.get(seq, [])
            rows.sort(key=lambda row: (not row.stands, row.round, order.get(row.item, 0), row.at))
            return tuple(self._shown(row) for row in rows)

        venue = PointShown(VENUE_ITSELF, THE_VENUE, "", shown(VENUE_ITSELF), is_visited=VENUE_ITSELF in visited)
        places = [
            PointShown(point.seq, point.name, point.location, shown(point.seq), is_visited=point.seq in visited)
            for point in self._sheet.points
        ]
        return (*((venue,) if venue.answers or venue.is_visited else ()), *places)

    def _shown(self, row: PatrolAnswer) -> AnswerShown:
        item = self._item(row)
        return AnswerShown(
            id=row.id, round=row.round, question=Label(item.zh, item.en or item.zh),
            articles=tuple(cited(basis) for basis in item.basis), verdict=row.outcome, said=said(item, row),
            comment=row.comment, photos=tuple(UUID(one) for one in row.photos if UUID(one) in self._arrived),
            who=self.name(row.person_id), device=str(row.device_id)[-4:], at=row.at,
            version=self._items[row.version_id][0], stands=row.stands, is_contradicted=row.against is not None,
            is_doubted=bool(row.doubts),
            rectification=self._numbers.get(row.rectification_id) if row.rectification_id else None,
        )  # fmt: skip

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return what two phones said differently and nobody has decided on, side by side."""
        groups: dict[tuple[int, int, str], list[PatrolAnswer]] = {}
        for row in self._answers:
            if row.against is not None:
                groups.setdefault((row.round, row.point, row.item), []).append(row)
        return tuple(
            Conflict(self.point(point), self._shown(rows[0]).question, tuple(map(self._shown, rows)))
            for (_, point, _), rows in sorted(groups.items())
        )


def _rows(session: Session, model: Any, case_id: UUID) -> list[Any]:  # noqa: ANN401 - a table
    return list(session.execute(select(model).where(model.case_id == case_id).order_by(model.id)).scalars())


def _items(session: Session, ids: set[UUID]) -> dict[UUID, tuple[int, dict[str, Item]]]:
    """Return version → its number, and what it asks."""
    query = select(ChecklistVersion).where(col(ChecklistVersion.id).in_(ids))
    versions: Sequence[ChecklistVersion] = session.execute(query).scalars().all() if ids else ()
    return {one.id: (one.number, {item.code: item for item in templates.items_of(one)}) for one in versions}


def _names(session: Session, ids: set[UUID | None]) -> dict[UUID, str]:
    rows = session.execute(select(col(Person.id), col(Person.name)).where(col(Person.id).in_(ids - {None})))
    return {row[0]: row[1] for row in rows}
