"""Signing in by a code to the phone: six digits, five minutes, five tries, and nothing said of which names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlmodel import select

from domain import accounts, sealed, sign_in_codes, tidying
from domain.database import Database
from domain.models import Errand, SignIn, SignInCode, Throttle, VaultItem
from tests.staff_member import Member, Office, hidden_fields, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        opened.account("handler", PASSWORD)
        yield opened


def asks(office: Office, who: str = "handler") -> tuple[Member, str]:
    """Ask for a code and return the page where it is typed in."""
    member = office.nobody()
    answer = member.sends("/login/code", "/login/code", username=who)
    assert answer.status_code == 200
    return member, answer.text


def code_of(office: Office, page: str) -> str:
    """Return the code that belongs to that page, out of the vault."""
    ticket = UUID(hidden_fields(page)["ticket"])
    with office.db.read() as session:
        return sealed.get(session, session.get_one(SignInCode, ticket).sealed_id)


def types(member: Member, page: str, code: str) -> object:
    return member.posts("/login/code/enter", **{**hidden_fields(page), "code": code})


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_code_signs_in_once_and_the_record_says_so(office: Office) -> None:
    member, page = asks(office)
    code = code_of(office, page)

    answer = types(member, page, f"{code[:3]} {code[3:]}")

    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    assert re.fullmatch(r"\d{6}", code)
    assert types(office.nobody(), page, code).status_code == 401
    with office.db.read() as session:
        assert [row.way for row in session.exec(select(SignIn))] == ["code"]


def test_code_is_over_after_five_minutes(office: Office) -> None:
    member, page = asks(office)
    office.world.clock.advance(minutes=5)

    assert types(member, page, code_of(office, page)).status_code == 401


def test_five_wrong_tries_end_the_code(office: Office) -> None:
    member, page = asks(office)
    code = code_of(office, page)

    tries = [types(member, page, wrong(code)).status_code for _ in range(5)]

    assert tries == [401] * 5
    assert types(member, page, code).status_code == 401


def test_newer_code_ends_the_older(office: Office) -> None:
    member, first = asks(office)
    other, second = asks(office)

    assert types(member, first, code_of(office, first)).status_code == 401
    assert types(other, second, code_of(office, second)).status_code == 303


def test_name_nobody_has_is_answered_like_any_other_and_costs_the_same_rows(office: Office) -> None:
    with office.db.write() as session:
        accounts.add_account(session, username="silent", password=PASSWORD, person_id=office.world.people["crew"])
        accounts.by_username(session, "silent").disabled_at = office.world.clock.now
        session.flush()

    pages = {who: asks(office, who)[1] for who in ("handler", "nobody-has-this", "silent")}

    def plain(page: str, who: str) -> str:
        return seen(type("Answer", (), {"text": page})()).replace(who, "X")

    assert len({plain(page, who) for who, page in pages.items()}) == 1
    with office.db.read() as session:
        assert len(session.exec(select(SignInCode)).all()) == len(session.exec(select(Errand)).all()) == 3
    for who in ("nobody-has-this", "silent"):
        assert types(office.nobody(), pages[who], code_of(office, pages[who])).status_code == 401


def test_codes_are_rationed_by_name_alike_for_all_names(office: Office) -> None:
    def outcomes(who: str) -> list[int]:
        return [office.nobody().sends("/login/code", "/login/code", username=who).status_code for _ in range(5)]

    assert outcomes("handler") == outcomes("nobody") == [200, 200, 200, 429, 429]
    office.world.clock.advance(minutes=16)
    assert outcomes("handler")[0] == 200


def test_a_days_codes_are_too_few_to_guess(office: Office) -> None:
    given = 0
    for _ in range(20):
        answer = office.nobody().sends("/login/code", "/login/code", username="handler")
        given += answer.status_code == 200
        office.world.clock.advance(minutes=16)

    assert given == sign_in_codes.PER_NAME_A_DAY.most


def test_one_address_cannot_ask_for_everybody(office: Office) -> None:
    statuses = [office.nobody().sends("/login/code", "/login/code", username=f"n{n}").status_code for n in range(17)]

    assert statuses == [200] * 15 + [429] * 2


def test_code_stands_nowhere_in_clear(office: Office) -> None:
    _, page = asks(office)
    code = code_of(office, page)

    with office.db.read() as session:
        rows = [row for table in (SignInCode, Errand, Throttle) for row in session.exec(select(table))]
        assert not [row for row in rows if code in str(row.model_dump())]
        [item] = session.exec(select(VaultItem).where(VaultItem.kind == "sign_in_code"))
        assert code.encode() not in item.box


@pytest.mark.parametrize("ticket", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_garbage_instead_of_a_ticket_is_only_wrong(office: Office, ticket: str) -> None:
    answer = office.nobody().posts("/login/code/enter", ticket=ticket, code="000000", username="handler")

    assert answer.status_code == 401
    assert "验证码错误或已失效" in seen(answer)


def test_codes_and_what_was_sealed_for_them_are_forgotten_after_a_day(office: Office) -> None:
    asks(office)
    with office.db.write() as session:
        counts = tidying.tidy(session, at=office.world.clock.advance(hours=25)).counts

    assert counts["codes"] == 1
    with office.db.read() as session:
        assert session.exec(select(SignInCode)).all() == session.exec(select(VaultItem)).all() == []


def test_disabled_meanwhile_the_code_is_worth_nothing(office: Office) -> None:
    member, page = asks(office)
    with office.db.write() as session:
        accounts.by_username(session, "handler").disabled_at = office.world.clock.now
        session.flush()

    assert types(member, page, code_of(office, page)).status_code == 401


def test_code_sign_in_leads_back_to_the_page_that_was_asked_for(office: Office) -> None:
    member = office.nobody()
    asked = member.sends("/login/code?next=/tasks", "/login/code", username="handler")

    answer = types(member, asked.text, code_of(office, asked.text))

    assert answer.headers["location"] == "/tasks"


def test_errand_of_a_code_is_nobodys_to_look_at(office: Office) -> None:
    asks(office)
    with office.db.read() as session:
        [errand] = session.exec(select(Errand))
    assert errand.made_by is None
    assert office.member("handler").opens(f"/errands/{errand.id}").status_code == 404
