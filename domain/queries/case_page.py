"""Everything one case page shows, read in a handful of queries and only as far as its reader may know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from domain import access, articles, catalogue, disclosure, enrolments, people, places, reports, sealed, timing
from domain.actors import ROLE_LABELS, VENUE_SIDE, Actor, Role
from domain.articles import Basis
from domain.catalogue import Hazard
from domain.identifiers import mask_name, mask_phone
from domain.language import Label
from domain.models import Area, Case, CaseLink, Person, Photo, TimelineEntry, Venue
from domain.processes import workflow_of
from domain.processes.retention import REMOVED_AT, Part
from domain.queries import case_record, case_words
from domain.queries.case_messages import Promise, promises
from domain.queries.case_words import CHANNELS, Names, Said, Secret
from domain.rights import FIELDS
from domain.table import Clock
from domain.workflow import Workflow

_RELATIONS = {
    "parent": Label("来源案件", "Comes from"),
    "child": Label("引出的整改", "Led to"),
    "merged_into": Label("并入", "Merged into"),
    "absorbed": Label("已并入本件", "Merged into this one"),
    "found_again": Label("又发现的隐患，整改在", "Found again, corrected in"),
    "found_again_by": Label("巡查又发现", "Found again by"),
}
_INWARD = {"found_again": "found_again_by"}
_NOT_LISTED = {*case_record.NEVER_OPENED} | {
    field for field, kind in enrolments.SEALED.items() if kind in case_record.NEVER_OPENED
}
"""Sealed fields that have no line in an entry: a case page shows them masked on a card, if at all."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """What the reporter said, for those who may read it."""

    words: str | None
    place: str | None
    name: str | None
    """Masked."""
    phone: str | None
    """Masked; None when there is none or it is not for this reader."""
    has_phone: bool
    language: str
    position: tuple[float, float] | None
    identity_removed_at: datetime | None
    """When name, phone and position were removed because their time was over."""
    words_removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockShown:
    """One clock of the case with the article it rests on."""

    name: str
    label: Label
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    left_for: Label | None
    """The state the case left for when that was not what the limit is for; None while it runs and when fulfilled."""
    is_running: bool
    is_provisional: bool
    is_statutory: bool
    is_timer: bool
    rests: Basis
    """What it rests on, in words: the article, or that it is our own target."""
    basis: tuple[str, ...]
    """The articles as the catalogue cites them."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Another case that belongs to this one."""

    relation: Label
    number: str
    process: Label
    state: Label
    is_final: bool
    hazard: Hazard | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, who did it, what they said, what it promised."""

    seq: int
    label: Label
    transition: str
    who: str | Label
    role: Label
    at: datetime
    moved_to: Label | None
    said: tuple[Said, ...]
    photos: tuple[UUID, ...]
    hidden_photos: int
    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case as its page shows it."""

    case: Case
    workflow: Workflow
    state: Label
    is_final: bool
    channel: Label
    venue: Venue | None
    area: Area | None
    wardens: tuple[str, ...]
    assignees: tuple[str, ...]
    hazard: Hazard | None
    reporter: Reporter | None
    """None: not for this reader."""
    photos: tuple[UUID, ...]
    reported_photos: tuple[UUID, ...]
    """Those of `photos` that came from the reporter: with the report and with what they added."""
    released: disclosure.Released | None
    """A report: what its venue may read; a rectification: what it may read of the report it comes from."""
    clocks: tuple[ClockShown, ...]
    links: tuple[Linked, ...]
    similar: tuple[reports.Similar, ...]
    entries: tuple[Entry, ...]

    @property
    def held(self) -> tuple[Promise, ...]:
        """Return the promises that wait for a person."""
        return tuple(promise for entry in self.entries for promise in entry.promises if promise.is_held)


def case_page(session: Session, case: Case, *, actor: Actor, at: datetime) -> CasePage:
    """Return what `actor` may see of a case they may see (`access.may_see` was asked before)."""
    workflow = workflow_of(case.process)
    actor = access.acting_on(session, actor, case)
    reads = access.reads_reporter(actor, case)
    entries = [entry for entry in session.execute(_timeline(case.id)).scalars() if _may_read(entry, actor)]
    shown = _photos(session, case, entries, reads=reads)
    promised = promises(session, workflow, case, actor=actor)
    names = _names(session, case, entries, actor, promised)
    return CasePage(
        case=case,
        workflow=workflow,
        state=workflow.state(case.state).label,
        is_final=workflow.state(case.state).final,
        channel=CHANNELS[case.channel],
        venue=session.get(Venue, case.venue_id) if case.venue_id else None,
        area=session.get(Area, case.area_id) if case.area_id else None,
        wardens=tuple(p.name for p in _wardens(session, case, at)),
        assignees=tuple(names.people[person] for person in case.assignees if person in names.people),
        hazard=catalogue.hazards().get(case.hazard_code or ""),
        reporter=_reporter(session, case, actor) if reads and "has_phone" in case.facts else None,
        photos=tuple(shown),
        reported_photos=tuple(photo for photo in shown if photo in _reported(workflow, entries)),
        released=released(session, case, actor=actor, reads=reads),
        clocks=_clocks(workflow, case, entries),
        links=tuple(_links(session, case, actor)),
        similar=_similar(session, case, actor, at) if not workflow.state(case.state).final else (),
        entries=tuple(
            _entry(workflow, entry, names, photos=shown, promised=promised.get(entry.seq, ())) for entry in entries
        ),
    )


