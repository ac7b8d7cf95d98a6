"""Takes a step of a case for a person: reads the posted form, fires, and says what went wrong when it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData

from api import forms
from api.changes import note_version
from api.errors import problem_of
from api.field_errors import FieldError, field_errors
from api.pages import public_photos
from api.pages.staff_forms import FormShown, Option, Pickers, Typed, as_data, form_shown, read_typed
from api.pages.staff_initial import initial
from api.problem import Problem
from domain import cases, disclosure, people, uploads
from domain.accounts import Identity
from domain.actors import ROLE_LABELS, Actor, Role
from domain.cases import CaseChanged, FieldRefused
from domain.database import Database
from domain.language import Label
from domain.models import Case, Venue
from domain.processes import workflow_of
from domain.processes.release import PHOTOS as RELEASED
from domain.queries import choices
from domain.queries.application_card import SamePerson, same_people
from domain.repetition import was_just_done
from domain.settings import Settings
from domain.workflow import FieldRefusal, Offer, Transition, TransitionRefused, UnknownTransition

PHOTOS = "photos"
SAME_PERSON = "same_person"
"""The list a reviewer chooses the responsible person from."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """A step somebody sent that was not taken: what they typed, and why not."""

    name: str
    typed: Typed
    problem: Problem
    version: int
    """The version of the case their page showed."""


@dataclass(frozen=True, slots=True)
class Step:
    """A next step as the page shows it: its form when it is live, the reason when it is not."""

    offer: Offer
    form: FormShown | None
    is_open: bool = False

    @property
    def name(self) -> str:
        """Return the transition's name, which is the last part of the form's address."""
        return self.offer.transition.name

    @property
    def has_photos(self) -> bool:
        """Return whether files may be sent along."""
        return self.form is not None and any(shown.widget == "photos" for shown in self.form.fields)

    @property
    def case_field(self) -> str:
        """Return the name of the field that names another case; "" when there is none."""
        fields = self.form.fields if self.form is not None else ()
        return next((shown.name for shown in fields if shown.widget == "case"), "")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a posted step: the new version of the case, or why it was not taken."""

    version: int = 0
    failed: Attempted | None = None


class PhotosRefused(FieldRefused):
    """Some of the photos cannot be taken; those that can are kept."""


def take(
    request: Request, number: str, name: str, *, form: FormData, db: Database, settings: Settings, staff: Identity,
    at: datetime,
) -> Taken:  # fmt: skip
    """Take the step `name` with the posted form. Raises `UnknownCase` and `UnknownTransition`; returns all else."""
    version = forms.version(form)
    note_version(request, version)
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        model = _step(case, name, staff.actor).form
        uploaded = _uploaded(session, form)
        typed = read_typed(model, form)
        words = as_data(model, {field: items for field, items in typed.items() if field != PHOTOS})
        if was_just_done(session, case, name, words, actor=staff.actor, since=version):
            return Taken(version + 1)
    taken_in = public_photos.take_in(form, database=db, settings=settings, at=at)
    kept = (*taken_in.kept, *public_photos.hold(uploaded, settings=settings, at=at))
    typed.pop(PHOTOS, None)
    data = dict(words)
    if kept and model is not None and PHOTOS in model.model_fields:
        data[PHOTOS] = [str(photo.photo_id) for photo in kept]
    try:
        refuse_photos(taken_in.errors)
        with db.write() as session:
            case = cases.seen_by(session, staff.actor, number)
            if was_just_done(session, case, name, words, actor=staff.actor, since=version):
                return Taken(version + 1)
            refuse_stale(case, version)
            cases.fire(session, case, name, actor=staff.actor, at=at, data=data)
            return Taken(version=case.version)
    except (PhotosRefused, ValidationError, FieldRefused, TransitionRefused, CaseChanged) as refused:
        if isinstance(refused, UnknownTransition):
            raise
        if isinstance(refused, CaseChanged | TransitionRefused) and _came_first(
            db, number, name, words, staff=staff, since=version
        ):
            return Taken(version + 1)
        errors = tuple(taken_in.errors or field_errors(refused))
        problem = problem_of(request, refused)
        return Taken(failed=Attempted(name, Typed(typed, errors, kept), problem, version))


def _came_first(db: Database, number: str, name: str, words: Mapping[str, Any], *, staff: Identity, since: int) -> bool:
    """Return whether what was refused is this very step, sent twice at one moment: the other one was quicker."""
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        return was_just_done(session, case, name, words, actor=staff.actor, since=since)


def refuse_stale(case: Case, version: int) -> None:
    """Raise `CaseChanged` unless the case still stands as its page showed it."""
    if case.version != version:
        raise CaseChanged(case.number)


