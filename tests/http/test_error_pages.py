"""A refusal is no dead end: colleagues keep their navigation, the public has a way to the first page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.database import Database
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/cases/JB-2026-999999", "/nowhere/at/all"])
def test_colleagues_keep_their_navigation_and_have_a_way_on(office: Office, path: str) -> None:
    answer = office.member("warden").opens(path)

    assert answer.status_code == 404
    body = answer.text.split("<main")[1]
    assert {'href="/cases"', 'href="/tasks"'} <= set(body.replace(">", " ").split())
    assert 'action="/logout"' in answer.text
    assert "李庚" in seen(answer)


@pytest.mark.parametrize("path", ["/errands/nonsense", "/admin/users/42", "/photos/x/thumbnail", "/api/v1/errands/x"])
def test_nothing_is_at_an_address_whose_id_is_none(office: Office, path: str) -> None:
    answer = office.member("admin").opens(path)

    assert answer.status_code == 404
    assert "此地址没有内容" in seen(answer) or answer.json()["type"].endswith("not-found")


def test_refused_step_leads_back_as_well(office: Office) -> None:
    number = office.report()
    member = office.member("handler")

    answer = member.posts(f"/cases/{number}/steps/accept", csrf="forged", version="1")

    assert answer.status_code == 403
    assert 'href="/cases"' in answer.text.split("<main")[1]


def test_public_is_led_to_the_first_page_and_sees_nothing_of_the_staff(office: Office) -> None:
    answer = office.nobody().opens("/nowhere/at/all")

    assert answer.status_code == 404
    assert 'href="/"' in answer.text.split("<main")[1]
    assert 'href="/cases"' not in answer.text
