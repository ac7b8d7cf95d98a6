"""Who may know of what and do what: role × area subtree × own venue × industry, deny by default.

One set of rules answers lists, pages, JSON, exports, files and streams: SQL conditions for what somebody may know of
(`visible`, `venues_visible`), an actor narrowed to the roles that hold at a case (`acting_on`), and the rights that are
not a step of a case (`RIGHTS`). `docs/access.md` is generated from the same tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select, true
from sqlmodel import Session

from domain.actors import VENUE_SIDE, Actor, Grant, Place, Role
from domain.language import Sentence
from domain.models import Area, Case, TimelineEntry, Venue
from domain.rights import FIELDS, RIGHT_LABELS, RIGHTS, SEES_EVERYTHING, Right

WORKS_WHERE_SENT = frozenset({Role.WARDEN, Role.INSPECTOR})
"""Roles that hold at a case assigned to their holder, wherever it is."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_ENTRIES: Any = TimelineEntry.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]


class NotPermitted(Exception):
    """This person may know of it, and still not do this; `reason` says so."""

    def __init__(self, right: Right) -> None:
        super().__init__(right.value)
        self.right = right
        self.reason = Sentence("Your role may not do this: %(step)s.", step=RIGHT_LABELS[right])


class OutOfReach(LookupError):
    """It lies outside of what this person may know of: to them it does not exist."""


class Assigned(Protocol):
    """What of a case decides who works on it."""

    @property
    def id(self) -> UUID:
        """Return whose identity it is."""

    @property
    def assignees(self) -> tuple[UUID, ...]:
        """Return who works on it."""


class Located(Assigned, Protocol):
    """A case, or what a list shows of one."""

    @property
    def area_id(self) -> UUID | None:
        """Return in which area it is, as far as known."""

    @property
    def venue_id(self) -> UUID | None:
        """Return at which venue it is; None where there is no code."""


# Which roles hold here.


def place_of(session: Session, *, area_id: UUID | None, venue_id: UUID | None) -> Place:
    """Return where that is, as grants ask for it.

    A case stays in the area it was put into, as lists have it, also when its venue is put into another one later.
    """
    if venue_id is not None:
        there = _VENUES.c.area_id if area_id is None else literal(area_id, _VENUES.c.area_id.type)
        query = select(_AREAS.c.path, _VENUES.c.industry).join(_AREAS, _AREAS.c.id == there)
        row = session.execute(query.where(_VENUES.c.id == venue_id)).first()
        if row is not None:
            return Place(row.path, venue_id, row.industry)
    path = session.execute(select(_AREAS.c.path).where(_AREAS.c.id == area_id)).scalar() if area_id else None
    return Place(path, venue_id)


def acting_on(session: Session, actor: Actor, case: Located) -> Actor:
    """Return the actor with the roles that hold at this case: what `Workflow.plan` and `offers` are asked with."""
    if holds_everywhere(actor):
        return actor
    return actor.at(place_of(session, area_id=case.area_id, venue_id=case.venue_id), besides=_sent(actor, case))


def acting_on_each(session: Session, actor: Actor, cases: Iterable[Assigned]) -> dict[UUID, Actor]:
    """Return case id → the actor with the roles that hold there, for a whole list at once."""
    listed = list(cases)
    if holds_everywhere(actor) or not listed:
        return {case.id: actor for case in listed}
    query = (
        select(_CASES.c.id, _AREAS.c.path, _CASES.c.venue_id, _VENUES.c.industry)
        .select_from(_CASES)
        .outerjoin(_VENUES, _VENUES.c.id == _CASES.c.venue_id)
        .outerjoin(_AREAS, _AREAS.c.id == func.coalesce(_CASES.c.area_id, _VENUES.c.area_id))
        .where(_CASES.c.id.in_([case.id for case in listed]))
    )
    there = {row.id: Place(row.path, row.venue_id, row.industry) for row in session.execute(query)}
    return {case.id: actor.at(there.get(case.id, Place()), besides=_sent(actor, case)) for case in listed}


def holds_everywhere(actor: Actor) -> bool:
    """Return whether every role of the actor holds wherever something is."""
    return actor.grants is None or all(grant == Grant(grant.role) for grant in actor.grants)


def _sent(actor: Actor, case: Assigned) -> frozenset[Role]:
    return WORKS_WHERE_SENT if actor.person_id in case.assignees else frozenset()


