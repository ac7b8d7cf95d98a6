"""Checklists: taken from the catalogue once, by region and kind of unit; versions that nobody changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain import catalogue, people, register_log
from domain.access import NotPermitted
from domain.cases import FieldRefused
from domain.identifiers import new_id
from domain.models import ChecklistVersion, Venue
from domain.patrols import catalogue_items, checklists, following, templates
from domain.patrols.items import Item, digest
from domain.register_lock import NotNow, RegisterChanged

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
DAY = date(2026, 11, 20)


def test_every_type_and_frequency_of_the_catalogue_makes_a_checklist_once(db):
    with db.write() as session:
        made = {}
        for venue_type in catalogue.checklists():
            for frequency in catalogue_items.frequencies_of(venue_type, division="", day=DAY):
                template = templates.from_catalogue(session, venue_type, frequency, division="", at=AT)
                made[template.code] = template.id
    with db.write() as session:
        for venue_type, frequency in (code.split(":")[1:3] for code in made):
            again = templates.from_catalogue(session, venue_type, frequency, division="", at=AT)
            assert again.id == made[again.code]
        for code, template_id in made.items():
            version = templates.version_on(session, template_id, DAY)
            items = templates.items_of(version)
            assert items, code
            assert version.sha256 == digest(items)
            assert len(templates.versions_of(session, template_id)) == 1
        with pytest.raises(templates.NothingAsked):
            templates.from_catalogue(session, "small_shop", "quarterly", division="", at=AT)
        with pytest.raises(templates.NoVersion):
            templates.version_on(session, template_id, date(2026, 11, 19))
        assert set(templates.versions_on(session, made.values(), DAY)) == set(made.values())


def asked(*items: Item) -> checklists.Asked:
    return checklists.Asked(items)


FIRST, SECOND = Item("A1", "出口畅通", hazard="EVA-01"), Item("A2", "压力", answer="reading", unit="MPa", low=0.1)


def write(session, world, *, who="supervisor", items=(FIRST,), at=AT, **scope):
    named = checklists.Scope.model_validate({"zh": "自查表", "frequency": "daily", **scope})
    by = {"actor": world.actor(session, who), "at": at}
    return checklists.create(session, named, asked(*items), checklists.VersionFacts(), **by)


def test_what_was_asked_in_the_past_stays_whatever_is_changed_later(db, world):
    with db.write() as session:
        by = {"actor": world.actor(session, "supervisor"), "at": world.clock.now}
        today = people.local_day(world.clock.now)
        template = write(session, world, at=world.clock.now)
        first = templates.version_on(session, template.id, today)

        def revise(*items, from_on=None, reason=None):
            facts = checklists.VersionFacts(from_on=from_on, reason=reason)
            return checklists.revise(session, template.id, asked(*items), facts, **by)

        far = revise(FIRST, SECOND, from_on=today + timedelta(days=30))
        near = revise(SECOND)
        assert revise(SECOND) is None
        for wrong in ({"from_on": today - timedelta(days=1), "reason": "x"}, {"from_on": today}):
            with pytest.raises(FieldRefused):
                revise(FIRST, **wrong)

        def on(days: int):
            return templates.version_on(session, template.id, today + timedelta(days=days)).id

        assert (far.number, near.number) == (2, 3)
        assert [on(0), on(1), on(29), on(31)] == [first.id, near.id, near.id, near.id]
        urgent = revise(FIRST, SECOND, from_on=today, reason="卷帘门坏了")
        assert on(0) == urgent.id
        assert templates.items_of(session.get(ChecklistVersion, first.id)) == (FIRST,)
        told = register_log.of(session, template.id)[0]
        assert told.action == "ask_anew"
        assert told.data["added"] == ["A1"]
        checklists.end(session, template.id, checklists.Ending(reason="合并"), **by)
        with pytest.raises(NotNow):
            revise(SECOND)
    assert register_log_is_whole(db)


def register_log_is_whole(db) -> bool:
    with db.read() as session:
        return not any(breach for _, breach in register_log.chains(session))


def test_a_form_sent_twice_enters_one_checklist_and_one_version(db, world):
    with db.write() as session:
        by = {"actor": world.actor(session, "supervisor"), "at": AT}
        scope = checklists.Scope(zh="自查表", frequency="daily")
        form, row = new_id(), new_id()
        made = [
            checklists.create(session, scope, asked(FIRST), checklists.VersionFacts(), template_id=form, **by)
            for _ in range(2)
        ]
        revised = [
            checklists.revise(session, form, asked(SECOND), checklists.VersionFacts(), version=1, row_id=row, **by)
            for _ in range(2)
        ]

        assert {one.id for one in made} == {form}
        assert {one.id for one in revised} == {row}
        assert [one.number for one in templates.versions_of(session, form)] == [2, 1]
        with pytest.raises(RegisterChanged):
            checklists.revise(session, form, asked(FIRST), checklists.VersionFacts(), version=1, **by)


def test_who_answers_for_a_venue_writes_for_it_and_for_nothing_else(db, world):
    with db.write() as session:
        here, there = (session.get(Venue, world.venues[name]) for name in ("kuancheng", "market"))
        own = write(session, world, who="manager", venue=here.code)
        assert own.venue_id == here.id
        assert checklists.seen(session, own.id, actor=world.actor(session, "manager")).id == own.id
        assert checklists.keeps(session, own, actor=world.actor(session, "supervisor"))
        assert not checklists.keeps(session, own, actor=world.actor(session, "officer"))
        with pytest.raises(FieldRefused):
            write(session, world, who="manager")
        with pytest.raises(FieldRefused):
            write(session, world, who="manager", venue=there.code)
        city = templates.from_catalogue(session, "hotel", "daily", division="", at=AT)
        by = {"actor": world.actor(session, "manager"), "at": AT}
        with pytest.raises(NotPermitted):
            checklists.revise(session, city.id, asked(FIRST), checklists.VersionFacts(), **by)


def test_regions_and_other_units_make_lists_of_their_own(db):
    with db.write() as session:

        def codes(venue_type, frequency, division="", *, is_key_unit=True):
            template = templates.from_catalogue(
                session, venue_type, frequency, division=division, at=AT, is_key_unit=is_key_unit
            )
            version = templates.version_on(session, template.id, DAY)
            return template.code, [item.code for item in templates.items_of(version)]

        assert codes("restaurant", "daily") == ("catalogue:restaurant:daily", ["R07", "R09"])
        assert codes("restaurant", "daily", "440511") == codes("restaurant", "daily")
        assert codes("restaurant", "daily", "110108") == ("catalogue:restaurant:daily:110000", ["R07", "R09", "R02"])
        # Sixty days are shorter than a quarter: in Beijing the duct is asked for by its own rule alone.
        assert codes("restaurant", "every_60_days", "110108")[1] == ["R03"]
        with pytest.raises(templates.NothingAsked):
            codes("restaurant", "quarterly", "110108")
        assert codes("restaurant", "quarterly")[1] == ["Q02"]
        assert codes("hotel", "yearly", is_key_unit=False)[1] == ["Y03", "Y01", "Y06", "Y07", "Y08"]
        with pytest.raises(templates.NothingAsked):
            codes("hospital", "half_yearly", is_key_unit=False)
        assert codes("hotel", "weekly", is_key_unit=False)[0] == "catalogue:hotel:weekly:other"
        assert codes("residential_highrise", "daily", "411302")[0].endswith(":411300")


def test_the_citys_checklists_follow_the_catalogue_and_those_people_changed_do_not(db, world, monkeypatch):
    with db.write() as session:
        followed, changed, other = (
            templates.from_catalogue(session, venue_type, "daily", division=division, at=AT)
            for venue_type, division in (("hotel", ""), ("factory", ""), ("restaurant", "110000"))
        )
        by = {"actor": world.actor(session, "supervisor"), "at": AT}
        mine = checklists.revise(session, changed.id, asked(FIRST), checklists.VersionFacts(), **by)
        assert following.follow_catalogue(session, at=AT) == 0
    real = catalogue_items.item_of
    monkeypatch.setattr(catalogue_items, "item_of", lambda code: replace(real(code), hint="新版"))

    with db.write() as session:
        assert [following.follow_catalogue(session, at=AT) for _ in range(2)] == [2, 0]

    with db.read() as session:
        tomorrow = DAY + timedelta(days=1)
        assert templates.version_on(session, followed.id, DAY).number == 1
        assert templates.items_of(templates.version_on(session, followed.id, tomorrow))[0].hint == "新版"
        assert [one.code for one in templates.items_of(templates.version_on(session, other.id, tomorrow))][-1] == "R02"
        assert templates.version_on(session, changed.id, tomorrow).id == mine.id
