"""Settings that change while the product runs: who may, what is refused, what every process then goes by."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from sqlmodel import select

from domain import accounts, audit, product_settings, register_log, retention
from domain.access import NotPermitted
from domain.adjustable import ADJUSTABLE, NotAValue
from domain.database import Database, open_database
from domain.models import ProductSetting, RegisterHead
from domain.processes.retention import Part
from domain.register_lock import NotNow, RegisterChanged
from domain.settings import get_settings
from tests.at_once import at_once
from tests.world import World


def change(db: Database, world: World, key: str, given: object, *, who: str = "admin", version: int | None = None):
    with db.write() as session:
        actor = world.actor(session, who)
        return product_settings.change(
            session, key, given, reason="试用三个月后调整", actor=actor, at=world.clock.now, version=version
        )


def value(db: Database, key: str):
    with db.read() as session:
        return product_settings.value(session, key)


def test_every_setting_is_as_delivered_until_somebody_sets_it(db: Database) -> None:
    for key, known in ADJUSTABLE.items():
        assert value(db, key) == known.default(get_settings())
        assert known.read(known.kept(value(db, key))) == value(db, key)


def test_what_is_set_holds_in_the_second_process_and_stands_in_a_whole_record(
    db: Database, world: World, database_url: str
) -> None:
    other = open_database(database_url)
    assert value(other, "office_closes") == time(17, 30)

    assert change(db, world, "office_closes", "18:15")
    assert not change(db, world, "office_closes", "18:15")

    assert value(other, "office_closes") == time(18, 15)
    with other.read() as session:
        assert retention.kept_for(session, Part.WORDS) == timedelta(days=get_settings().words_days)
        (entry,) = register_log.of(session, product_settings.subject_of("office_closes"))
        assert (entry.kind, entry.action, entry.actor_name) == ("setting", "change", "沈管理")
        assert entry.data == {"value": ["17:30", "18:15"], "reason": "试用三个月后调整"}
        assert register_log.verify_everything(session).breaches == ()
    with db.write() as session:
        session.execute(RegisterHead.__table__.update().values(chain_head=audit.GENESIS))  # type: ignore[attr-defined]
    with other.read() as session:
        assert len(register_log.verify_everything(session).breaches) == 1
    other.dispose()


def test_the_default_holds_again_also_when_it_is_another_one_later(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(db, world, "identity_days", "30")
    with db.read() as session:
        assert retention.kept_for(session, Part.APPLICANT) == timedelta(days=30)

    for expected in (True, False):
        with db.write() as session:
            done = product_settings.back_to_default(
                session, "identity_days", reason="恢复", actor=world.actor(session, "admin"), at=world.clock.now
            )
        assert done is expected

    monkeypatch.setenv("FIRELINE_IDENTITY_DAYS", "400")
    get_settings.cache_clear()
    assert value(db, "identity_days") == 400
    with db.read() as session:
        entries = register_log.of(session, product_settings.subject_of("identity_days"))
        assert [entry.action for entry in entries] == ["to_default", "change"]
        assert session.exec(select(ProductSetting)).all() == []


@pytest.mark.parametrize(
    ("key", "given"),
    [("office_opens", "9 o'clock"), ("office_opens", "24:00"), ("identity_days", "0"), ("words_days", "3651"),
     ("reveals_per_day", "-1"), ("session_hours", "1.5"), ("session_hours", "１２"), ("day_unspecified", "天")],
)  # fmt: skip
def test_what_is_no_value_is_refused(key: str, given: str) -> None:
    with pytest.raises(NotAValue):
        ADJUSTABLE[key].read(given)


def test_only_an_administrator_of_everything_changes_them(db: Database, world: World) -> None:
    for who in ("auditor", "leader", "supervisor"):
        with pytest.raises(NotPermitted):
            change(db, world, "session_hours", "2", who=who)
    assert value(db, "session_hours") == get_settings().session_hours


def test_of_two_at_once_one_is_told_and_the_office_never_closes_before_it_opens(db: Database, world: World) -> None:
    first = at_once([lambda days=days: change(db, world, "words_days", days, version=0) for days in ("100", "200")])
    hours = at_once([
        lambda: change(db, world, "office_opens", "13:00"), lambda: change(db, world, "office_closes", "12:00")
    ])  # fmt: skip

    assert sorted(type(result) for result in first if result is not True) == [RegisterChanged]
    assert [type(result) for result in hours if result is not True] == [NotNow]
    assert value(db, "office_opens") < value(db, "office_closes")


def test_a_value_of_an_earlier_version_that_is_none_any_more_gives_the_default(db: Database, world: World) -> None:
    with db.write() as session:
        session.add(ProductSetting(key="session_hours", value=9999, reason="旧版", changed_at=world.clock.now))

    assert value(db, "session_hours") == get_settings().session_hours


def test_a_shorter_sign_in_holds_for_those_who_are_signed_in(db: Database, world: World) -> None:
    settings = get_settings()
    with db.write() as session:
        account = accounts.add_account(
            session, username="admin", password="corner-lamp-41", person_id=world.people["admin"]
        )
        caller = accounts.Caller("10.0.0.1")
        token = accounts.begin(
            session, account, way="password", caller=caller, at=world.clock.now, settings=settings
        ).token
    world.clock.advance(minutes=30)
    assert accounts.identity_of_session(db, token, at=world.clock.now, settings=settings) is not None
    change(db, world, "session_idle_minutes", "20")

    assert accounts.identity_of_session(db, token, at=world.clock.advance(minutes=21), settings=settings) is None
