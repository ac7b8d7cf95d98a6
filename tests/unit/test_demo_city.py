"""The demo city as data: complete, consistent, and nothing that could be anybody's."""

from __future__ import annotations

from collections import Counter

from shapely.geometry import Point

from domain import catalogue, outlines
from domain.actors import Role
from domain.credit_code import is_credit_code
from domain.demo import city, ground, premises, roster
from domain.identifiers import clean_phone, is_facility_code, is_venue_code

# interface.md, Addresses.
ACCOUNTS = {
    "handler": "handler",
    "warden": "warden",
    "inspector1": "inspector",
    "inspector2": "inspector",
    "operator": "operator",
    "officer": "officer",
    "owner": "owner",
    "crew": "crew",
    "supervisor": "supervisor",
    "leader": "leader",
    "admin": "administrator",
    "auditor": "auditor",
}


def test_sixty_venues_cover_every_class() -> None:
    assert len(city.VENUES) == 60
    assert {venue.class_code for venue in city.VENUES} == set(catalogue.venue_classes())


def test_venue_codes_are_valid_different_and_always_the_same() -> None:
    codes = {venue["name"]: venue["code"] for venue in roster.info()["venues"]}

    assert all(is_venue_code(code) for code in codes.values())
    assert len(set(codes.values())) == 60
    assert codes[city.SEED_VENUE] == "BMNGEZ7Y"  # printed in the README


def test_accounts_are_those_of_the_contract() -> None:
    assert {account["username"]: account["role"] for account in roster.info()["accounts"]} == ACCOUNTS


def test_accounts_of_the_seed_venue_hold_their_posts_there_and_in_its_grid() -> None:
    grid = next(venue.grid for venue in city.VENUES if venue.name == city.SEED_VENUE)

    posts = {key: [(post.role, post.venue) for post in roster.person(key).posts] for key in ("officer", "owner")}
    small = next(venue for venue in city.VENUES if venue.name == city.SMALL_PLACE)

    assert posts == {
        "officer": [(Role.OFFICER, city.SEED_VENUE)],
        "owner": [(Role.OWNER, city.SEED_VENUE), (Role.OWNER, city.SMALL_PLACE)],
    }
    assert (small.grid, small.staffed) == (grid, False)
    assert roster.warden_of(grid) is roster.person("warden")


def test_every_role_of_the_register_is_held() -> None:
    held = {post.role for person in roster.people() for post in person.posts}

    assert held == set(Role) - {Role.REPORTER, Role.APPLICANT, Role.SYSTEM}


def test_every_grid_has_one_warden_and_every_venue_one_owner_and_an_officer() -> None:
    posts = [post for person in roster.people() for post in person.posts]
    grids = {area.code for area in city.AREAS if area.level == "grid"}

    assert Counter(post.area for post in posts if post.role is Role.WARDEN) == dict.fromkeys(grids, 1)
    for role in (Role.OWNER, Role.OFFICER):
        names = Counter(post.venue for post in posts if post.role is role)
        assert names == dict.fromkeys((venue.name for venue in city.VENUES), 1)


def test_names_and_telephones_are_different_and_invented() -> None:
    phones = roster.phones()

    assert len({phone["person"] for phone in phones}) == len({phone["number"] for phone in phones}) == len(phones)
    for phone in phones:
        assert phone["number"].startswith("+861380000")
        assert clean_phone(phone["number"]) == phone["number"]
        assert phone["post"]


def test_venues_lie_apart_inside_their_grids() -> None:
    positions = [city.position(venue) for venue in city.VENUES]

    assert len(set(positions)) == 60
    for venue, (lat, lon) in zip(city.VENUES, positions, strict=True):
        row, column = divmod(city.GRIDS.index(venue.grid), city.COLUMNS)
        assert 0 < (lat - city.SOUTH_WEST[0]) / city.GRID_SIZE[0] - row < 1
        assert 0 < (lon - city.SOUTH_WEST[1]) / city.GRID_SIZE[1] - column < 1


def test_every_area_has_an_outline_that_holds_its_venues_and_shares_no_ground() -> None:
    made = {code: outlines.outline(geometry) for code, geometry in ground.outlines().items()}
    parents = {area.code: area.parent for area in city.AREAS}

    assert set(made) == {area.code for area in city.AREAS}
    for venue in city.VENUES:
        lat, lon = city.position(venue)
        assert made[venue.grid].contains(Point(lon, lat)), venue.name
    for code, one in made.items():
        parent = parents[code]
        assert parent is None or outlines.outside_m2(one, made[parent]) < 10, code
        for other, its in made.items():
            if other != code and parents[other] == parent:
                assert outlines.overlap_m2(one, its) < 10, (code, other)


def test_credit_codes_are_valid_different_and_of_no_place() -> None:
    codes = [code for venue in city.VENUES if (code := premises.facts(venue)["credit_code"])]

    assert len(codes) == len(set(codes)) > 50
    assert all(is_credit_code(code) and code[2:4] == "99" for code in codes)


def test_premises_say_what_the_catalogue_knows() -> None:
    assert set(premises.PROFILES) == set(catalogue.venue_classes())
    for profile in premises.PROFILES.values():
        assert profile.industry in catalogue.industries()
        assert set(profile.sizes) <= set(catalogue.SIZES)
        assert {kind for kind, _ in profile.parts} <= set(catalogue.key_part_kinds())
        assert {kind for kind, _ in profile.facilities} <= set(catalogue.facility_kinds())
    assert is_facility_code(premises.facility_code("主楼"))
    numbers = [premises.facts(venue)["phone"] for venue in city.VENUES]
    assert len({*numbers, *(phone["number"] for phone in roster.phones())}) == 60 + len(roster.phones())
