"""The forms of a venue's plans: a new one, one from a day on, its end. A look at the days ahead writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api import forms
from api.access import Router, needs
from api.deps import Posted
from api.field_errors import field_errors
from api.pages import register_forms
from api.pages.register_forms import RegisterForm, Unsent, form_id_of
from api.pages.staff_forms import Option, Pickers, Typed, as_data, form_shown, read_typed
from api.pages.staff_frame import staff_page
from api.pages.venue_forms import AtVenue, Describe, Here, VenueForm, allowed
from api.pages.venue_patrols import HERE, PLANS, weeks_of
from domain import catalogue, people, register_lock
from domain.cases import FieldRefused
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import PatrolPlan, Venue
from domain.patrols import events, offered, plans, points, preview, rhythm, rosters
from domain.patrols.plan_forms import EventStart, PlanChange, PlanEnd, PlanFacts
from domain.patrols.points import Point
from domain.patrols.preview import Preview
from domain.patrols.schedule import Rule

router = Router(include_in_schema=False)
STEP = 10
"""Between the numbers of two points, so that one can be put between them."""


@dataclass(frozen=True, slots=True)
class Editor:
    """The form of a plan as it is shown."""

    venue: Venue
    model: type[PlanFacts]
    action: str
    back: str
    title: Sentence
    button: Sentence
    plan: PatrolPlan | None = None
    """The row it starts from; None: a new plan."""
    version: int | None = None
    values: Mapping[str, list[str]] = field(default_factory=dict)
    kept: Sequence[Point] = ()
    """The points of that row, in their order."""


@router.get("/venues/{code}/patrols/new")
@needs(PLANS)
def ask_new(here: Here) -> Response:
    """Show the form of a new plan; `frequency` names the checklist of the catalogue to begin with."""
    with here.database.read() as session:
        editor = _new(allowed(session, here.staff.actor, here.code, PLANS))
        wanted = here.request.query_params.get("frequency", "")
        values = dict(editor.values)
        if wanted in catalogue.frequencies():
            values["checklist"] = [offered.OF_CATALOGUE + wanted]
        return _show(here, session, editor, Unsent(Typed(values), status=200))


@router.post("/venues/{code}/patrols/new")
@needs(PLANS)
def enter(here: Here, form: Posted) -> Response:
    """Enter a plan, or look at what it would come to."""
    with here.database.read() as session:
        editor = _new(allowed(session, here.staff.actor, here.code, PLANS))

    def carry_out(session: Session, filled: PlanFacts, _: int | None) -> str:
        made = plans.create(session, editor.venue.id, filled, plan_id=form_id_of(form), **here.by)
        return f"/venues/{editor.venue.code}/patrols/plans/{made.id}?done=saved"

    return _send(here, editor, form, carry_out)


@router.get("/venues/{code}/patrols/plans/{plan_id}/edit")
@needs(PLANS)
def ask_change(here: Here, plan_id: UUID) -> Response:
    """Show the form that changes a plan from a day on."""
    with here.database.read() as session:
        editor = _change(here, session, plan_id)
        return _show(here, session, editor, Unsent(Typed(editor.values), status=200, version=editor.version))


@router.post("/venues/{code}/patrols/plans/{plan_id}/edit")
@needs(PLANS)
def change(here: Here, plan_id: UUID, form: Posted) -> Response:
    """Change a plan from a day on, or look at what it would come to."""
    with here.database.read() as session:
        editor = _change(here, session, plan_id)

    def carry_out(session: Session, filled: PlanChange, version: int | None) -> str:
        made = plans.change(session, plan_id, filled, version=version, row_id=form_id_of(form), **here.by)
        return f"/venues/{editor.venue.code}/patrols/plans/{plan_id}?done={'saved' if made else 'same'}"

    return _send(here, editor, form, carry_out)


def _end(here: AtVenue, plan_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        plan = plans.of_its_own(session, venue.id, plan_id)
        home = f"/venues/{venue.code}/patrols"
        page = RegisterForm(
            Sentence("End the plan"), f"{home}/plans/{plan_id}/end", f"{home}/plans/{plan_id}",
            Sentence("End the plan"), about=plan.title,
            warning=Sentence("What was planned until then stays. A plan that has ended begins no more."),
        )  # fmt: skip
        return VenueForm(
            page, PlanEnd,
            lambda session, filled, version: plans.end(session, plan_id, filled, version=version, **here.by),
            version=register_lock.version_of(session, plan.series_id),
        )  # fmt: skip

    return describe


@router.get("/venues/{code}/patrols/plans/{plan_id}/end")
@needs(PLANS)
def ask_end(here: Here, plan_id: UUID) -> Response:
    """Show the form that ends a plan."""
    return here.ask(PLANS, _end(here, plan_id))


@router.post("/venues/{code}/patrols/plans/{plan_id}/end")
@needs(PLANS)
def end(here: Here, plan_id: UUID, form: Posted) -> Response:
    """End a plan on a day."""
    return here.send(PLANS, form, _end(here, plan_id))


def _start(here: AtVenue, plan_id: UUID, start_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        plan = plans.of_its_own(session, venue.id, plan_id)
        home = f"/venues/{venue.code}/patrols/plans/{plan_id}"
        page = RegisterForm(
            Sentence("Start the patrol now"), f"{home}/start", home, Sentence("Start it"), about=plan.title,
            warning=Sentence("It begins at once, and whoever has it is told."),
        )  # fmt: skip
        return VenueForm(
            page, EventStart,
            lambda session, filled, _: events.start(session, plan_id, filled, start_id=start_id, **here.by),
        )  # fmt: skip

    return describe


@router.get("/venues/{code}/patrols/plans/{plan_id}/start")
@needs(PLANS)
def ask_start(here: Here, plan_id: UUID) -> Response:
    """Show the form by which a patrol that an event asks for begins."""
    return here.ask(PLANS, _start(here, plan_id, new_id()))


@router.post("/venues/{code}/patrols/plans/{plan_id}/start")
@needs(PLANS)
def start(here: Here, plan_id: UUID, form: Posted) -> Response:
    """Plan one task at once."""
    return here.send(PLANS, form, _start(here, plan_id, form_id_of(form)))


def _new(venue: Venue) -> Editor:
    home = f"/venues/{venue.code}/patrols"
    usual = {"rhythm": ["usual"], "roll": ["none"], "who": ["post"], "role": ["officer"], "is_late_allowed": ["yes"]}
    return Editor(
        venue, PlanFacts, f"{home}/new", home, Sentence("New plan"), Sentence("Enter the plan"), values=usual
    )  # fmt: skip


def _change(here: AtVenue, session: Session, plan_id: UUID) -> Editor:
    venue = allowed(session, here.staff.actor, here.code, PLANS)
    plan = plans.of_its_own(session, venue.id, plan_id)
    rows = plans.rows_of(session, plan.series_id) or [plan]
    last, home = rows[-1], f"/venues/{venue.code}/patrols/plans/{plan_id}"
    there = points.of_plans(session, [last.id])[last.id]
    kept = [point for point in there if point.is_there(people.local_day(here.at))]
    values: dict[str, Any] = {
        **rhythm.values_of(Rule.of_json(last.rule)), "checklist": last.template_id, "title": last.title,
        "who": last.who, "role": last.role, "person": last.person_id, "roster": last.roster_id,
        "is_late_allowed": "yes" if last.is_late_allowed else "no", "grace_minutes": last.grace_minutes,
        "points": [point.code for point in kept], "from_on": plans.earliest(session, plan.series_id, at=here.at),
    }  # fmt: skip
    listed = {name: value if isinstance(value, list) else [str(value)]
              for name, value in values.items() if value not in (None, "")}  # fmt: skip
    return Editor(
        venue, PlanChange, f"{home}/edit", home, Sentence("Change the plan"), Sentence("Change it from that day"),
        last, register_lock.version_of(session, plan.series_id), listed, kept,
    )  # fmt: skip


def _send(here: AtVenue, editor: Editor, form: FormData, carry_out: Any) -> Response:  # noqa: ANN401 - what `register_forms.send` calls
    sent = in_walking_order(form)
    if form.get("look"):
        return _look(here, editor, sent)
    answer = register_forms.send(here.database, editor.model, sent, carry_out)
    if isinstance(answer, Response):
        return answer
    with here.database.read() as session:
        return _show(here, session, editor, answer, form=form)


def _look(here: AtVenue, editor: Editor, form: FormData) -> Response:
    """Show the form again with what the plan would come to; what it entered on the way is taken back."""
    typed = read_typed(editor.model, form)
    unsent = Unsent(
        Typed(typed), 200, version=forms.version(form) if form.get("version") else None, form_id=form_id_of(form).hex
    )
    ahead = None
    try:
        filled = PlanFacts.model_validate(as_data(PlanFacts, {n: v for n, v in typed.items() if n != "reason"}))
        with here.database.write() as session:
            ahead = _drafted(here, session, editor, filled)
            session.rollback()
    except (ValidationError, FieldRefused) as wrong:
        errors = tuple(field_errors(wrong))
        unsent = Unsent(Typed(typed, errors), version=unsent.version, form_id=unsent.form_id)
    with here.database.read() as session:
        return _show(here, session, editor, unsent, form=form, ahead=ahead)


def _drafted(here: AtVenue, session: Session, editor: Editor, facts: PlanFacts) -> Preview:
    venue = allowed(session, here.staff.actor, here.code, PLANS)
    series_id = editor.plan.series_id if editor.plan else new_id()
    first = plans.earliest(session, series_id, at=here.at)
    from_on = facts.from_on or first
    drafted = plans.draft(session, venue, facts, at=here.at, day=max(from_on, first), now=editor.plan)
    row = drafted.row(id=new_id(), series_id=series_id, from_on=max(from_on, first), made_at=here.at)
    return preview.look(session, venue, [row], at=here.at, drafted={row.id: drafted.points})


def in_walking_order(form: FormData) -> FormData:
    """Return the form with its points by the numbers beside them; those without one come after, as they stood."""
    ticked = [code for code in form.getlist("points") if isinstance(code, str)]
    places = {code: place for place, code in enumerate(ticked)}

    def place(code: str) -> tuple[float, int]:
        number = str(form.get(f"order-{code}") or "").strip()
        return (float(number) if number.isascii() and number.isdigit() else float("inf"), places[code])

    rest = [(name, value) for name, value in form.multi_items() if name != "points"]
    return FormData([*rest, *(("points", code) for code in sorted(places, key=place))])


def _show(
    here: AtVenue, session: Session, editor: Editor, unsent: Unsent, *, form: FormData | None = None,
    ahead: Preview | None = None,
) -> Response:  # fmt: skip
    typed = unsent.typed
    fields = form_shown(editor.model, prefix="", pickers=Pickers(lists=_lists(here, session, editor)), typed=typed)
    day = people.local_day(here.at)
    there = points.of_venue(session, editor.venue.id, day=day)
    ticked = list(typed.values.get("points", ()))
    named = {"form_id": unsent.form_id or new_id().hex}
    if unsent.version is not None:
        named["version"] = str(unsent.version)
    context: dict[str, Any] = {
        "status": unsent.status, "editor": editor, "venue": editor.venue, "form": fields,
        "fields": {shown.name: shown for shown in fields.fields}, "errors": typed.errors,
        "titles": fields.titles, "hidden": named, "reason": unsent.reason, "changed": unsent.changed, "ahead": ahead,
        "weeks": weeks_of(ahead) if ahead else (), "weekdays": list(rhythm.Weekday), "day": day,
        "points": _in_order(there, ticked), "ticked": set(ticked), "kinds": _kinds(there),
        "ticked_kinds": set(typed.values.get("kinds", ())), "order": _numbers(ticked, form),
    }  # fmt: skip
    return staff_page(
        here.request, "pages/staff/patrols/plan_form.html", staff=here.staff, at=here.at, here=HERE, **context
    )  # fmt: skip


def _lists(here: AtVenue, session: Session, editor: Editor) -> dict[str, tuple[Option, ...]]:
    venue, day = editor.venue, people.local_day(here.at)
    kept = editor.plan.template_id if editor.plan else None
    return {
        "checklists": tuple(Option(*one) for one in offered.checklists(session, venue, day=day, kept=kept)),
        "windows": tuple(Option(one.value, one.label) for one in rhythm.Lasting),
        "people": tuple(Option(str(one.id), one.name) for one in offered.persons(session, venue, day=day)),
        "rosters": tuple(Option(str(one.id), one.name) for one in rosters.of_venue(session, venue.id, day=day)),
    }


def _in_order(there: Sequence[Point], ticked: Sequence[str]) -> list[Point]:
    places = {code: place for place, code in enumerate(ticked)}
    return sorted(there, key=lambda point: places.get(point.code, len(places)))


def _numbers(ticked: Sequence[str], form: FormData | None) -> dict[str, str]:
    """Return the number that stands beside each point: as it was typed, else by its place."""
    if form is not None:
        return {name.removeprefix("order-"): value for name, value in form.multi_items()
                if name.startswith("order-") and isinstance(value, str)}  # fmt: skip
    return {code: str(place * STEP) for place, code in enumerate(ticked, start=1)}


def _kinds(there: Sequence[Point]) -> list[tuple[str, Any, int]]:
    found: dict[str, list[Point]] = {}
    for point in there:
        if point.is_facility:
            found.setdefault(point.kind, []).append(point)
    return [(kind, listed[0].kind_label, len(listed)) for kind, listed in found.items()]
