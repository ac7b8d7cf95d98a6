"""Over which cases a report counts: the reach of whoever asked, as plain data that outlives their posts.

A report made within one reach is for whoever reaches as far, and for nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from domain.actors import Actor, Grant, Role
from domain.language import Label
from domain.models import Area
from domain.rights import RIGHTS, Right

Part = tuple[str | None, str | None]
"""The path of an area, None for everywhere; and an industry, None for all."""
Reach = tuple[Part, ...]
WHOLE = Label("全部区域", "all areas")
EVERYTHING: Reach = ((None, None),)
NOTHING: Reach = ()
STANDS_FOR = Role.SUPERVISOR
"""The role with which a reach is counted again when nobody in particular asks."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]


def of(session: Session, actor: Actor, right: Right = Right.SEE_REPORTS) -> Reach:
    """Return where `right` holds for the actor; `NOTHING` when it holds nowhere."""
    return _of(actor, right, lambda: _roots(session))


def of_each(session: Session, actors: Mapping[UUID, Actor], right: Right = Right.SEE_REPORTS) -> dict[UUID, Reach]:
    """Return the reach of each of these actors, as `of` does, in one query for all."""
    roots = _roots(session)
    return {key: _of(actor, right, lambda: roots) for key, actor in actors.items()}


def _of(actor: Actor, right: Right, roots_now: Callable[[], tuple[str, ...]]) -> Reach:
    if actor.grants is None:
        return EVERYTHING if actor.plays(Role.SYSTEM) else NOTHING
    held = [grant for grant in actor.grants if grant.role in RIGHTS[right] and grant.venue_id is None]
    roots = roots_now() if any(_is_root(grant.area_path) for grant in held) else ()
    # The only root is everywhere, also for what nobody could place.
    return simplest((None if roots == (grant.area_path,) else grant.area_path, grant.industry) for grant in held)


def in_words(session: Session, reach: Reach) -> Label:
    """Return the names of the areas of a reach; that of the city, where there is but one, for everywhere."""
    paths = {path for path, _ in reach}
    query = select(_AREAS.c.name, _AREAS.c.name_en).order_by(_AREAS.c.path)
    if not paths or None in paths:
        roots = session.execute(query.where(_AREAS.c.parent_id.is_(None)).limit(2)).all()
        named = roots if len(roots) == 1 else []
    else:
        named = session.execute(query.where(_AREAS.c.path.in_(paths))).all()
    labels = [Label(row.name, row.name_en or row.name) for row in named] or [WHOLE]
    return Label("、".join(one.zh for one in labels), ", ".join(one.en for one in labels))


def within(reach: Reach, area_path: str) -> Reach:
    """Return what of a reach lies in that area: less than the reach, or nothing."""
    parts: list[Part] = []
    for path, industry in reach:
        if path is None or area_path.startswith(path):
            parts.append((area_path, industry))
        elif path.startswith(area_path):
            parts.append((path, industry))
    return simplest(parts)


def simplest(parts: Iterable[Part]) -> Reach:
    """Return the parts in order, without those that lie within another one."""
    found = set(parts)
    needed = [one for one in found if not any(other != one and _covers(other, one) for other in found)]
    return tuple(sorted(needed, key=lambda part: (part[0] or "", part[1] or "")))


def covers(wide: Reach, narrow: Reach) -> bool:
    """Return whether everything of `narrow` lies within `wide`; never for a reach of nothing."""
    return bool(narrow) and all(any(_covers(one, part) for one in wide) for part in narrow)


def as_text(reach: Reach) -> str:
    """Return a reach as it is kept: the same text for the same reach."""
    return json.dumps(reach, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Reach:
    """Return what `as_text` wrote down."""
    return tuple((path, industry) for path, industry in json.loads(text))


def actor_of(reach: Reach) -> Actor:
    """Return somebody who reaches exactly so far: with whom a report is counted, now and again later."""
    grants = tuple(Grant(STANDS_FOR, area_path=path, industry=industry) for path, industry in reach)
    return Actor(frozenset({STANDS_FOR}) if grants else frozenset(), grants=grants)


def _covers(wide: Part, narrow: Part) -> bool:
    (path, industry), (inner, trade) = wide, narrow
    if industry is not None and industry != trade:
        return False
    return path is None or (inner is not None and inner.startswith(path))


def _is_root(path: str | None) -> bool:
    return path is not None and path.count("/") == 1


def _roots(session: Session) -> tuple[str, ...]:
    return tuple(session.execute(select(_AREAS.c.path).where(_AREAS.c.parent_id.is_(None))).scalars())
