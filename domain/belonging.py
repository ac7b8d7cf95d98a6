"""Whose a case is, and of which industry its venue, on the day that is decided: what an entry keeps of the register.

The register goes on changing, and posts are entered after the fact; a number that was reported stays what it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from domain.models import Area, Post, RegisterEntry, Venue
from domain.settings import city_zone

_POSTS: Any = Post.__table__  # type: ignore[attr-defined]
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_RECORD: Any = RegisterEntry.__table__  # type: ignore[attr-defined]


def decided(session: Session, before: Mapping[str, Any], after: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Return what an entry keeps of the register: `organisation_id` with a new assignee, `industry` with a new venue.

    `before`, `after`: columns of the case. As the register reads now, not as it will be mended later.
    """
    found: dict[str, Any] = {}
    person, venue = after["assignee_id"], after["venue_id"]
    if person != before.get("assignee_id"):
        body = Posts(session, {person}).organisation(person, after["area_id"], at) if person else None
        found["organisation_id"] = str(body) if body else None
    if venue != before.get("venue_id"):
        of_venue = select(_VENUES.c.industry).where(_VENUES.c.id == venue)
        found["industry"] = session.execute(of_venue).scalar() if venue else None
    return found


class Posts:
    """The posts by which people may have held their cases."""

    def __init__(self, session: Session, people: Iterable[UUID], *, with_record: bool = False) -> None:
        """Read them; `with_record`: and when each was entered, for moments of before."""
        self._posts: dict[UUID, list[Any]] = defaultdict(list)
        self._entered: dict[UUID, datetime] = {}
        query = (
            select(_POSTS.c.id, _POSTS.c.person_id, _POSTS.c.from_on, _POSTS.c.until_on, _POSTS.c.organisation_id,
                   _AREAS.c.path)
            .outerjoin(_AREAS, _AREAS.c.id == _POSTS.c.area_id)
            .where(_POSTS.c.person_id.in_(list(people)), _POSTS.c.organisation_id.is_not(None))
            .order_by(_POSTS.c.from_on, _POSTS.c.id)
        )  # fmt: skip
        for post in session.execute(query):
            self._posts[post.person_id].append(post)
        self._paths: dict[UUID, str] = (
            dict(session.execute(select(_AREAS.c.id, _AREAS.c.path)).tuples().all()) if self._posts else {}
        )
        if with_record and self._posts:
            ids = [post.id for held in self._posts.values() for post in held]
            first = select(_RECORD.c.subject_id, _RECORD.c.at).where(_RECORD.c.seq == 1, _RECORD.c.subject_id.in_(ids))
            self._entered = dict(session.execute(first).tuples().all())

    def organisation(self, person_id: UUID, area_id: UUID | None, since: datetime) -> UUID | None:
        """Return the organisation of the post held that day nearest to the area; the oldest of several.

        Posts that were entered after that moment were not known then.
        """
        day, path = since.astimezone(city_zone()).date(), self._paths.get(area_id, "") if area_id else ""
        held = [
            post
            for post in self._posts.get(person_id, ())
            if post.from_on <= day and (post.until_on is None or day <= post.until_on)
            if self._entered.get(post.id, since) <= since
        ]
        nearest = max(held, key=lambda post: len(post.path) if post.path and path.startswith(post.path) else 0,
                      default=None)  # fmt: skip
        found: UUID | None = nearest.organisation_id if nearest else None
        return found


class Industries:
    """Of which industry venues were at moments of the past, by the record of their changes."""

    def __init__(self, session: Session, venues: Iterable[UUID]) -> None:
        ids = list(venues)
        now = select(_VENUES.c.id, _VENUES.c.industry).where(_VENUES.c.id.in_(ids))
        self._now: dict[UUID, str | None] = dict(session.execute(now).tuples().all()) if ids else {}
        self._changes: dict[UUID, list[tuple[datetime, str | None]]] = defaultdict(list)
        # The first entry says what the venue was entered with: that holds for any moment of before.
        query = select(_RECORD.c.subject_id, _RECORD.c.at, _RECORD.c.data).where(
            _RECORD.c.subject_id.in_(ids), _RECORD.c.seq > 1
        )
        for row in session.execute(query.order_by(_RECORD.c.subject_id, _RECORD.c.seq)) if ids else ():
            if "industry" in row.data:
                self._changes[row.subject_id].append((row.at, row.data["industry"][0]))

    def industry(self, venue_id: UUID, at: datetime) -> str | None:
        """Return the industry of a venue as it was at a moment."""
        later = (was for moment, was in self._changes.get(venue_id, ()) if moment > at)
        return next(later, self._now.get(venue_id))
