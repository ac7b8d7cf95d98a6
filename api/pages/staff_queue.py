"""The queue: every case a person may see, by saved views and filters in the address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import CurrentStaff, Db, Now
from api.pages.staff_deadlines import Deadline, deadline
from api.pages.staff_forms import hazard_groups
from api.pages.staff_frame import may_take_calls, staff_page
from api.pages.staff_urge import may_urge
from domain import catalogue, people
from domain.access import may
from domain.actors import Actor
from domain.catalogue import Hazard
from domain.language import Label, Sentence
from domain.processes import LISTED, WORKFLOWS, workflow_of
from domain.queries import area_tree, case_list
from domain.queries.case_list import BadCursor, Row, Wanted
from domain.queries.queue_marks import Marks, marks
from domain.queries.waiting import waits_for
from domain.rights import Right
from domain.settings import city_zone

router = Router(include_in_schema=False)
DECIDE_HELD = "decide_held"
GRANT = "grant_identity"


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: its key in the address, its name, how many cases it has now."""

    key: str
    words: Sentence
    count: int | None = None
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the queue, ready for its template."""

    row: Row
    process: Label
    state: Label
    is_final: bool
    hazard: Hazard | None
    deadline: Deadline | None
    similar: int
    held: int
    """How many of its messages wait for this person's decision."""


VIEWS: dict[str, Sentence] = {
    "waiting": Sentence("Waiting for me"),
    "open": Sentence("All open"),
    "held": Sentence("Held messages"),
    "asked": Sentence("Asked to show a reporter"),
    "mine": Sentence("Assigned to me"),
    "overdue": Sentence("Overdue"),
    "today": Sentence("Due today"),
    "closed": Sentence("Closed"),
    "all": Sentence("All cases"),
}
ALWAYS_THE_SAME = {
    "held": Wanted(held=True),
    "asked": Wanted(asked=True),
    "overdue": Wanted(open=True, overdue=True),
    "closed": Wanted(open=False),
    "all": Wanted(),
}
"""Views that do not depend on who looks, nor when."""
COUNTED = ("waiting", "held", "asked", "mine", "overdue", "today")
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Dates the filters take."""
NEWEST_FIRST = ("closed", "all")
ALARMING = ("held", "overdue")


def of_view(view: str, actor: Actor, at: datetime, *, process: str = "") -> Wanted:
    """Return which cases a saved view shows; those of a routine process only when it is named."""
    match view:
        case "waiting":
            return Wanted(open=True, waiting=waits_for(actor, process=process or None))
        case "mine":
            return Wanted(open=True, assignee_id=actor.person_id) if actor.person_id else Wanted(waiting=())
        case "today":
            midnight = datetime.combine(people.local_day(at) + timedelta(days=1), time(0), city_zone())
            return Wanted(open=True, due_before=midnight)
        case _:
            return ALWAYS_THE_SAME.get(view, Wanted(open=True))


@router.get("/cases")
@staff_only
def show_queue(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one page of the queue."""
    asked = request.query_params
    views = _views(staff.actor)
    view = asked.get("view", "") if asked.get("view") in views else views[0]
    filters = _filters(asked)
    order = "newest" if view in NEWEST_FIRST else "due"
    wanted = _filtered(of_view(view, staff.actor, at, process=filters["process"]), filters)
    with db.read() as session:
        try:
            page = case_list.page(session, staff.actor, wanted, at=at, order=order, cursor=asked.get("cursor"))
        except BadCursor:
            return RedirectResponse(f"/cases?{urlencode({'view': view})}", status_code=303)
        beside = marks(session, [row.id for row in page.rows], at=at)
        tabs = [_view(session, key, staff.actor, at) for key in views]
        areas = area_tree.named(session, staff.actor)
    decides = _may(staff.actor, DECIDE_HELD)
    lines = [_line(row, beside.get(row.id, Marks()), at, decides=decides) for row in page.rows]
    if _is_exact(filters["q"], lines) and "cursor" not in asked and "q" in asked and asked.get("go"):
        return RedirectResponse(f"/cases/{lines[0].row.number}", status_code=303)
    wrong = _wrong(asked, filters, [area.code for area in areas])
    return staff_page(
        request, "pages/staff/queue.html", status=422 if wrong else 200, staff=staff, at=at, here="cases", wrong=wrong,
        lines=lines, next_cursor=page.next_cursor, is_first="cursor" not in asked, tabs=tabs, view=view,
        filters=filters, filtered=any(filters.values()), areas=areas,
        flows=tuple(WORKFLOWS.values()), states=_states(filters["process"]), hazards=hazard_groups(),
        may_remind=may_urge(staff.actor), decides=decides, takes_calls=may_take_calls(staff.actor),
        may_export=may(staff.actor, Right.EXPORT),
    )  # fmt: skip


