"""Venues in the register: entered, changed, named key units, suspended, reinstated, closed. Nothing is deleted.

Each change is written to the venue's record in the same transaction. Codes are re-issued elsewhere; the public's page
and the enrolment are not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from domain import access, catalogue, people, register_lock, register_log, venue_codes
from domain.access import OutOfReach
from domain.actors import Actor, Place
from domain.cases import FieldRefused
from domain.catalogue import KeyUnitSuggestion
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Area, Facility, KeyPart, Post, Venue
from domain.register_forms import Closing, KeyUnitDecision, Reason, VenueFacts, YesNo
from domain.register_lock import NotNow
from domain.rights import Right
from domain.settings import get_settings
from domain.workflow import FieldRefusal

KIND = "venue"
_FACTS = ("name", "name_en", "class_code", "industry", "credit_code", "address", "area_id", "lat", "lon", "phone",
          "hours", "way_out", "sizes", "opened_on")  # fmt: skip


def create(session: Session, facts: VenueFacts, *, actor: Actor, at: datetime, venue_id: UUID | None = None) -> Venue:
    """Enter a venue and return it, with a new code. `venue_id`: of a form; sent twice, it is entered once.

    Raises `FieldRefused` for an area that is not there or a credit code another open venue has.
    """
    if venue_id is not None and (there := session.get(Venue, venue_id)) is not None:
        if not register_lock.made_by(session, venue_id, actor.person_id):
            raise OutOfReach(str(venue_id))
        return there
    day = people.local_day(at)
    area = _area(session, facts.area, actor=actor, day=day)
    values = {**_values(facts, area), "opened_on": facts.opened_on or day}
    venue = Venue(id=venue_id or new_id(), code=venue_codes.free_code(session), **values)
    if venue.opened_on > day:
        raise _refused("opened_on", Sentence("This day is still to come."))
    _refuse_taken(session, venue.id, facts.credit_code, actor=actor)
    session.add(venue)
    _flush(session)
    data = {
        "code": venue.code,
        **register_log.changes({}, {k: v for k, v in values.items() if v not in (None, "", [], {})}),
    }
    register_log.record(session, KIND, venue.id, "create", actor=actor, at=at, data=_with_note(data, facts.note))
    return venue


def change(
    session: Session, venue_id: UUID, facts: VenueFacts, *, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Change a venue's facts and return whether anything was different.

    Raises `RegisterChanged` when its record does not stand at `version`, `NotNow` for a closed venue.
    """
    venue = _open_for(session, venue_id, Right.KEEP_VENUES, actor=actor, version=version)
    day = people.local_day(at)
    area = session.get(Area, venue.area_id)
    if area is None or area.code != facts.area:
        area = _area(session, facts.area, actor=actor, day=day)
    values = {**_values(facts, area), "opened_on": facts.opened_on or venue.opened_on}
    if values["opened_on"] > day:
        raise _refused("opened_on", Sentence("This day is still to come."))
    changed = register_log.changes({name: getattr(venue, name) for name in _FACTS}, values)
    if not changed:
        return False
    if "credit_code" in changed:
        _refuse_taken(session, venue.id, facts.credit_code, actor=actor)
    for name in changed:
        setattr(venue, name, values[name])
    _flush(session)
    register_log.record(session, KIND, venue.id, "change", actor=actor, at=at, data=_with_note(changed, facts.note))
    return True


def suggestion(venue: Venue) -> KeyUnitSuggestion | None:
    """Return by which threshold of the deployment's region the venue may be a key unit."""
    return catalogue.key_unit_suggestion(venue.class_code, venue.industry, venue.sizes, get_settings().region_code)


