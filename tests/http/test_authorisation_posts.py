"""The same table for people whose roles come from an industry, from two posts, or from a colleague they cover for."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI
from starlette.testclient import TestClient

from domain.actors import Role
from domain.identifiers import new_id
from domain.models import Delegation, Person, Post, Venue
from domain.people import local_day
from tests.http.test_authorisation import GETS, POSTS, address, answered
from tests.reach import SINCE, Side, Stage

THINGS = {
    (method, path): who
    for method, table in (("GET", GETS), ("POST", POSTS))
    for path, who in table.items()
    if "{" in path.replace("{table}", "").replace("{rule}", "")
}
"""What concerns one thing of one district."""
OF_A_VENUE = {key: who for key, who in THINGS.items() if key[1].startswith("/venues/") or "/v1/venues/" in key[1]}
OF_A_CASE = {key: who for key, who in THINGS.items() if "{number}" in key[1]}


def somebody(stage: Stage, *posts: dict[str, object]) -> UUID:
    """Return a new person with these posts."""
    with stage.db.write() as session:
        person = Person(id=new_id(), name="某人")
        session.add(person)
        session.flush()
        session.add_all(Post(id=new_id(), person_id=person.id, from_on=SINCE, **post) for post in posts)
        return person.id


def differing(
    client: TestClient, side: Side, expected: Role | None, table: dict[tuple[str, str], frozenset[Role]]
) -> list[str]:
    """Return what does not answer on that side as it would to somebody who has just that role there."""
    wrong = []
    for (method, path), who in table.items():
        got = answered(client, method, address(path, side, expected or Role.HANDLER))
        if (got not in (401, 403, 404)) != (expected in who):
            wrong.append(f"{method} {path}: {got}")
    return wrong


def test_post_for_an_industry_reaches_its_venues_in_every_district_and_no_others(stage: Stage, site: FastAPI) -> None:
    with stage.db.write() as session:
        for side, industry in ((stage.here, "hotel"), (stage.there, "commerce")):
            session.get_one(Venue, side.venue_id).industry = industry
    client = stage.signed_in(site, somebody(stage, {"role": Role.INSPECTOR.value, "industry": "commerce"}))

    assert differing(client, stage.there, Role.INSPECTOR, {**OF_A_VENUE, **OF_A_CASE}) == []
    assert differing(client, stage.here, None, {**OF_A_VENUE, **OF_A_CASE}) == []


def test_two_posts_hold_each_where_it_is_and_do_not_mix(stage: Stage, site: FastAPI) -> None:
    areas = stage.world.areas
    client = stage.signed_in(site, somebody(
        stage,
        {"role": Role.HANDLER.value, "area_id": areas[stage.here.area]},
        {"role": Role.SUPERVISOR.value, "area_id": areas[stage.there.area]},
    ))  # fmt: skip

    assert differing(client, stage.here, Role.HANDLER, THINGS) == []
    assert differing(client, stage.there, Role.SUPERVISOR, THINGS) == []


def test_stand_in_is_let_in_like_their_colleague_until_the_last_day(stage: Stage, site: FastAPI) -> None:
    day = local_day(stage.world.clock.now)
    deputy = somebody(stage, {"role": Role.CREW.value, "area_id": stage.world.areas[stage.there.area]})
    with stage.db.write() as session:
        session.add(
            Delegation(id=new_id(), from_person_id=stage.people[Role.SUPERVISOR], to_person_id=deputy, from_on=day,
                       until_on=day + timedelta(days=2), made_at=stage.world.clock.now)
        )  # fmt: skip

    stage.world.clock.advance(days=2)
    assert differing(stage.signed_in(site, deputy), stage.here, Role.SUPERVISOR, THINGS) == []
    stage.world.clock.advance(days=1)
    assert differing(stage.signed_in(site, deputy), stage.here, None, THINGS) == []
