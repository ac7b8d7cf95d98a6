"""The list of venues: what is found by what was typed, page by page, within one's own reach."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from domain.actors import Actor, Grant, Role
from domain.database import Database
from domain.identifiers import new_id, new_venue_code
from domain.models import Area, Venue, VenueCode
from domain.queries import venue_list
from domain.queries.case_list import BadCursor
from domain.queries.venue_list import Wanted
from tests.world import World

CREDIT = "91350100M000100Y43"


def names(session: Session, actor: Actor, **wanted: object) -> list[str]:
    return [row.name for row in venue_list.page(session, actor, Wanted(**wanted)).rows]


def test_venue_is_found_by_part_of_its_name_its_address_and_its_codes(db: Database, world: World) -> None:
    with db.write() as session:
        venue = session.get(Venue, world.venues["kuancheng"])
        venue.credit_code, venue.phone, venue.name_en = CREDIT, "+868776911119", "Dingyuan South"
        old = new_venue_code()
        session.add(VenueCode(code=old, venue_id=venue.id, ended_at=world.clock.now))
        session.flush()
        actor = world.actor(session, "handler")
        typed = ("鼎元一", "宽澄·鼎元一期南门", venue.code.lower(), f"{venue.code[:4]} {venue.code[4:]}", old,
                 CREDIT.lower(), "0877-6911119", "dingYUAN")  # fmt: skip
        for text in typed:
            assert names(session, actor, q=text) == ["宽澄·鼎元一期南"], text
        odd = ("%", "_", "\\", "'", "') or 1=1 --", ":name", "%(q)s")
        for text in (*odd, "没有", new_venue_code(), "914403001922038216", "13800138000"):
            assert names(session, actor, q=text) == [], text


def test_filters_combine(db: Database, world: World) -> None:
    with db.write() as session:
        market = session.get(Venue, world.venues["market"])
        market.industry, market.key_unit_since, market.owner_id = "commerce", date(2026, 1, 1), None
        session.get(Venue, world.venues["lonely"]).suspended_on = date(2026, 8, 1)
        session.flush()
        actor = world.actor(session, "handler")
        here = ["宽澄·鼎元一期南", "岚山农贸市场", "无人片区小店"]
        assert sorted(names(session, actor)) == sorted(here)
        assert names(session, actor, state="closed") == ["已歇业饭店"]
        assert names(session, actor, state="suspended") == ["无人片区小店"]
        assert sorted(names(session, actor, state="open")) == sorted(here[:2])
        assert len(names(session, actor, state="all")) == 4
        assert names(session, actor, key_unit=True) == names(session, actor, without_owner=True) == ["岚山农贸市场"]
        assert names(session, actor, industry="commerce", class_code="V11", area="chengyang") == ["岚山农贸市场"]
        assert names(session, actor, industry="commerce", area="guanglong") == []
        assert names(session, actor, area="nowhere") == []


def test_pages_follow_the_name_without_gap_or_double(db: Database, world: World) -> None:
    with db.write() as session:
        for number in range(5):
            code = new_venue_code()
            session.add(Venue(id=new_id(), code=code, name="同名小店", class_code="V06", address=f"{number}",
                              area_id=world.areas["empty"], opened_on=date(2020, 1, 1)))  # fmt: skip
        session.flush()
        actor = world.actor(session, "handler")
        shown, cursor, counts = [], None, []
        while True:
            page = venue_list.page(session, actor, Wanted(), cursor=cursor, size=3)
            shown += [row.id for row in page.rows]
            counts.append(page.count)
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(shown) == len(set(shown)) == 8
        assert counts == [8, 8, 8]
        for broken in ("x", "W10", "WyJhIiwgMV0", "é"):
            with pytest.raises(BadCursor):
                venue_list.page(session, actor, Wanted(), cursor=broken)


@pytest.mark.parametrize(
    ("who", "seen"),
    [("handler", 3), ("warden", 1), ("warden2", 1), ("officer", 1), ("owner", 1), ("auditor", 3), ("crew", 3)],
)
def test_list_stays_within_ones_reach(db: Database, world: World, who: str, seen: int) -> None:
    with db.write() as session:
        assert len(names(session, world.actor(session, who))) == seen


def test_role_at_the_root_reaches_everything_below_it_and_nothing_below_another_root(
    db: Database, world: World
) -> None:
    def reached(session: Session) -> int:
        grants = (Grant(Role.SUPERVISOR, "lanshan/"),)
        actor = Actor(frozenset({Role.SUPERVISOR}), person_id=new_id(), grants=grants)
        return len(names(session, actor))

    with db.write() as session:
        assert reached(session) == 3
        other = Area(id=new_id(), code="qita", name="别市", level="city", path="qita/")
        session.add(other)
        session.flush()
        market = session.exec(select(Venue).where(Venue.id == world.venues["market"])).one()
        market.area_id = other.id
        session.flush()
        assert reached(session) == 2
