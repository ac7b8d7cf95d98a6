"""The authenticator app: set up with a right code, asked for after the password, no code taken twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyotp
import pytest
from sqlmodel import select

from domain import accounts, register_log, second_factors
from domain.database import Database
from domain.models import Account, RecoveryCode, SecondFactor, VaultItem
from domain.settings import get_settings
from tests.at_once import at_once
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that asks a second factor of administrators."""
    monkeypatch.setenv("FIRELINE_ADMIN_TOTP", "required")
    get_settings.cache_clear()


def signs_in(office: Office, who: str) -> tuple[Member, str]:
    member = office.nobody()
    answer = member.sends("/login", "/login", username=who, password=PASSWORD)
    assert answer.status_code == 303
    return member, answer.headers["location"]


def secret_on(page: str) -> str:
    return re.search(r'<span class="code">([A-Z2-7 ]+)</span>', page).group(1).replace(" ", "")


def enrol(office: Office, member: Member) -> tuple[pyotp.TOTP, list[str]]:
    """Set the app up and return it, with the recovery codes."""
    app = pyotp.TOTP(secret_on(member.opens("/account/app").text))
    shown = member.sends("/account/app", "/account/app", code=app.at(office.world.clock.now))
    assert shown.status_code == 200
    return app, re.findall(r'<li class="code">([A-Z0-9-]+)</li>', shown.text)


def records(office: Office, who: str) -> list[str]:
    with office.db.read() as session:
        account = accounts.by_username(session, who)
        return [entry.action for entry in register_log.of(session, account.id)]


