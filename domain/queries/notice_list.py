"""A person's own notices, in words made now: what is out of their reach by now says nothing of its case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access
from domain.actors import Actor
from domain.errand_kinds import KINDS
from domain.escalation import Level
from domain.language import Label, Sentence
from domain.models import Case, Notice, Venue
from domain.people import local_day
from domain.processes import workflow_of
from domain.queries import patrol_news
from domain.workflow import Workflow

PAGE_SIZE = 30
LARGEST_PAGE = 100

_BY_LEVEL = {
    Level.NEAR: Sentence("A deadline is near"),
    Level.OVER: Sentence("A deadline is over"),
    Level.HANDED_UP: Sentence("A deadline is long over and was handed up to you"),
}
_BY_EFFECT = {
    "notify_assignee": Sentence("A case was given to you"),
    "remind_assignee": Sentence("Somebody urges you to see to a case"),
    "triage_report": Sentence("A new report needs a person"),
    "tell_handler": Sentence("There is news of a case"),
    "tell_supervisor": Sentence("A reporter objects: somebody else has to look at it again"),
    "ask_to_agree": Sentence("Somebody asks to see who a reporter is"),
    "tell_asker": Sentence("Your request to see a reporter was decided"),
    "notify_venue": Sentence("There is news of a rectification at your venue"),
    "tell_rechecker": Sentence("A correction waits for its re-check"),
    "announce_deadline": Sentence("A deadline was counted anew"),
    "ask_reviewer": Sentence("An application waits for its review"),
}
"""Effect → what its notice says first; one that is not here is told by its own label."""
_REPORTS = {
    "daily": Sentence("The daily report is ready"),
    "weekly": Sentence("The weekly report is ready"),
    "monthly": Sentence("The monthly report is ready"),
}
"""How often a report comes → what its notice says."""
GONE = Sentence("This concerns a case that is no longer within your reach.")


@dataclass(frozen=True, slots=True)
class About:
    """The case a notice is about, for who may know of it."""

    number: str
    process: Label
    place: str | None
    """The venue's name or what a colleague wrote, never what a reporter said."""
    step: Label
    clock: Label | None
    due_at: datetime | None
    seq: int
    is_mine: bool
    """Whether the reader works on it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One notice."""

    id: UUID
    at: datetime
    read_at: datetime | None
    kind: str
    title: Sentence | Label
    about: About | None
    """None: no longer within the reader's reach."""
    link: str | None = None
    """Where that is which is about no case; the page there says whether the reader may still see it."""
    days: str = ""
    """Of a report: its first and last day; of a task of the system: the day it failed on."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some notices, the newest first, and the id after which the next page goes on; None on the last."""

    lines: tuple[Line, ...]
    next_cursor: UUID | None


def page(
    session: Session, actor: Actor, *, only_unread: bool = False, after: UUID | None = None, size: int = PAGE_SIZE
) -> Page:
    """Return a page of the actor's own notices."""
    size = max(1, min(size, LARGEST_PAGE))
    query = select(Notice).where(col(Notice.person_id) == actor.person_id)
    if only_unread:
        query = query.where(col(Notice.read_at).is_(None))
    if after is not None:
        query = query.where(col(Notice.id) < after)
    found = list(session.execute(query.order_by(col(Notice.id).desc()).limit(size + 1)).scalars())
    shown = found[:size]
    known = _known(session, actor, [notice.case_id for notice in shown if notice.case_id])
    lines = tuple(_line(notice, known, actor) for notice in shown)
    return Page(lines, shown[-1].id if len(found) > size else None)


def case_of(session: Session, actor: Actor, notice_id: UUID) -> str | None:
    """Return the number of the case one's own notice is about; None when it is not theirs to know of any more."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.person_id != actor.person_id or notice.case_id is None:
        return None
    row = _known(session, actor, [notice.case_id]).get(notice.case_id)
    return row.number if row else None


def _known(session: Session, actor: Actor, ids: list[UUID]) -> Mapping[UUID, Any]:
    query: Any = (
        select(
            col(Case.id), col(Case.number), col(Case.process), col(Case.place), col(Venue.name).label("venue"),
            col(Case.assignee_id), col(Case.second_assignee_id),
        )
        .outerjoin(Venue, col(Venue.id) == col(Case.venue_id))
        .where(col(Case.id).in_(set(ids)), access.visible(actor))
    )  # fmt: skip
    return {row.id: row for row in session.execute(query)} if ids else {}


def _line(notice: Notice, known: Mapping[UUID, Any], actor: Actor) -> Line:
    row = known.get(notice.case_id) if notice.case_id else None
    if notice.kind == "report":
        said = notice.data
        days = " – ".join(dict.fromkeys((str(said["from_on"]), str(said["until_on"]))))
        return Line(notice.id, notice.at, notice.read_at, notice.kind, _REPORTS[str(said["kind"])], None,
                    f"/reports/editions/{said['edition']}", days)  # fmt: skip
    if notice.kind == "errand":
        kind = KINDS[str(notice.data["kind"])].label
        title = Sentence("A background task of the system needs you: %(kind)s", kind=kind)
        return Line(notice.id, notice.at, notice.read_at, notice.kind, title, None, "/errands",
                    str(local_day(notice.at)))  # fmt: skip
    if notice.kind == patrol_news.NOTICE:
        words, link = patrol_news.said(notice.data)
        return Line(notice.id, notice.at, notice.read_at, notice.kind, words, None, link, str(local_day(notice.at)))
    if row is None:
        return Line(notice.id, notice.at, notice.read_at, notice.kind, GONE, None)
    workflow = workflow_of(row.process)
    due = notice.data.get("due_at")
    about = About(
        number=row.number,
        process=Label(workflow.zh, workflow.en),
        place=row.venue or row.place,
        step=_step(workflow, str(notice.data.get("transition", ""))),
        clock=next((clock.label for clock in workflow.clocks if clock.name == notice.data.get("clock")), None),
        due_at=datetime.fromisoformat(due) if due else None,
        seq=int(notice.data.get("seq", 1)),
        is_mine=actor.person_id in (row.assignee_id, row.second_assignee_id),
    )
    return Line(notice.id, notice.at, notice.read_at, notice.kind, _title(notice, workflow), about)


def _title(notice: Notice, workflow: Workflow) -> Sentence | Label:
    if "level" in notice.data:
        return _BY_LEVEL[Level(min(int(notice.data["level"]), Level.HANDED_UP))]
    return _BY_EFFECT.get(notice.kind) or workflow.effects.get(notice.kind) or Label(notice.kind, notice.kind)


def _step(workflow: Workflow, name: str) -> Label:
    if name == workflow.opening.name:
        return Label(workflow.opening.zh, workflow.opening.en)
    steps = workflow.named(name)
    return steps[0].label if steps else Label(name, name)