def _views(actor: Actor) -> tuple[str, ...]:
    usable = {"waiting": bool(waits_for(actor)), "held": _may(actor, DECIDE_HELD), "asked": _may(actor, GRANT)}
    return tuple(key for key in VIEWS if usable.get(key, True))


def _view(session: Session, key: str, actor: Actor, at: datetime) -> View:
    number = case_list.count(session, actor, of_view(key, actor, at), at=at) if key in COUNTED else None
    return View(key, VIEWS[key], number, alarming=key in ALARMING and bool(number))


def wanted_by(asked: Mapping[str, str], actor: Actor, at: datetime) -> Wanted:
    """Return which cases the page with this query shows, on all its pages together."""
    views = _views(actor)
    view = asked.get("view", "") if asked.get("view") in views else views[0]
    filters = _filters(asked)
    return _filtered(of_view(view, actor, at, process=filters["process"]), filters)


def _filters(asked: Mapping[str, str]) -> dict[str, str]:
    filters = {name: asked.get(name, "").strip() for name in ("process", "state", "area", "hazard", "held", "q")}
    return {**filters, **{name: asked.get(name, "") if _day(asked.get(name, "")) else "" for name in ("from", "to")}}


def _wrong(asked: Mapping[str, str], filters: Mapping[str, str], areas: Collection[str]) -> list[Sentence]:
    """Return what of the address fits nothing there is; an area out of reach counts as none."""
    wrong = [
        Sentence("“%(text)s” is no day: write it as 2026-08-24.", text=asked[name][:40])
        for name in ("from", "to")
        if asked.get(name) and not filters[name]
    ]
    begins, ends = _day(filters["from"]), _day(filters["to"])
    if begins and ends and begins > ends:
        wrong.append(Sentence("The first day lies after the last."))
    if filters["area"] and filters["area"] not in areas:
        wrong.append(Sentence("There is no area “%(text)s” to choose.", text=filters["area"][:40]))
    if filters["process"] and filters["process"] not in WORKFLOWS:
        wrong.append(Sentence("There is no process “%(text)s” to choose.", text=filters["process"][:40]))
    return wrong


def _day(text: str) -> date | None:
    """Return the day that was written; None for nothing, and for what is no day of ours."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(0), city_zone()).astimezone(UTC) if day else None


def _filtered(wanted: Wanted, filters: dict[str, str]) -> Wanted:
    until = _day(filters["to"])
    return replace(
        wanted,
        process=filters["process"] or None,
        states=(filters["state"],) if filters["state"] else (),
        area=filters["area"] or None,
        hazard=filters["hazard"] or None,
        held=wanted.held or filters["held"] == "1",
        opened_from=_midnight(_day(filters["from"])),
        opened_before=_midnight(until + timedelta(days=1) if until else None),
        q=filters["q"][:100],
    )


def _states(process: str) -> list[tuple[str, Label]]:
    flows = [WORKFLOWS[process]] if process in WORKFLOWS else LISTED.values()
    named: dict[str, Label] = {}
    for flow in flows:
        for state in flow.states:
            named.setdefault(state.name, state.label)
    return list(named.items())


def _line(row: Row, beside: Marks, at: datetime, *, decides: bool) -> Line:
    flow = workflow_of(row.process)
    state = flow.state(row.state)
    due = None
    if row.closed_at is None:
        due = deadline(row.due_at, at=at, provisional=beside.provisional, warned=beside.warned, basis=row.basis)
    hazard = catalogue.hazards().get(row.hazard_code or "")
    held = beside.held if decides else 0
    return Line(row, Label(flow.zh, flow.en), state.label, state.final, hazard, due, beside.similar, held)


def _is_exact(q: str, lines: list[Line]) -> bool:
    return len(lines) == 1 and lines[0].row.number == q.upper()


def _may(actor: Actor, name: str) -> bool:
    """Return whether some process knows this step for one of the person's roles."""
    return any(actor.plays(*step.roles) for flow in LISTED.values() for step in flow.named(name))
