"""The forms of a venue's rosters: shifts as columns, the days of a cycle as rows, whose turn it is in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api import forms
from api.access import Router, needs
from api.deps import Posted
from api.pages import register_forms
from api.pages.register_forms import RegisterForm, Unsent, form_id_of
from api.pages.staff_forms import Pickers, Typed, form_shown, read_typed
from api.pages.staff_frame import staff_page
from api.pages.venue_forms import AtVenue, Describe, Here, VenueForm, allowed
from api.pages.venue_patrols import HERE, PLANS
from domain import people, register_lock
from domain.access import OutOfReach
from domain.cases import FieldRefused
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import PatrolRoster, Venue
from domain.patrols import offered, roster_register, rosters
from domain.patrols.plan_forms import LONGEST_CYCLE, RosterEnd, RosterFacts

router = Router(include_in_schema=False)
USUAL: Mapping[str, list[str]] = {"cycle_days": ["7"], "shifts": ["08:00–20:00, 20:00–08:00"]}


@dataclass(frozen=True, slots=True)
class Editor:
    """The form of a roster as it is shown."""

    venue: Venue
    action: str
    back: str
    title: Sentence
    button: Sentence
    about: str = ""
    values: Mapping[str, list[str]] = field(default_factory=dict)
    turns: Mapping[str, str] = field(default_factory=dict)
    """Name of a cell ("turn-0-1") → the person in it."""
    version: int | None = None


@router.get("/venues/{code}/patrols/rosters/new")
@needs(PLANS)
def ask_new(here: Here) -> Response:
    """Show the form of a new roster."""
    with here.database.read() as session:
        editor = _new(allowed(session, here.staff.actor, here.code, PLANS))
        return _show(here, session, editor, Unsent(Typed(editor.values), status=200), editor.turns)


@router.post("/venues/{code}/patrols/rosters/new")
@needs(PLANS)
def enter(here: Here, form: Posted) -> Response:
    """Enter a roster, or draw its table anew."""
    with here.database.read() as session:
        editor = _new(allowed(session, here.staff.actor, here.code, PLANS))

    def carry_out(session: Session, filled: RosterFacts, _: int | None) -> str:
        roster_register.create(session, editor.venue.id, filled, roster_id=form_id_of(form), **here.by)
        return f"{editor.back}?done=saved"

    return _send(here, editor, form, carry_out)


@router.get("/venues/{code}/patrols/rosters/{roster_id}/edit")
@needs(PLANS)
def ask_change(here: Here, roster_id: UUID) -> Response:
    """Show the form of the roster that takes this one's place."""
    with here.database.read() as session:
        editor = _change(here, session, roster_id)
        unsent = Unsent(Typed(editor.values), status=200, version=editor.version)
        return _show(here, session, editor, unsent, editor.turns)


@router.post("/venues/{code}/patrols/rosters/{roster_id}/edit")
@needs(PLANS)
def change(here: Here, roster_id: UUID, form: Posted) -> Response:
    """Have another roster take this one's place from its first day on."""
    with here.database.read() as session:
        editor = _change(here, session, roster_id)

    def carry_out(session: Session, filled: RosterFacts, version: int | None) -> str:
        roster_register.change(
            session, roster_id, filled, version=version, new_roster_id=form_id_of(form), **here.by
        )  # fmt: skip
        return f"{editor.back}?done=saved"

    return _send(here, editor, form, carry_out)


