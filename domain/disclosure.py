"""Lets out what the vault keeps of a reporter: to a colleague whom a second one let, to the venue what was released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, cases, places, product_settings, sealed, second_person, throttles
from domain.actors import Actor
from domain.cases import FieldRefused, Step, before
from domain.language import Sentence
from domain.models import Case, Photo, TimelineEntry
from domain.processes import identity, release
from domain.throttles import Allowance, AllowanceSpent
from domain.workflow import FieldRefusal, TransitionRefused

REVEAL = "reveal_identity"
CHOSEN_BY_ASKER = Sentence("Whoever asked chose you as a deputy, or you stand in for them: somebody else has to agree.")
"""Why a deputy does not count as the second person."""
RELEASE = "release_words"


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """Who a reporter is, for the one answer it stands in; its repr says nothing."""

    name: str | None
    phone: str | None
    """E.164."""
    position: tuple[float, float] | None
    """WGS 84 degrees: latitude, longitude."""


def reveal(session: Session, case: Case, *, actor: Actor, at: datetime, data: Mapping[str, Any]) -> Revealed:
    """Write down that `actor` looks, why and at what, and return what the vault holds. Raises what `cases.fire` does.

    `data` is what they wrote into the form of the step.
    """
    cases.fire(session, case, REVEAL, actor=actor, at=at, data={**data, "shown": identity.held(case)})
    items = {name: sealed.referenced(case.facts.get(name)) for name in ("name", "phone")}
    opened = sealed.get_many(session, [item for item in items.values() if item])
    name, phone = (opened.get(item) if item else None for item in items.values())
    return Revealed(name, phone, places.position(session, case))


@before("check_second_person")
def check_second_person(session: Session, step: Step) -> None:
    """Let nobody agree who may do so only because the asker chose them, or whom they stand in for."""
    agrees = step.plan.actor.person_id
    if agrees is None or not second_person.is_independent(session, agrees, step.form.whom, step.case, at=step.at):
        raise TransitionRefused(CHOSEN_BY_ASKER)


@before("count_reveal")
def count_reveal(session: Session, step: Step) -> None:
    """Let one person look up so many reporters a day and no more."""
    most = product_settings.value(session, "reveals_per_day")
    allowance = Allowance(most, timedelta(days=1))
    try:
        throttles.spend(session, f"reveal:{step.plan.actor.person_id}", allowance=allowance, at=step.at)
    except AllowanceSpent:
        reason = Sentence("You have looked up %(most)s reporters within a day; more is not possible.", most=most)
        raise TransitionRefused(reason) from None


@dataclass(frozen=True, slots=True)
class Released:
    """What a venue may read of the report that led to its rectification."""

    words: str | None
    photos: tuple[UUID, ...]
    at: datetime


def released_of(session: Session, report: Case) -> Released | None:
    """Return what of a report is released to its venue now; None when nothing is."""
    if not report.facts.get(release.RELEASED_AT):
        return None
    last = select(TimelineEntry).where(
        col(TimelineEntry.case_id) == report.id, col(TimelineEntry.transition) == RELEASE
    )
    entry = session.execute(last.order_by(col(TimelineEntry.seq).desc()).limit(1)).scalar_one()
    item = sealed.referenced(entry.data.get("text"))
    words = sealed.get_many(session, [item]).get(item) if item else None
    chosen = [UUID(photo) for photo in entry.data.get(release.PHOTOS, ())]
    there = set(session.execute(select(col(Photo.id)).where(col(Photo.id).in_(chosen))).scalars())
    return Released(words, tuple(photo for photo in chosen if photo in there), entry.at)


def released_to(session: Session, case: Case) -> Released | None:
    """Return what is released with a rectification: of the report it comes from, to that report's own venue."""
    if case.parent_id is None:
        return None
    report = session.get(Case, case.parent_id)
    if report is None or report.venue_id is None or report.venue_id != case.venue_id:
        return None
    return released_of(session, report)


def photos_to_release(session: Session, case: Case) -> list[UUID]:
    """Return the photos that came from the reporter of a case, the oldest first."""
    query = select(col(Photo.id)).where(col(Photo.case_id) == case.id, col(Photo.source) == "reporter")
    return list(session.execute(query.order_by(col(Photo.id))).scalars())


def offered(session: Session, case: Case, *, actor: Actor) -> tuple[tuple[UUID, ...], str]:
    """Return the photos and the words of a report that this actor may release to its venue; nothing to anybody else."""
    if case.parent_id is not None or not access.acting_on(session, actor, case).plays(*release.RELEASERS):
        return (), ""
    item = sealed.referenced(case.facts.get("description"))
    words = sealed.get_many(session, [item]).get(item, "") if item else ""
    last = released_of(session, case)
    return tuple(photos_to_release(session, case)), (last.words if last else None) or words


@before("check_released_photos")
def check_released_photos(session: Session, step: Step) -> None:
    """Release only what came with this very report; the check's own photos the venue sees anyway."""
    if step.case.venue_id is None:
        reason = Sentence("This report names no venue with a code; there is nobody to release it to.")
        raise TransitionRefused(reason)
    if set(step.form.released_photos) - set(photos_to_release(session, step.case)):
        refusal = FieldRefusal(release.PHOTOS, Sentence("Choose among the photos of this report's reporter."))
        raise FieldRefused(refusal)