def refuse_photos(errors: list[FieldError]) -> None:
    """Raise `PhotosRefused` for the first thing that was wrong with the photos."""
    if errors:
        raise PhotosRefused(FieldRefusal(errors[0].field, errors[0].message))


def _uploaded(session: Session, form: FormData) -> list[UUID]:
    """Return the photos a script has uploaded beforehand that are still free."""
    ids = []
    for sent in form.getlist(PHOTOS):
        try:
            ids.append(UUID(sent) if isinstance(sent, str) else None)
        except ValueError:
            continue
    wanted = [photo for photo in ids if photo is not None]
    free = uploads.unclaimed(session, wanted)
    return [photo for photo in wanted if photo in free]


def _step(case: Case, name: str, actor: Actor) -> Transition:
    """Return the transition of that name as this state and actor have it, else any of that name."""
    flow = workflow_of(case.process)
    named = flow.named(name)
    if not named:
        flow.plan(cases.snapshot(case), name, actor=actor, at=case.changed_at)
    here = [step for step in named if any(state.name == case.state for state in step.sources)]
    mine = [step for step in here if actor.plays(*step.roles)]
    return (mine or here or named)[0]


def steps(
    session: Session, case: Case, *, actor: Actor, at: datetime, failed: Attempted | None = None
) -> tuple[Step, ...]:
    """Return every offer with its form, what usually comes next first; a failed one keeps what was typed."""
    venue = session.get(Venue, case.venue_id) if case.venue_id else None
    pickers = _pickers(session, case, actor=actor, at=at)
    offers = sorted(cases.offers(session, case, actor=actor, at=at), key=_rank)
    shown = []
    for offer in offers:
        step = offer.transition
        if not offer.enabled:
            shown.append(Step(offer, None))
            continue
        again = failed if failed is not None and failed.name == step.name else None
        typed = again.typed if again else Typed(_initial(step, case, venue, pickers))
        form = form_shown(step.form, prefix=f"{step.name}-", pickers=pickers, typed=typed)
        is_open = again is not None or (failed is None and step.usual)
        shown.append(Step(offer, form, is_open))
    return tuple(shown)


def _initial(step: Transition, case: Case, venue: Venue | None, pickers: Pickers) -> Mapping[str, list[str]]:
    fields = step.form.model_fields.values() if step.form is not None else ()
    extras = [info.json_schema_extra for info in fields if isinstance(info.json_schema_extra, dict)]
    roles = next((tuple(extra["roles"]) for extra in extras if extra.get("widget") == "person"), ())  # type: ignore[arg-type]
    values = initial(step, case, venue, pickers.colleagues(roles) if roles else [])
    known = pickers.lists.get(SAME_PERSON, ())
    if known and "owner" in _names_of(step):
        values = {**values, "owner": [known[0].value]}
    return {**values, "text": [pickers.words]} if pickers.words and RELEASED in _names_of(step) else values


def _names_of(step: Transition) -> Iterable[str]:
    return step.form.model_fields if step.form is not None else ()


def _rank(offer: Offer) -> tuple[bool, bool, bool]:
    step = offer.transition
    return (not (step.usual and offer.enabled), not offer.enabled, step.target is None)


def _pickers(session: Session, case: Case, *, actor: Actor, at: datetime) -> Pickers:
    day = people.local_day(at)
    known: dict[tuple[str, ...], list[choices.Colleague]] = {}
    # Whom the step would refuse is not offered: see `hazard_report.is_somebody_new`.
    handled = set(case.facts.get("handled_by", ())) if case.facts.get("reopened_at") else set()

    def colleagues(roles: tuple[str, ...]) -> list[choices.Colleague]:
        if roles not in known:
            found = choices.colleagues(session, roles, area_id=case.area_id, day=day)
            known[roles] = [colleague for colleague in found if str(colleague.id) not in handled]
        return known[roles]

    same = tuple(choices.reports_of_same_premises(session, case, actor))
    photos, words = disclosure.offered(session, case, actor=actor)
    return Pickers(
        colleagues=colleagues,
        reports=same,
        photos=photos,
        words=words,
        hazard_code=case.hazard_code,
        today=day,
        areas=lambda: tuple(Option(area.code, area.words) for area in choices.areas(session, day=day)),
        lists={SAME_PERSON: tuple(_same_person(one) for one in same_people(session, case, at=at))},
    )


def _same_person(one: SamePerson) -> Option:
    posts = [ROLE_LABELS[Role(role)] for role in one.posts]
    zh, en = ([one.name, *(post.zh for post in posts)], [one.name, *(post.en for post in posts)])
    return Option(str(one.id), Label(" · ".join(zh), " · ".join(en)))
