"""A venue's people know of their venue's cases for as long as their post there lasts, and no other post helps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from domain import access
from domain.actors import Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, Post
from domain.people import local_day
from domain.queries import case_list
from domain.queries.case_list import Wanted
from domain.queries.tasks import tasks
from domain.workflow import TransitionRefused
from tests.journeys import press, reach
from tests.world import World


def gives_up(session: Session, world: World, who: str, *, elsewhere: str | None) -> None:
    """End somebody's post with yesterday; `elsewhere` they take up the same one."""
    today = local_day(world.clock.now)
    post = session.exec(select(Post).where(Post.person_id == world.people[who])).one()
    post.until_on = today - timedelta(days=1)
    if elsewhere:
        new = Post(id=new_id(), person_id=post.person_id, role=post.role, from_on=today)
        new.venue_id = world.venues[elsewhere]
        session.add(new)
    session.flush()


def known(session: Session, world: World, who: str, case: Case) -> list[bool]:
    """Return whether somebody finds the case by asking for it, in the list, and among their tasks."""
    actor, at = world.actor(session, who), world.clock.now
    listed = case_list.page(session, actor, Wanted(), at=at).rows
    mine = tasks(session, actor, at=at)
    return [
        access.may_see(session, actor, case),
        case.id in {row.id for row in listed},
        case.id in {task.case.id for task in (*mine.now, *mine.waiting)},
    ]


@pytest.mark.parametrize("who", ["officer", "manager", "owner"])
@pytest.mark.parametrize("elsewhere", [None, "market"])
def test_access_ends_with_the_post(db: Database, world: World, who: str, elsewhere: str | None) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "correcting")
        assert known(session, world, who, case) == [True, True, True]

        gives_up(session, world, who, elsewhere=elsewhere)

        assert known(session, world, who, case) == [False, False, False]


def test_access_begins_with_the_post(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "correcting")
        post = session.exec(select(Post).where(Post.person_id == world.people["officer"])).one()
        post.from_on = local_day(world.clock.now) + timedelta(days=1)
        session.flush()

        assert known(session, world, "officer", case) == [False, False, False]
        world.clock.advance(days=1)
        assert known(session, world, "officer", case) == [True, True, True]


def test_post_at_another_venue_does_not_let_anybody_submit_here(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "correcting")
        gives_up(session, world, "officer", elsewhere="market")
        assert world.actor(session, "officer").roles == {Role.OFFICER}

        with pytest.raises(TransitionRefused, match="role may not do this"):
            press(session, world, case, "officer", "submit")
