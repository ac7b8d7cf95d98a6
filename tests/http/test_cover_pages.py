"""The pages of holiday cover: one's own, and everybody's for who arranges it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain import people
from domain.database import Database
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        for who in ("handler", "supervisor", "leader"):
            opened.account(who, PASSWORD)
        yield opened


def dates(office: Office, length: int = 3) -> dict[str, str]:
    today = people.local_day(office.world.clock.now)
    return {"from_on": today.isoformat(), "until_on": (today + timedelta(days=length)).isoformat()}


def arranges(office: Office, member: Member, deputy: str = "leader", **fields: str) -> object:
    given = {"to_person": str(office.world.people[deputy]), "reason": "年假", **dates(office), **fields}
    return member.sends("/account/cover", "/account/cover", **given)


def test_own_cover_is_arranged_shown_to_both_and_ended(office: Office) -> None:
    member, deputy = office.member("handler"), office.member("leader")

    assert arranges(office, member).headers["location"] == "/account/cover"

    assert "王队长" in seen(member.opens("/account/cover"))
    assert "赵受理" in seen(deputy.opens("/account/cover"))
    assert "举报受理员" in seen(deputy.opens("/cases")), "the header names the role that is covered"
    page = deputy.opens("/account/cover").text
    assert "/account/cover/end" in page
    assert deputy.sends("/account/cover", "/account/cover/end").status_code == 303
    assert "举报受理员" not in seen(deputy.opens("/cases"))


def test_what_will_not_do_is_named_and_what_was_typed_stays(office: Office) -> None:
    answer = arranges(office, office.member("handler"), **dates(office, 200))

    assert answer.status_code == 422
    assert 'href="#until_on"' in answer.text
    assert "年假" in answer.text
    assert "90 天" in seen(answer)


def test_supervisor_arranges_for_colleagues(office: Office) -> None:
    member = office.member("supervisor")
    fields = {"from_person": str(office.world.people["handler"]), "to_person": str(office.world.people["leader"])}

    answer = member.sends("/admin/delegations/new", "/admin/delegations/new", reason="病假", **fields, **dates(office))

    assert answer.headers["location"] == "/admin/delegations"
    assert "病假" in seen(member.opens("/admin/delegations"))
    assert member.sends("/admin/delegations", "/admin/delegations/end").status_code == 303
    assert "病假" in seen(member.opens("/admin/delegations"))
    office.world.clock.advance(days=5)
    member = office.member("supervisor")
    assert "病假" not in seen(member.opens("/admin/delegations"))
    assert "病假" in seen(member.opens("/admin/delegations", past="1"))


@pytest.mark.parametrize("who", ["handler", "warden", "owner"])
def test_others_arrange_nothing_for_colleagues(office: Office, who: str) -> None:
    member = office.member(who)
    assert [member.opens(path).status_code for path in ("/admin/delegations", "/admin/delegations/new")] == [403, 403]


@pytest.mark.parametrize("given", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_garbage_instead_of_a_cover_is_not_there(office: Office, given: str) -> None:
    member = office.member("handler")
    assert member.posts("/account/cover/end", csrf=member.csrf(), cover=given).status_code == 404
