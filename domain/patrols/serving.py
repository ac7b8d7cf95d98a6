"""Who can be given patrols at a venue by name: who holds a post there, or is a warden of an area it lies in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import people
from domain.actors import Role
from domain.models import Area, Post

AT_ONCE = 500


class Serving:
    """Where some people hold posts on a day, read at once."""

    def __init__(self, session: Session, ids: Collection[UUID], *, day: date) -> None:
        self._venues: dict[UUID, set[UUID]] = defaultdict(set)
        self._paths: dict[UUID, set[str]] = defaultdict(set)
        listed = list(ids)
        query = select(col(Post.person_id), col(Post.venue_id), col(Post.role), col(Area.path)).outerjoin(
            Area, col(Area.id) == col(Post.area_id)
        )
        for start in range(0, len(listed), AT_ONCE):
            here = (col(Post.person_id).in_(listed[start : start + AT_ONCE]), *people.valid_on(day))
            for person_id, venue_id, role, path in session.execute(query.where(*here)):
                if venue_id is not None:
                    self._venues[person_id].add(venue_id)
                elif role == Role.WARDEN.value:
                    self._paths[person_id].add(path or "")

    def at(self, person_id: UUID | None, venue_id: UUID, *, path: str) -> bool:
        """Return whether the person serves a venue; `path` is that of its area."""
        if person_id is None:
            return False
        return venue_id in self._venues.get(person_id, ()) or any(
            path.startswith(above) for above in self._paths.get(person_id, ())
        )
