"""Signing in: slow for guessers, equal for names that exist and names that do not, and over when its time is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from domain import accounts, passwords
from domain.accounts import PER_ACCOUNT, PER_ADDRESS, UnknownAccount, WrongCredentials
from domain.models import Account, ApiToken, SignIn, Throttle
from domain.throttles import Policy, TooManyAttempts
from tests.http.conftest import PASSWORD

WRONG = "wrong-password"


@pytest.fixture
def attempt(db, world, settings):
    def try_it(username="handler", password=WRONG, address="10.0.0.1"):
        return accounts.sign_in(
            db, username=username, password=password, address=address, at=world.clock.now, settings=settings
        )

    return try_it


def outcome(attempt, **changes) -> str:
    try:
        attempt(**changes)
    except WrongCredentials:
        return "wrong"
    except TooManyAttempts as waiting:
        return f"wait {waiting.seconds}"
    return "in"


def test_right_password_begins_a_session_that_is_stored_as_a_hash(attempt, account, db, world, settings):
    account("handler")

    signed_in = attempt(username="  HANDLER ", password=PASSWORD)

    identity = accounts.identity_of_session(db, signed_in.token, at=world.clock.now, settings=settings)
    assert identity is not None
    assert (identity.account.username, identity.person.name, identity.via) == ("handler", "赵受理", "cookie")
    assert [str(role) for role in identity.actor.roles] == ["handler"]
    with db.read() as session:
        stored = session.exec(select(SignIn)).one()
        assert signed_in.token.encode() not in (stored.token_hash, stored.csrf.encode())
        assert session.exec(select(Throttle.failures).where(Throttle.failures > 0)).all() == []


def test_wrong_passwords_make_the_wait_grow_and_a_right_one_ends_it(attempt, account, world):
    account("handler")
    free = [outcome(attempt) for _ in range(PER_ACCOUNT.free)]
    assert free == ["wrong"] * PER_ACCOUNT.free

    waits = []
    for _ in range(8):
        assert outcome(attempt) == "wrong"
        told = outcome(attempt, password=PASSWORD)
        assert told.startswith("wait"), "even the right password waits"
        waits.append(int(told.split()[1]))
        world.clock.advance(seconds=waits[-1])

    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= PER_ACCOUNT.longest.total_seconds() + 1
    assert outcome(attempt, password=PASSWORD) == "in"
    assert outcome(attempt) == "wrong", "and the account starts afresh"


def test_guessing_in_parallel_gains_nothing(attempt, account):
    account("handler")
    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(lambda _: outcome(attempt), range(30)))
    assert outcomes.count("wrong") <= PER_ACCOUNT.free + 1


def test_one_address_with_many_names_is_slowed_down(attempt):
    outcomes = [outcome(attempt, username=f"user{n}") for n in range(PER_ADDRESS.free + 2)]
    assert outcomes[: PER_ADDRESS.free + 1] == ["wrong"] * (PER_ADDRESS.free + 1)
    assert outcomes[-1].startswith("wait")
    assert outcome(attempt, username="user0", address="10.0.0.2") == "wrong", "others are not held up"


def test_own_account_does_not_buy_more_guesses(attempt, account):
    """Whoever signs in rightly in between gets back that one attempt, not those at other names."""
    account("handler")
    for n in range(PER_ADDRESS.free):
        assert outcome(attempt, username=f"victim{n}") == "wrong"
        assert outcome(attempt, password=PASSWORD) == "in"
    outcome(attempt, username="victim-last")
    assert outcome(attempt, password=PASSWORD).startswith("wait")


def test_unknown_disabled_and_wrong_look_and_cost_the_same(attempt, account, db, world, monkeypatch):
    account("handler")
    account("warden")
    with db.write() as session:
        accounts.by_username(session, "warden").disabled_at = world.clock.now
        session.flush()
    checked = []
    real = passwords.is_right
    monkeypatch.setattr(passwords, "is_right", lambda given, stored: checked.append(stored) or real(given, stored))

    told = [outcome(attempt, username=name, password=PASSWORD) for name in ("nobody", "warden")]
    told.append(outcome(attempt))

    assert told == ["wrong"] * 3
    assert len(checked) == 3, "every one of them costs a hash"
    assert checked[:2] == [None, None]


@pytest.mark.parametrize(
    "username",
    [
        "",
        "a" * 5000,
        "x\x00y",
        "管理员'; DROP TABLE account;--",
        "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
def test_strange_names_are_only_wrong(attempt, username):
    assert outcome(attempt, username=username, password="p" * 5000) == "wrong"


def test_typed_names_are_not_kept(attempt, db):
    outcome(attempt, username="my-password-in-the-wrong-field")
    with db.read() as session:
        assert "my-password" not in str([row.model_dump() for row in session.exec(select(Throttle))])


def test_session_ends_when_idle_and_after_its_hours(attempt, account, db, world, settings):
    account("handler")
    token = attempt(password=PASSWORD).token

    def signed_in() -> bool:
        return accounts.identity_of_session(db, token, at=world.clock.now, settings=settings) is not None

    for _ in range(settings.session_hours * 2 - 1):
        world.clock.advance(minutes=30)
        assert signed_in(), "in use it stays"
    world.clock.advance(minutes=31)
    assert not signed_in(), "but not for longer than its hours"

    token = attempt(password=PASSWORD).token
    world.clock.advance(minutes=settings.session_idle_minutes - 1)
    assert signed_in()
    world.clock.advance(minutes=settings.session_idle_minutes)
    assert not signed_in()


def test_signing_out_ends_this_session_and_end_all_the_others(attempt, account, db, world, settings):
    account("handler")
    first, second = attempt(password=PASSWORD).token, attempt(password=PASSWORD).token
    with db.write() as session:
        api = accounts.add_token(session, "handler", at=world.clock.now)

    def alive():
        at = world.clock.now
        cookies = [
            accounts.identity_of_session(db, token, at=at, settings=settings) is not None for token in (first, second)
        ]
        return [*cookies, accounts.identity_of_token(db, api, at=at) is not None]

    assert alive() == [True, True, True]
    with db.write() as session:
        accounts.sign_out(session, first, at=world.clock.now)
    assert alive() == [False, True, True]
    with db.write() as session:
        accounts.end_all(session, accounts.by_username(session, "handler").id, at=world.clock.now)
    assert alive() == [False, False, False]


def test_disabled_account_is_out_at_once(attempt, account, db, world, settings, program, anybody):
    account("handler")
    token, headers = attempt(password=PASSWORD).token, program("handler")
    assert anybody.get("/api/v1/cases", headers=headers).status_code == 200

    with db.write() as session:
        accounts.by_username(session, "handler").disabled_at = world.clock.now
        session.flush()

    assert accounts.identity_of_session(db, token, at=world.clock.now, settings=settings) is None
    assert anybody.get("/api/v1/cases", headers=headers).status_code == 401


def test_token_is_kept_as_a_hash_and_not_for_unknown_names(db, world, account):
    account("handler")
    with db.write() as session:
        token = accounts.add_token(session, "Handler", at=world.clock.now, label="city platform")
    assert token.startswith("fl_")
    with db.read() as session:
        assert token not in str(session.exec(select(ApiToken)).one().model_dump())
    with db.write() as session, pytest.raises(UnknownAccount):
        accounts.add_token(session, "nobody", at=world.clock.now)


def test_old_hash_is_renewed_at_the_next_right_password(attempt, account, db):
    account("handler")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with db.write() as session:
        accounts.by_username(session, "handler").password_hash = weak
        session.flush()
    assert outcome(attempt, password=PASSWORD) == "in"
    with db.read() as session:
        renewed = session.exec(select(Account.password_hash)).one()
    assert renewed != weak
    assert passwords.is_right(PASSWORD, renewed)


def test_second_account_of_the_same_name_is_refused(account, db, world):
    account("handler")
    with db.write() as session, pytest.raises(accounts.AccountExists):
        accounts.add_account(session, username="HANDLER", password=PASSWORD, person_id=world.people["warden"])


def test_wait_doubles_from_the_first_beyond_the_free_ones():
    policy = Policy(free=2, longest=timedelta(seconds=30), forgets_after=timedelta(hours=1))
    assert [policy.wait(n).total_seconds() for n in range(9)] == [0, 0, 0, 2, 4, 8, 16, 30, 30]
    assert policy.wait(10_000) == timedelta(seconds=30)
