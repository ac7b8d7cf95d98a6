"""What the commands do; and when they cannot: one sentence, exit status 1, nothing written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from api import commands
from domain import accounts, audit
from domain.actors import Role
from domain.database import Database
from domain.demo import city
from domain.models import Account, Person
from domain.settings import get_settings
from domain.tokens import Scope

CHIEF = {"username": "chief", "name": "新来", "role": "handler", "area": "", "phone": "", "password": "a-long-password"}


@pytest.fixture(autouse=True)
def _this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    get_settings.cache_clear()


def refusal_of(capsys: pytest.CaptureFixture[str], changes: dict[str, str]) -> str:
    with pytest.raises(SystemExit) as ended:
        commands.add_user(commands.Newcomer(**{**CHIEF, **changes}))
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_the_demo_city_is_loaded_once_verified_and_its_programs_are_let_in(db: Database) -> None:
    assert "already" in commands.upgrade()
    assert "The demo city is there, with" in commands.load_demo()
    assert "already" in commands.load_demo()

    token = commands.add_token("handler", label="desk")

    identity = accounts.identity_of_token(db, token, at=datetime.now(UTC))
    assert identity is not None
    assert identity.actor.roles == {Role.HANDLER}
    is_whole, said = commands.verify_audit()
    assert is_whole
    assert said.startswith("The record is whole")


def test_one_of_a_thing_is_counted_as_one(db: Database) -> None:
    with db.write() as session:
        audit.set_anchor(session, at=datetime.now(UTC))

    assert commands.verify_audit() == (True, "The record is whole: 0 cases, 0 records, 0 entries, 1 anchor.")


def test_a_changed_entry_is_named(db: Database) -> None:
    commands.load_demo()
    with db.write() as session:
        session.execute(text("UPDATE timeline_entry SET actor_name = 'nobody' WHERE seq = 3"))
    with db.read() as session:
        first = audit.verify(session).breaches[0].where

    is_whole, said = commands.verify_audit()

    assert not is_whole
    assert said.startswith(f"The record is broken at {first}: The entry was changed after it was written.")


def test_a_newcomer_signs_in_with_the_role(db: Database) -> None:
    commands.load_demo()

    commands.add_user(commands.Newcomer("New.Chief", "新来", "leader", city.CITY, "138 0000 0900", "a-long-password"))

    at, settings = datetime.now(UTC), get_settings()
    signed_in = accounts.sign_in(
        db, username="new.chief", password="a-long-password", address="::1", at=at, settings=settings
    )
    identity = accounts.identity_of_session(db, signed_in.token, at=at, settings=settings)
    assert identity is not None
    assert identity.actor.roles == {Role.LEADER}
    assert identity.person.phone == "+8613800000900"


def test_a_token_has_the_scopes_and_the_days_it_was_given(db: Database) -> None:
    commands.add_user(commands.Newcomer(**CHIEF))

    token = commands.add_token("chief", label="wall", scopes=["cases:read", "errands:read"], days=30)

    at = datetime.now(UTC)
    identity = accounts.identity_of_token(db, token, at=at)
    assert identity is not None
    assert identity.scopes == {Scope.CASES_READ, Scope.ERRANDS_READ}
    assert accounts.identity_of_token(db, token, at=at + timedelta(days=31)) is None


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("options", [{"scopes": ["cases:everything"]}, {"days": 99_999}])
def test_a_token_that_may_not_be_is_refused(capsys: pytest.CaptureFixture[str], options: dict[str, Any]) -> None:
    commands.add_user(commands.Newcomer(**CHIEF))

    with pytest.raises(SystemExit):
        commands.add_token("chief", label="", **options)

    assert "cases:read" in capsys.readouterr().err


@pytest.mark.usefixtures("db")
def test_a_token_for_nobody_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.add_token("stranger", label="")

    assert "no account 'stranger'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"role": "king"}, "no role 'king'"),
        ({"role": "reporter"}, "no role 'reporter'"),
        ({"area": "atlantis"}, "no area with the code 'atlantis'"),
        ({"phone": "12"}, "not a telephone number"),
        ({"password": "short"}, "at least"),
    ],
)
def test_a_user_that_cannot_be_entered_is_refused(
    db: Database, capsys: pytest.CaptureFixture[str], changes: dict[str, str], says: str
) -> None:
    assert says in refusal_of(capsys, changes)

    with db.read() as session:
        assert session.exec(select(Person)).all() == session.exec(select(Account)).all() == []


def test_a_name_that_is_taken_is_refused_whatever_its_capitals(
    db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.add_user(commands.Newcomer(**CHIEF))

    assert "taken" in refusal_of(capsys, {"username": "CHIEF"})

    with db.read() as session:
        assert len(session.exec(select(Person)).all()) == 1


def test_the_demo_city_is_refused_in_production(
    db: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRELINE_MODE", "production")
    get_settings.cache_clear()

    with pytest.raises(SystemExit):
        commands.load_demo()

    assert "published passwords" in capsys.readouterr().err
    with db.read() as session:
        assert session.exec(select(Person)).all() == []


def test_a_database_of_another_version_is_not_touched(db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SystemExit):
        commands.verify_audit()

    assert "at revision 9999" in capsys.readouterr().err