def _timeline(case_id: UUID) -> Any:  # noqa: ANN401 - a select
    return select(TimelineEntry).where(col(TimelineEntry.case_id) == case_id).order_by(col(TimelineEntry.seq))


def _may_read(entry: TimelineEntry, actor: Actor) -> bool:
    """Remarks among colleagues are not for the venue's side."""
    is_colleague = actor.plays(*FIELDS["colleagues_remarks"].roles)
    return is_colleague or entry.transition not in case_record.ONLY_COLLEAGUES


def _wardens(session: Session, case: Case, at: datetime) -> list[Person]:
    if case.area_id is None:
        return []
    return people.in_charge(session, Role.WARDEN, case.area_id, day=people.local_day(at))


def _photos(session: Session, case: Case, entries: list[TimelineEntry], *, reads: bool) -> list[UUID]:
    """Return the photos this reader may see: of the case, and those of the finding that opened it."""
    named = {photo for entry in entries for photo in case_words.photos_in(entry)}
    query = select(Photo.id, Photo.source).where(  # type: ignore[call-overload]
        or_(
            col(Photo.case_id) == case.id,
            and_(col(Photo.case_id) == case.parent_id, col(Photo.id).in_(named)),
        )
    )
    rows = session.execute(query.order_by(col(Photo.id))).all()
    return [row.id for row in rows if reads or row.source != "reporter"]


def released(session: Session, case: Case, *, actor: Actor, reads: bool) -> disclosure.Released | None:
    """Return what is released to the venue, for the venue's own side and those who read what was reported anyway."""
    if not (reads or (actor.plays(*VENUE_SIDE) and case.venue_id in actor.venue_ids)):
        return None
    if case.parent_id is not None:
        return disclosure.released_to(session, case)
    return disclosure.released_of(session, case) if reads else None


def _reported(workflow: Workflow, entries: list[TimelineEntry]) -> set[UUID]:
    """Return the photos of the report itself and of what its reporter added."""
    told = [e for e in entries if e.transition == workflow.opening.name or Role(e.actor_role) is Role.REPORTER]
    return {photo for entry in told for photo in case_words.photos_in(entry)}


def _names(
    session: Session, case: Case, entries: list[TimelineEntry], actor: Actor, promised: Mapping[int, list[Promise]]
) -> Names:
    wanted = set(case.assignees).union(*(case_words.people_in(entry) for entry in entries))
    numbers = set[str]().union(*(case_words.cases_in(entry) for entry in entries))
    secrets = case_record.opened_words(session, entries) if access.reads_reporter(actor, case) else {}
    rows = session.execute(select(Person.id, Person.name).where(col(Person.id).in_(wanted))).all()  # type: ignore[call-overload]
    known = session.execute(select(Case.number).where(col(Case.number).in_(numbers), access.visible(actor)))  # type: ignore[call-overload]
    people_by_id = {row.id: row.name for row in rows}
    codes = set[str]().union(*(case_words.areas_in(entry) for entry in entries))
    areas = (
        session.execute(select(col(Area.code), col(Area.name)).where(col(Area.code).in_(codes))).tuples().all()
        if codes
        else ()
    )
    messages = {
        promise.id: (promise.label, *dict.fromkeys(made.recipient for made in promise.tries))
        for kept in promised.values()
        for promise in kept
    }
    return Names(people_by_id, secrets, frozenset(known.scalars()), dict(areas), messages)