def _end(here: AtVenue, roster_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        roster = _of_venue(session, venue, roster_id)
        home = f"/venues/{venue.code}/patrols"
        page = RegisterForm(
            Sentence("End the roster"), f"{home}/rosters/{roster.id}/end", home, Sentence("End it"), about=roster.name
        )
        return VenueForm(
            page, RosterEnd,
            lambda session, filled, version: roster_register.end(
                session, roster_id, filled, version=version, **here.by
            ),
            version=register_lock.version_of(session, roster.id),
        )  # fmt: skip

    return describe


@router.get("/venues/{code}/patrols/rosters/{roster_id}/end")
@needs(PLANS)
def ask_end(here: Here, roster_id: UUID) -> Response:
    """Show the form that ends a roster."""
    return here.ask(PLANS, _end(here, roster_id))


@router.post("/venues/{code}/patrols/rosters/{roster_id}/end")
@needs(PLANS)
def end(here: Here, roster_id: UUID, form: Posted) -> Response:
    """End a roster that no plan goes by."""
    return here.send(PLANS, form, _end(here, roster_id))


def _of_venue(session: Session, venue: Venue, roster_id: UUID) -> PatrolRoster:
    roster = session.get(PatrolRoster, roster_id)
    if roster is None or roster.venue_id != venue.id:
        raise OutOfReach(str(roster_id))
    return roster


def _new(venue: Venue) -> Editor:
    home = f"/venues/{venue.code}/patrols"
    return Editor(
        venue, f"{home}/rosters/new", home, Sentence("New roster"), Sentence("Enter the roster"), values=USUAL
    )  # fmt: skip


def _change(here: AtVenue, session: Session, roster_id: UUID) -> Editor:
    venue = allowed(session, here.staff.actor, here.code, PLANS)
    roster, home = _of_venue(session, venue, roster_id), f"/venues/{venue.code}/patrols"
    shifts = rosters.shifts_of(roster)
    tomorrow = people.local_day(here.at) + timedelta(days=1)
    values = {
        "name": [roster.name], "cycle_days": [str(roster.cycle_days)], "starts_on": [tomorrow.isoformat()],
        "shifts": [", ".join(f"{begins}–{until}" for begins, until in shifts)],
    }  # fmt: skip
    shift_of = {shift: number for number, shift in enumerate(shifts)}
    turns = {f"turn-{turn['day']}-{shift_of[turn['from'], turn['until']]}": turn["person"] for turn in roster.turns}
    return Editor(
        venue, f"{home}/rosters/{roster.id}/edit", home, Sentence("Change the roster"),
        Sentence("Change it from that day"), roster.name, values, turns,
        register_lock.version_of(session, roster.id),
    )  # fmt: skip


def _send(here: AtVenue, editor: Editor, form: FormData, carry_out: Any) -> Response:  # noqa: ANN401 - what `register_forms.send` calls
    cells = {name: value for name, value in form.multi_items()
             if name.startswith("turn-") and isinstance(value, str) and value}  # fmt: skip
    if form.get("redraw"):
        version = forms.version(form) if form.get("version") else None
        redrawn = Unsent(Typed(read_typed(RosterFacts, form)), 200, version=version, form_id=form_id_of(form).hex)
        with here.database.read() as session:
            return _show(here, session, editor, redrawn, cells)
    spelled = [f"{name.removeprefix('turn-').replace('-', ':', 1)}:{person}" for name, person in cells.items()]
    sent = FormData([*form.multi_items(), *(("turns", turn) for turn in spelled)])
    answer = register_forms.send(here.database, RosterFacts, sent, carry_out)
    if isinstance(answer, Response):
        return answer
    with here.database.read() as session:
        return _show(here, session, editor, answer, cells)


def _show(here: AtVenue, session: Session, editor: Editor, unsent: Unsent, turns: Mapping[str, str]) -> Response:
    typed = unsent.typed
    shown = form_shown(RosterFacts, prefix="", pickers=Pickers(), typed=typed)
    named = {"form_id": unsent.form_id or new_id().hex}
    if unsent.version is not None:
        named["version"] = str(unsent.version)
    day = people.local_day(here.at)
    context: dict[str, Any] = {
        "status": unsent.status, "editor": editor, "venue": editor.venue, "form": shown, "errors": typed.errors,
        "titles": {**shown.titles, "turns": Sentence("Turns")}, "hidden": named, "reason": unsent.reason,
        "changed": unsent.changed, "turns": turns, "shifts": _shifts(typed), "cycle": _cycle(typed),
        "people": [(str(one.id), one.name) for one in offered.persons(session, editor.venue, day=day)],
    }  # fmt: skip
    return staff_page(here.request, "pages/staff/patrols/roster_form.html", staff=here.staff, at=here.at, here=HERE,
                      **context)  # fmt: skip


def _shifts(typed: Typed) -> list[tuple[str, str]]:
    """Return the columns of the table; those of a usual roster while what was typed says none."""
    for said in (typed.values.get("shifts"), USUAL["shifts"]):
        try:
            return roster_register.read_shifts(said[0] if said else "")
        except FieldRefused:
            continue
    return []


def _cycle(typed: Typed) -> int:
    """Return how many rows the table has."""
    said = typed.values.get("cycle_days", ["7"])[0]
    return max(1, min(int(said), LONGEST_CYCLE)) if said.isascii() and said.isdigit() and len(said) < 4 else 7  # noqa: PLR2004 - digits
