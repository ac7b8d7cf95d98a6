"""Whose a patrol is: the person's it was given to, else the post's, and always theirs who answer for the venue."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.actors import VENUE_SIDE, Actor, Covered, Role
from domain.language import ENGLISH
from domain.processes.patrol_task import PATROL_TASK
from domain.timing import Snapshot
from domain.workflow import TransitionRefused

NOON = datetime(2026, 8, 23, 4, tzinfo=UTC)
VENUE, ME, SOMEBODY = UUID(int=3), UUID(int=8), UUID(int=9)
REFUSED = "This patrol is somebody else's."


def started_by(role: Role, *, of_post: str | None, assignees: tuple[UUID, ...] = ()) -> str:
    """Return where `start` leads, or why it is refused, for somebody who holds `role` at the venue or its area."""
    facts = {"role": of_post, "starts_at": NOON.isoformat()}
    case = Snapshot(UUID(int=7), "open", assignees, facts, NOON, VENUE)
    posts = frozenset({VENUE}) if role in VENUE_SIDE else frozenset[UUID]()
    actor = Actor(frozenset({role}), person_id=ME, venue_ids=posts)
    try:
        return PATROL_TASK.plan(case, "start", actor=actor, at=NOON).target
    except TransitionRefused as refused:
        return refused.reason.in_language(ENGLISH)


@pytest.mark.parametrize(
    ("role", "of_post", "found"),
    [
        (Role.OFFICER, "officer", "under_way"),
        (Role.OFFICER, "manager", REFUSED),
        (Role.OFFICER, None, REFUSED),
        (Role.MANAGER, "officer", "under_way"),
        (Role.OWNER, None, "under_way"),
        (Role.WARDEN, "warden", "under_way"),
        (Role.WARDEN, "officer", REFUSED),
        (Role.MANAGER, "warden", REFUSED),
        (Role.OWNER, "warden", REFUSED),
    ],
)
def test_patrol_of_a_post_is_for_who_holds_it_and_who_answers_for_the_venue(role, of_post, found) -> None:
    assert started_by(role, of_post=of_post) == found


@pytest.mark.parametrize(
    ("role", "found"), [(Role.OFFICER, REFUSED), (Role.MANAGER, "under_way"), (Role.WARDEN, REFUSED)]
)
def test_patrol_of_somebody_is_not_their_colleagues(role, found) -> None:
    assert started_by(role, of_post=role.value, assignees=(SOMEBODY,)) == found
    assert started_by(role, of_post=None, assignees=(SOMEBODY, ME)) == "under_way"


@pytest.mark.parametrize(
    ("role", "venue", "whose", "found"),
    [
        (Role.OFFICER, VENUE, SOMEBODY, "under_way"),
        (Role.OFFICER, UUID(int=4), SOMEBODY, REFUSED),
        (Role.OFFICER, VENUE, UUID(int=10), REFUSED),
        (Role.WARDEN, None, SOMEBODY, "under_way"),
        (Role.INSPECTOR, None, SOMEBODY, REFUSED),
    ],
)
def test_patrol_of_somebody_is_theirs_who_covers_the_post_they_have_it_by(role, venue, whose, found) -> None:
    case = Snapshot(UUID(int=7), "open", (SOMEBODY,), {"role": None, "starts_at": NOON.isoformat()}, NOON, VENUE)
    covers = frozenset({Covered(whose, role, venue)})
    actor = Actor(frozenset({Role.OFFICER, Role.WARDEN}), person_id=ME, venue_ids=frozenset({VENUE}), covers=covers)
    try:
        target = PATROL_TASK.plan(case, "start", actor=actor, at=NOON).target
    except TransitionRefused as refused:
        target = refused.reason.in_language(ENGLISH)
    assert target == found