# Which cases somebody may know of.


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `cases` that leaves what this actor may know of."""
    grants = actor.grants if actor.grants is not None else tuple(Grant(role) for role in actor.roles)
    offices = {grant for grant in grants if grant.role in SEES_EVERYTHING and grant.venue_id is None}
    found = _reach(offices, area_id=_CASES.c.area_id, venue_id=_CASES.c.venue_id)
    if not isinstance(found, list):
        return and_(found, _not_about_themselves(actor))
    mine = list(found)
    if actor.plays(*WORKS_WHERE_SENT) and actor.person_id:
        worked = select(_ENTRIES.c.case_id).where(_ENTRIES.c.actor_id == actor.person_id)
        mine += [
            _CASES.c.assignee_id == actor.person_id,
            _CASES.c.second_assignee_id == actor.person_id,
            _CASES.c.id.in_(worked),
        ]
    if actor.venue_ids:
        here = _CASES.c.venue_id.in_(actor.venue_ids)
        mine.append((_CASES.c.process == "rectification") & (_CASES.c.state != "ordered") & here)
        mine.append((_CASES.c.process == "patrol_task") & here)
    return and_(or_(*mine), _not_about_themselves(actor)) if mine else false()


def _not_about_themselves(actor: Actor, cases: Any = _CASES.c) -> ColumnElement[bool]:  # noqa: ANN401 - columns
    """Leave out the reports about a venue where the actor answers for fire safety: they hear of the rectification."""
    if not actor.venue_ids:
        return true()
    elsewhere = or_(cases.venue_id.is_(None), cases.venue_id.not_in(actor.venue_ids))
    return or_(cases.process != "hazard_report", elsewhere)


def _reach(
    grants: Iterable[Grant],
    *,
    area_id: ColumnElement[Any],
    venue_id: ColumnElement[Any] | None,
    industry: ColumnElement[Any] | None = None,
) -> ColumnElement[bool] | list[ColumnElement[bool]]:
    """Return `true()` when one of the grants holds everywhere, else a condition per different reach.

    `industry`: where rows carry their venue's industry themselves; else it is asked of the venue as it is today.
    """
    reaches = {(grant.area_path, grant.industry) for grant in grants}
    if (None, None) in reaches:
        return true()
    # A wider area makes the narrower ones within it needless.
    whole = [path for path, narrow in reaches if narrow is None and path is not None]
    needed = [
        (path, narrow)
        for path, narrow in sorted(reaches, key=str)
        if not any((path or "").startswith(wide) and (path, narrow) != (wide, None) for wide in whole)
    ]
    return [_within(path, narrow, area_id=area_id, venue_id=venue_id, own=industry) for path, narrow in needed]


def _within(
    path: str | None,
    industry: str | None,
    *,
    area_id: ColumnElement[Any],
    venue_id: ColumnElement[Any] | None,
    own: ColumnElement[Any] | None,
) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    if path is not None:
        parts.append(_inside(path, area_id, unplaced=venue_id is not None))
    if industry is not None and own is not None:
        parts.append(own == industry)
    elif industry is not None:
        of_industry = select(_VENUES.c.id).where(_VENUES.c.industry == industry)
        parts.append(venue_id.in_(of_industry) if venue_id is not None else _VENUES.c.industry == industry)
    return and_(*parts)


def _inside(path: str, area_id: ColumnElement[Any], *, unplaced: bool) -> ColumnElement[bool]:
    inside: ColumnElement[bool] = area_id.in_(below(path))
    if path.count("/") > 1:
        return inside
    # Whoever holds a role at the only root holds it everywhere: asked once per statement and not per row, or every list
    # of theirs would be joined and sorted whole before its first page.
    other = _AREAS.alias("other_root")
    alone = ~exists().where(other.c.parent_id.is_(None), other.c.path != path)
    return or_(alone, inside, area_id.is_(None)) if unplaced else or_(alone, inside)


def below(path: str) -> Any:  # noqa: ANN401 - a select of ids
    """Return the select of the ids of an area and all below it."""
    return select(_AREAS.c.id).where(func.substr(_AREAS.c.path, 1, len(path)) == path)


def may_see(session: Session, actor: Actor, case: Case) -> bool:
    """Return whether this actor may know of the case.

    Lists leave patrols to pages of their own: who sees those of an area opens each of them as well.
    """
    found = session.execute(select(_CASES.c.id).where(_CASES.c.id == case.id, visible(actor))).first()
    if found is not None or case.process != "patrol_task":
        return found is not None
    return may(actor, Right.SEE_PATROLS, place_of(session, area_id=case.area_id, venue_id=case.venue_id))


def known_of(session: Session, actor: Actor, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of the cases that this actor may know of."""
    query = select(_CASES.c.id).where(_CASES.c.id.in_(list(case_ids)), visible(actor))
    return frozenset(session.execute(query).scalars())


# Which venues somebody may know of, as staff; what the public sees of a venue stands at its code.


def venues_visible(actor: Actor, right: Right = Right.SEE_VENUES) -> ColumnElement[bool]:
    """Return the condition on `venue` that leaves those for which this actor has `right`."""
    if actor.grants is None and not actor.person_id:
        return true() if actor.plays(Role.SYSTEM) else false()
    grants = actor.grants if actor.grants is not None else tuple(Grant(role) for role in actor.roles)
    able = [grant for grant in grants if grant.role in RIGHTS[right]]
    offices = [grant for grant in able if grant.venue_id is None and grant.role not in VENUE_SIDE]
    found = _reach(offices, area_id=_VENUES.c.area_id, venue_id=None)
    if not isinstance(found, list):
        return found
    own = [grant.venue_id for grant in able if grant.venue_id is not None]
    if own:
        found.append(_VENUES.c.id.in_(own))
    return or_(*found) if found else false()


