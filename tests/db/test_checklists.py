"""Checklists: taken from the catalogue once, by region and kind of unit; versions that nobody changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain import catalogue
from domain.patrols import catalogue_items, templates
from domain.patrols.items import digest

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