def _reporter(session: Session, case: Case, actor: Actor) -> Reporter:
    items = {key: sealed.referenced(case.facts.get(key)) for key in ("description", "name", "phone")}
    wanted = [item for key, item in items.items() if item and (key != "phone" or access.sees_phone_masked(actor))]
    opened = sealed.get_many(session, wanted)
    texts = {key: opened.get(item) if item else None for key, item in items.items()}
    return Reporter(
        words=texts["description"],
        place=places.words(session, case),
        name=mask_name(texts["name"]) if texts["name"] else None,
        phone=mask_phone(texts["phone"]) if texts["phone"] else None,
        has_phone=bool(case.facts.get("has_phone")),
        language=str(case.facts.get("language", "zh_CN")),
        position=places.position(session, case),
        identity_removed_at=_moment(case.facts.get(REMOVED_AT[Part.IDENTITY])),
        words_removed_at=_moment(case.facts.get(REMOVED_AT[Part.WORDS])),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _clocks(workflow: Workflow, case: Case, entries: list[TimelineEntry]) -> tuple[ClockShown, ...]:
    shown = []
    for clock in workflow.clocks:
        if clock.name not in case.clocks:
            continue
        reading = timing.Reading.of(case.clocks[clock.name])
        rests = articles.of_clock(clock, reading)
        row = catalogue.limits().get(rests.rule)
        shown.append(
            ClockShown(
                name=clock.name,
                label=clock.label,
                started_at=reading.started_at,
                due_at=reading.due_at,
                stopped_at=reading.stopped_at,
                left_for=_left_for(workflow, clock, entries, reading),
                is_running=reading.running,
                is_provisional=reading.provisional,
                is_statutory=clock.kind == "statutory",
                is_timer=clock.kind == "timer",
                rests=rests,
                basis=row.legal_basis if row else (),
            )
        )
    return tuple(sorted(shown, key=lambda clock: (not clock.is_running, clock.due_at)))


def _left_for(workflow: Workflow, clock: Clock, entries: list[TimelineEntry], reading: timing.Reading) -> Label | None:
    """Return the state the case left for when a clock ended without being fulfilled: merged, transferred, withdrawn."""
    runs_in = {state.name for state in clock.runs_in}
    left = [entry for entry in entries if entry.source in runs_in and entry.target not in runs_in]
    target = next((entry.target for entry in left if entry.at == reading.stopped_at), None)
    if target is None or any(state.name == target for state in clock.fulfilled_in):
        return None
    return workflow.state(target).label


def _links(session: Session, case: Case, actor: Actor) -> list[Linked]:
    related: list[tuple[Label, UUID]] = []
    if case.parent_id:
        related.append((_RELATIONS["parent"], case.parent_id))
    children = session.execute(select(Case.id).where(col(Case.parent_id) == case.id).order_by(col(Case.id)))  # type: ignore[call-overload]
    related += [(_RELATIONS["child"], child) for child in children.scalars()]
    query = select(CaseLink).where(
        or_(col(CaseLink.from_id) == case.id, col(CaseLink.to_id) == case.id),
        col(CaseLink.ended_at).is_(None),
    )
    for link in session.execute(query.order_by(col(CaseLink.at))).scalars():
        outward = link.from_id == case.id
        kind = link.kind if outward else _INWARD.get(link.kind, "absorbed")
        related.append((_RELATIONS.get(kind, Label(kind, kind)), link.to_id if outward else link.from_id))
    ids = [other for _, other in related]
    rows = session.execute(select(Case).where(col(Case.id).in_(ids), access.visible(actor))).scalars()
    others = {other.id: other for other in rows}
    return [_linked(relation, others[other]) for relation, other in related if other in others]


def _linked(relation: Label, other: Case) -> Linked:
    workflow = workflow_of(other.process)
    state = workflow.state(other.state)
    return Linked(
        relation=relation,
        number=other.number,
        process=Label(workflow.zh, workflow.en),
        state=state.label,
        is_final=state.final,
        hazard=catalogue.hazards().get(other.hazard_code or ""),
    )


def _similar(session: Session, case: Case, actor: Actor, at: datetime) -> tuple[reports.Similar, ...]:
    if case.venue_id is None or "has_phone" not in case.facts:
        return ()
    found = reports.similar(session, venue_id=case.venue_id, at=at, hazard_code=case.hazard_code, besides=case.id)
    known = access.known_of(session, actor, [one.case_id for one in found])
    return tuple(one for one in found if one.case_id in known)


def _entry(
    workflow: Workflow,
    entry: TimelineEntry,
    names: Names,
    *,
    photos: Collection[UUID],
    promised: Iterable[Promise],
) -> Entry:
    brought = case_words.photos_in(entry)
    role = ROLE_LABELS[Role(entry.actor_role)]
    return Entry(
        seq=entry.seq,
        label=_label(workflow, entry),
        transition=entry.transition,
        who=entry.actor_name if entry.actor_id is not None and entry.actor_name else role,
        role=role,
        at=entry.at,
        moved_to=workflow.state(entry.target).label if entry.source != entry.target else None,
        said=tuple(
            field
            for field in case_words.said(workflow, entry, names)
            if not any(isinstance(value, Secret) and value.kind in _NOT_LISTED for value in field.values)
        ),
        photos=tuple(photo for photo in brought if photo in photos),
        hidden_photos=sum(photo not in photos for photo in brought),
        promises=tuple(promised),
    )


def _label(workflow: Workflow, entry: TimelineEntry) -> Label:
    if entry.transition == workflow.opening.name:
        return Label(workflow.opening.zh, workflow.opening.en)
    steps = workflow.named(entry.transition)
    return steps[0].label if steps else Label(entry.transition, entry.transition)


def photo_for(session: Session, case: Case, photo_id: UUID, *, actor: Actor) -> Photo | None:
    """Return a photo of a case the actor may see, or None when it is not there or not for them."""
    entries = list(session.execute(_timeline(case.id)).scalars())
    actor = access.acting_on(session, actor, case)
    reads = access.reads_reporter(actor, case)
    shown = released(session, case, actor=actor, reads=reads)
    if photo_id not in _photos(session, case, entries, reads=reads) and photo_id not in (shown.photos if shown else ()):
        return None
    return session.get(Photo, photo_id)