def decide_key_unit(
    session: Session,
    venue_id: UUID,
    decision: KeyUnitDecision,
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> None:
    """Name a venue a key unit, or no longer; on what basis is kept."""
    venue = _open_for(session, venue_id, Right.DECIDE_VENUES, actor=actor, version=version)
    is_key = decision.is_key_unit is YesNo.YES
    since = (decision.since or people.local_day(at)) if is_key else None
    if since and since > people.local_day(at):
        raise _refused("since", Sentence("This day is still to come."))
    after = {"key_unit_since": since, "key_unit_basis": decision.basis}
    changed = register_log.changes({name: getattr(venue, name) for name in after}, after)
    if not changed:
        return
    venue.key_unit_since, venue.key_unit_basis = since, decision.basis
    session.flush()
    action = "name_key_unit" if is_key else "release_key_unit"
    register_log.record(session, KIND, venue.id, action, actor=actor, at=at, data=_with_note(changed, decision.note))


def suspend(
    session: Session, venue_id: UUID, form: Reason, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """Note that a venue does not operate for a time; raises `NotNow` when that is noted already."""
    venue = _open_for(session, venue_id, Right.DECIDE_VENUES, actor=actor, version=version)
    if venue.suspended_on is not None:
        raise NotNow(Sentence("The venue is suspended already."))
    venue.suspended_on, venue.suspended_reason = people.local_day(at), form.reason
    session.flush()
    data = {"suspended_on": venue.suspended_on, "reason": form.reason}
    register_log.record(session, KIND, venue.id, "suspend", actor=actor, at=at, data=_with_note(data, form.note))


def reinstate(
    session: Session, venue_id: UUID, form: Reason, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """Note that a suspended venue operates again; raises `NotNow` when it was not suspended."""
    venue = _open_for(session, venue_id, Right.DECIDE_VENUES, actor=actor, version=version)
    if venue.suspended_on is None:
        raise NotNow(Sentence("The venue is not suspended."))
    data = {"suspended_on": [venue.suspended_on, None], "reason": form.reason}
    venue.suspended_on, venue.suspended_reason = None, ""
    session.flush()
    register_log.record(session, KIND, venue.id, "reinstate", actor=actor, at=at, data=_with_note(data, form.note))


def close(
    session: Session, venue_id: UUID, form: Closing, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a venue on a day: the posts at it end the day before, its key parts and facilities on that day."""
    venue = _open_for(session, venue_id, Right.DECIDE_VENUES, actor=actor, version=version)
    today = people.local_day(at)
    day = form.closed_on or today
    if day > today:
        raise _refused("closed_on", Sentence("This day is still to come."))
    if day < venue.opened_on:
        raise _refused("closed_on", Sentence("The venue is in the register since %(day)s.", day=venue.opened_on))
    venue.closed_on = day
    session.flush()
    ended = _end_what_is_there(session, venue.id, day, actor=actor, at=at, reason=form.reason)
    data = {"closed_on": day, "reason": form.reason, **ended}
    register_log.record(session, KIND, venue.id, "close", actor=actor, at=at, data=_with_note(data, form.note))


def _end_what_is_there(
    session: Session, venue_id: UUID, day: date, *, actor: Actor, at: datetime, reason: str
) -> dict[str, int]:
    last = day - timedelta(days=1)
    posts = session.execute(
        select(Post).where(col(Post.venue_id) == venue_id, or_(col(Post.until_on).is_(None), col(Post.until_on) > last))
    ).scalars().all()  # fmt: skip
    for post in posts:
        # One that would begin later ends before it began: it never held.
        before, post.until_on = post.until_on, last
        data = {"until_on": [before, post.until_on], "venue_id": venue_id, "role": post.role, "reason": reason}
        register_log.record(session, "post", post.id, "end", actor=actor, at=at, data=data)
    session.flush()
    # Thousands of facilities end by one statement; the venue's own entry says so for all of them.
    facilities = update(Facility).where(col(Facility.venue_id) == venue_id, col(Facility.ended_on).is_(None))
    ended = session.connection().execute(facilities.values(ended_on=day, ended_reason=reason[:200]))
    parts = update(KeyPart).where(col(KeyPart.venue_id) == venue_id, col(KeyPart.ended_on).is_(None))
    ended_parts = session.connection().execute(parts.values(ended_on=day))
    session.expire_all()
    return {"posts": len(posts), "facilities": ended.rowcount, "key_parts": ended_parts.rowcount}


def _open_for(session: Session, venue_id: UUID, right: Right, *, actor: Actor, version: int | None) -> Venue:
    """Return the venue, held; raises `OutOfReach`, `NotPermitted`, `RegisterChanged`, `NotNow` for a closed one."""
    access.require(session, actor, right, venue_id=venue_id)
    return held_open(session, venue_id, version=version)


def held_open(session: Session, venue_id: UUID, *, version: int | None = None) -> Venue:
    """Return a venue that is not closed, held until the end of the transaction; the caller asked for the right."""
    venue = register_lock.held(session, Venue, venue_id)
    if venue is None:
        raise OutOfReach(str(venue_id))
    register_lock.expect(session, venue.id, version)
    if venue.closed_on is not None:
        raise NotNow(Sentence("The venue is closed; its record does not change any more."))
    return venue


def _area(session: Session, code: str, *, actor: Actor, day: date) -> Area:
    area: Area | None = session.execute(select(Area).where(col(Area.code) == code)).scalar_one_or_none()
    gone = area is None or (area.ended_on is not None and area.ended_on <= day)
    if area is None or gone or not (_is_system(actor) or access.may(actor, Right.KEEP_VENUES, Place(area.path))):
        raise _refused("area", Sentence("Choose an area you look after."))
    return area


def _is_system(actor: Actor) -> bool:
    return actor.grants is None


def _values(facts: VenueFacts, area: Area) -> dict[str, Any]:
    return {
        "name": facts.name, "name_en": facts.name_en or "", "class_code": facts.class_code, "industry": facts.industry,
        "credit_code": facts.credit_code, "address": facts.address, "area_id": area.id, "lat": facts.lat,
        "lon": facts.lon, "phone": facts.phone, "hours": facts.hours, "way_out": facts.way_out or "",
        "sizes": facts.sizes,
    }  # fmt: skip


def _refuse_taken(session: Session, venue_id: UUID, credit_code: str | None, *, actor: Actor) -> None:
    if credit_code is None:
        return
    others = (col(Venue.credit_code) == credit_code, col(Venue.closed_on).is_(None), col(Venue.id) != venue_id)
    if session.execute(select(col(Venue.id)).where(*others)).first() is None:
        return
    seen = select(col(Venue.name)).where(*others, access.venues_visible(actor))
    name = session.execute(seen).scalar()
    if name:
        raise _refused("credit_code", Sentence("“%(name)s” has this credit code already.", name=name))
    raise _refused("credit_code", _TAKEN)


_TAKEN = Sentence("Another open venue has this credit code already.")


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as clash:
        if "credit_code" not in str(clash.orig):
            raise
        raise _refused("credit_code", _TAKEN) from clash  # entered by somebody else between our look and our write


def _with_note(data: Mapping[str, Any], note: str | None) -> dict[str, Any]:
    return {**data, "note": note} if note else dict(data)


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))