# Which rows of other tables, such as patrol tasks, somebody may know of: by the area and the venue they carry.


def rows_visible(
    actor: Actor, right: Right, *, area_id: ColumnElement[Any], venue_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return the condition on rows with an area and a venue that leaves those for which this actor has `right`."""
    if actor.grants is None:
        return true() if actor.plays(Role.SYSTEM) else false()
    able = [grant for grant in actor.grants if grant.role in RIGHTS[right]]
    offices = [grant for grant in able if grant.venue_id is None and grant.role not in VENUE_SIDE]
    found = _reach(offices, area_id=area_id, venue_id=venue_id)
    if not isinstance(found, list):
        return found
    if own := [grant.venue_id for grant in able if grant.venue_id is not None]:
        found.append(venue_id.in_(own))
    return or_(*found) if found else false()


# Which cases somebody's numbers count: a warden's those of their area, though they open only their own.


def counted(
    actor: Actor,
    measures: Any,  # noqa: ANN401 - the columns of a table of measures
    roles: Container[Role] = RIGHTS[Right.SEE_FIGURES],
) -> ColumnElement[bool]:
    """Return the condition on measures that leaves what holders of `roles` count.

    Of a measure: `area_id`, `venue_id`, `industry`, `process`, each as it was when it was measured.
    """
    if actor.grants is None:
        return true() if actor.plays(Role.SYSTEM) else false()
    able = [grant for grant in actor.grants if grant.role in roles and grant.venue_id is None]
    found = _reach(able, area_id=measures.area_id, venue_id=measures.venue_id, industry=measures.industry)
    if isinstance(found, list):
        found = or_(*found) if found else false()
    return and_(found, _not_about_themselves(actor, measures))


def area_paths(actor: Actor, roles: Container[Role] = RIGHTS[Right.SEE_FIGURES]) -> tuple[str | None, ...]:
    """Return the paths of the areas over which the actor holds one of `roles`; None among them: everywhere."""
    if actor.grants is None:
        return (None,) if actor.plays(Role.SYSTEM) else ()
    held = [grant for grant in actor.grants if grant.role in roles and grant.venue_id is None]
    return tuple({grant.area_path for grant in held})


# Rights that are not a step of a case.


def may(actor: Actor, right: Right, place: Place | None = None) -> bool:
    """Return whether the actor has `right` at `place`; without a place: anywhere at all."""
    if place is not None:
        actor = actor.at(place)
    return actor.plays(*RIGHTS[right])


def require(
    session: Session,
    actor: Actor,
    right: Right,
    *,
    venue_id: UUID | None = None,
    area_id: UUID | None = None,
    anywhere: bool = False,
) -> None:
    """Raise `OutOfReach` for what the actor may not know of, `NotPermitted` for what they may not do there.

    Without a venue or an area the right has to hold everywhere (`anywhere`: at one place at least).
    """
    if actor.grants is None and actor.plays(Role.SYSTEM):
        return
    if anywhere:
        if not may(actor, right):
            raise NotPermitted(right)
        return
    here = place_of(session, area_id=area_id, venue_id=venue_id)
    if (venue_id or area_id) and not may(actor, Right.SEE_VENUES, here) and not may(actor, right, here):
        raise OutOfReach(str(venue_id or area_id))
    if not may(actor, right, here):
        raise NotPermitted(right)


def narrowed(actor: Actor, right: Right) -> Actor:
    """Return the actor with those roles and reaches only that carry `right`: who may export here sees more there."""
    if actor.grants is None:
        return actor
    grants = tuple(grant for grant in actor.grants if grant.role in RIGHTS[right])
    venue_ids = frozenset(grant.venue_id for grant in grants if grant.venue_id)
    return replace(actor, roles=frozenset(grant.role for grant in grants), grants=grants, venue_ids=venue_ids)


def reach(actor: Actor, right: Right) -> str:
    """Return a digest of where `right` holds for the actor: what was made with one reach is not read with another."""
    grants = narrowed(actor, right).grants or ()
    held = sorted(
        {(one.role.value, one.area_path or "", str(one.venue_id or ""), one.industry or "") for one in grants}
    )
    return hashlib.sha256(repr(held).encode()).hexdigest()


# Single fields.


def reads_reporter(actor: Actor, case: Assigned) -> bool:
    """Return whether this actor reads what the reporter wrote and photographed (never the venue's side).

    `actor` as `acting_on` narrows it, or as they are for a list that `visible` has narrowed.
    """
    if actor.plays(*FIELDS["reporter_words"].roles):
        return True
    return actor.plays(Role.WARDEN) and actor.person_id in case.assignees


def sees_phone_masked(actor: Actor) -> bool:
    """Return whether this actor sees that there is a phone, masked. Revealing it is a matter of the vault."""
    return actor.plays(*FIELDS["reporter_phone_masked"].roles)