def test_app_is_set_up_with_its_first_code_and_asked_for_from_then_on(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")

    app, codes = enrol(office, member)

    assert len(set(codes)) == 10
    office.world.clock.advance(seconds=30)
    other, place = signs_in(office, "handler")
    assert place == "/login/second"
    assert other.opens("/cases").headers["location"] == "/login/second"
    answer = other.sends("/login/second", "/login/second", code=app.at(office.world.clock.now))
    assert answer.headers["location"] == "/cases"
    assert other.opens("/cases").status_code == 200
    assert "second_factor_set" in records(office, "handler")


def test_secret_and_codes_are_not_kept_in_clear(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    app, codes = enrol(office, member)

    with office.db.read() as session:
        rows = [*session.exec(select(SecondFactor)), *session.exec(select(RecoveryCode)),
                *session.exec(select(VaultItem))]  # fmt: skip
        stored = "".join(str(row.model_dump()) for row in rows)
    assert app.secret not in stored
    assert not [code for code in codes if code.replace("-", "") in stored]


@pytest.mark.parametrize(("drift", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_clock_of_the_phone_may_be_one_step_off(office: Office, drift: int, status: int) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    app, _ = enrol(office, member)
    office.world.clock.advance(minutes=10)
    other, _ = signs_in(office, "handler")

    answer = other.sends("/login/second", "/login/second", code=app.at(office.world.clock.now, counter_offset=drift))

    assert answer.status_code == status


def test_code_is_taken_once_and_none_before_it_afterwards(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    app, _ = enrol(office, member)
    office.world.clock.advance(minutes=10)
    code, before = app.at(office.world.clock.now), app.at(office.world.clock.now, counter_offset=-1)
    first, _ = signs_in(office, "handler")
    assert first.sends("/login/second", "/login/second", code=code).status_code == 303

    second, _ = signs_in(office, "handler")
    answers = [second.sends("/login/second", "/login/second", code=one) for one in (code, before)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert second.opens("/cases").headers["location"] == "/login/second"


def test_same_code_at_the_same_moment_is_taken_by_one(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    app, _ = enrol(office, member)
    at = office.world.clock.advance(minutes=10)
    with office.db.read() as session:
        account = accounts.by_username(session, "handler")
        actor = accounts.owner_of(session, account)

    def show() -> str:
        try:
            second_factors.check(office.db, account, app.at(at), actor=actor, at=at)
        except second_factors.WrongCode:
            return "refused"
        return "taken"

    assert sorted(at_once([show] * 4)) == ["refused", "refused", "refused", "taken"]


def test_recovery_code_signs_in_once(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    _, codes = enrol(office, member)
    first, _ = signs_in(office, "handler")

    taken = first.sends("/login/second", "/login/second", code=codes[3].lower().replace("-", " "))
    second, _ = signs_in(office, "handler")
    again = second.sends("/login/second", "/login/second", code=codes[3])

    assert (taken.status_code, again.status_code) == (303, 422)
    assert "还剩 9 个恢复码" in seen(first.opens("/account"))
    assert "recovery_code_used" in records(office, "handler")


def test_guessing_the_second_factor_has_to_wait_longer_and_longer(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    enrol(office, member)
    other, _ = signs_in(office, "handler")
    waits = []
    for _ in range(12):
        answer = other.sends("/login/second", "/login/second", code="000000")
        if answer.status_code == 429:
            waits.append(int(answer.headers.get("retry-after") or re.search(r"(\d+) 秒", seen(answer)).group(1)))
            office.world.clock.advance(seconds=waits[-1])

    assert len(waits) >= 3
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


@pytest.mark.usefixtures("strict")
def test_administrator_without_an_app_is_led_to_set_one_up_and_is_nobody_before(office: Office) -> None:
    office.account("admin", PASSWORD)
    office.account("handler", PASSWORD)
    assert signs_in(office, "handler")[1] == "/cases", "others are not asked"

    member, place = signs_in(office, "admin")

    assert place == "/account/app"
    for path in ("/cases", "/account", "/account/tokens", "/account/sessions", "/errands"):
        assert member.opens(path).headers["location"] == "/account/app", path
    assert member.opens("/api/v1/cases").status_code == 401
    assert "管理员除密码外" in seen(member.opens("/account/app"))

    enrol(office, member)

    assert member.opens("/cases").status_code == 200


@pytest.mark.usefixtures("strict")
def test_step_that_is_left_cannot_be_gone_round(office: Office) -> None:
    """Who knows the password alone can neither set up an app of their own nor change the password."""
    office.account("admin", PASSWORD)
    owner, _ = signs_in(office, "admin")
    enrol(office, owner)

    thief, place = signs_in(office, "admin")

    assert place == "/login/second"
    for path in ("/account/app", "/account/password", "/account/prove"):
        assert thief.opens(path).headers["location"] == "/login/second", path
    csrf = re.search(r'name="csrf" value="([^"]+)"', thief.opens("/login/second").text).group(1)
    for path in ("/account/app", "/account/password", "/account/app/remove", "/account/app/codes"):
        assert thief.posts(path, csrf=csrf, code="000000", old=PASSWORD, new="entirely-new-one").status_code == 303
    with office.db.read() as session:
        account = session.exec(select(Account).where(Account.username == "admin")).one()
        assert second_factors.is_confirmed(session, account.id)


def test_demo_administrator_signs_in_with_the_password_alone(office: Office) -> None:
    office.account("admin", PASSWORD)

    assert signs_in(office, "admin")[1] == "/cases"


def test_production_asks_it_of_administrators_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    for mode in ("demo", "production"):
        for said in ("", "required", "optional"):
            monkeypatch.setenv("FIRELINE_MODE", mode)
            monkeypatch.setenv("FIRELINE_ADMIN_TOTP", said)
            get_settings.cache_clear()
            asked[mode, said] = get_settings().administrators_need_a_second_factor

    assert asked == {("demo", ""): False, ("demo", "required"): True, ("demo", "optional"): False,
                     ("production", ""): True, ("production", "required"): True,
                     ("production", "optional"): False}  # fmt: skip


def test_grave_things_ask_for_a_fresh_proof(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    app, _ = enrol(office, member)
    office.world.clock.advance(minutes=11)

    asked = member.opens("/account/tokens")
    removed = member.posts("/account/app/remove", csrf=member.csrf())

    assert asked.headers["location"] == "/account/prove?next=/account/tokens"
    assert removed.headers["location"].startswith("/account/prove")
    assert "second_factor_reset" not in records(office, "handler")
    page = asked.headers["location"]
    assert member.sends(page, "/account/prove", code="000000").status_code == 422
    proved = member.sends(page, "/account/prove", code=app.at(office.world.clock.now))
    assert proved.headers["location"] == "/account/tokens"
    assert member.opens("/account/tokens").status_code == 200
    assert member.posts("/account/app/remove", csrf=member.csrf()).headers["location"] == "/account?done=app"
    assert "second_factor_reset" in records(office, "handler")
    assert signs_in(office, "handler")[1] == "/cases"


def test_new_recovery_codes_replace_the_old_ones(office: Office) -> None:
    office.account("handler", PASSWORD)
    member, _ = signs_in(office, "handler")
    _, old = enrol(office, member)

    shown = member.sends("/account", "/account/app/codes")

    new = re.findall(r'<li class="code">([A-Z0-9-]+)</li>', shown.text)
    assert len(set(new)) == 10
    assert not set(new) & set(old)
    other, _ = signs_in(office, "handler")
    assert other.sends("/login/second", "/login/second", code=old[0]).status_code == 422
    assert other.sends("/login/second", "/login/second", code=new[0]).status_code == 303
