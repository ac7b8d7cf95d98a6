"""A code on its way to the phone: one message, written down first, looked up when in doubt, and no code in any log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from domain import accounts, sign_in_codes
from domain.accounts import Caller
from domain.database import Database
from domain.models import CodeMessage, Errand, Person
from domain.settings import get_settings
from tests.flows.conftest import HANDLER, Worker
from tests.telephony import ROOT, Exchange, eventually
from tests.world import World

PASSWORD = "fireline-demo"


@pytest.fixture(autouse=True)
def _accounts(db: Database, world: World) -> None:
    with db.write() as session:
        accounts.add_account(session, username="handler", password=PASSWORD, person_id=world.people["handler"])


def ask(db: Database, who: str = "handler") -> object:
    return sign_in_codes.ask(db, username=who, address="10.0.0.1", at=datetime.now(UTC))


def settled(db: Database) -> Errand:
    def over() -> Errand | None:
        with db.read() as session:
            [errand] = session.exec(select(Errand).where(Errand.kind == sign_in_codes.KIND))
        return errand if errand.settled_at else None

    return eventually(over, what="the errand")


def messages(db: Database) -> list[CodeMessage]:
    with db.read() as session:
        return list(session.exec(select(CodeMessage).order_by(CodeMessage.number)))


def received(exchange: Exchange) -> list[str]:
    return [message["body"] for message in exchange.messages() if message["to"] == HANDLER]


def code_in(body: str) -> str:
    return re.search(r"\b(\d{6})\b", body).group(1)


@pytest.mark.usefixtures("at_work")
def test_code_arrives_and_signs_in(db: Database, telephony: Exchange) -> None:
    ticket = ask(db)

    done = settled(db)

    [body] = received(telephony)
    assert "登录验证码" in body
    assert (done.state, done.outcome["said"]) == ("done", "sent")
    signed_in = sign_in_codes.sign_in(
        db, ticket=ticket, code=code_in(body), caller=Caller("10.0.0.1"), at=datetime.now(UTC), settings=get_settings()
    )
    assert signed_in.token


@pytest.mark.usefixtures("at_work")
def test_message_moves_with_what_the_provider_says(db: Database, telephony: Exchange) -> None:
    del telephony
    ask(db)
    settled(db)

    eventually(lambda: messages(db)[0].state == "delivered", what="delivery")


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("who", ["nobody-has-this", "crew"])
def test_nobody_is_told_for_a_name_nobody_has_or_a_landline(
    db: Database, world: World, telephony: Exchange, who: str
) -> None:
    with db.write() as session:
        accounts.add_account(session, username="crew", password=PASSWORD, person_id=world.people["crew"])
        session.get_one(Person, world.people["crew"]).phone = "+862787654321"
        session.flush()

    ask(db, who)

    assert settled(db).state == "done"
    assert messages(db) == []
    assert telephony.messages() == []


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("mode", ["accept-then-timeout", "timeout"])
def test_request_of_unknown_outcome_is_looked_up_and_no_code_comes_twice(
    db: Database, telephony: Exchange, mode: str
) -> None:
    telephony.behave(mode, HANDLER)
    ask(db)
    # Of the accepted one the provider's callback may tell before the request is given up.
    eventually(lambda: messages(db) and messages(db)[0].state != "dialling", what="the end of the request")
    telephony.behave("manual", HANDLER)

    done = settled(db)

    assert done.state == "done"
    assert len(received(telephony)) == 1
    assert len(messages(db)) == (1 if mode == "accept-then-timeout" else 2)


@pytest.mark.usefixtures("at_work")
def test_passing_failure_is_tried_again_and_a_refusal_for_good_is_not(db: Database, telephony: Exchange) -> None:
    telephony.behave("error-500", HANDLER)
    ask(db)
    eventually(lambda: messages(db) and messages(db)[0].state == "refused", what="a refusal")
    telephony.behave("manual", HANDLER)

    assert settled(db).state == "done"
    assert messages(db)[0].state == "refused"
    assert len(received(telephony)) == 1


def test_code_that_is_over_is_not_sent_any_more(db: Database, telephony: Exchange) -> None:
    long_ago = datetime.now(UTC) - 2 * sign_in_codes.LASTS
    sign_in_codes.ask(db, username="handler", address="10.0.0.1", at=long_ago)
    running = Worker(db)
    running.start()
    try:
        assert settled(db).state == "done"
    finally:
        running.stop()
    assert (messages(db), telephony.messages()) == ([], [])


@pytest.mark.usefixtures("at_work")
def test_number_of_many_accounts_is_not_rung_for_each(db: Database, world: World, telephony: Exchange) -> None:
    for number in range(7):
        with db.write() as session:
            name = f"second{number}"
            accounts.add_account(session, username=name, password=PASSWORD, person_id=world.people["handler"])
        ask(db, name)

    def all_settled() -> bool:
        with db.read() as session:
            return all(
                errand.settled_at for errand in session.exec(select(Errand).where(Errand.kind == sign_in_codes.KIND))
            )

    eventually(all_settled, what="every errand")
    assert len(received(telephony)) == sign_in_codes.PER_NUMBER.most


def test_no_log_and_no_record_has_the_code(
    db: Database, telephony: Exchange, database_url: str, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment["FIRELINE_DATABASE_URL"] = database_url
    with (tmp_path / "log").open("ab") as log:
        running = subprocess.Popen([sys.executable, "-m", "flows.worker"], cwd=ROOT, env=environment, stderr=log)
    try:
        ask(db)
        settled(db)
    finally:
        running.terminate()
        running.wait(30)

    code = code_in(received(telephony)[0])
    log_text = (tmp_path / "log").read_text(encoding="utf-8")
    assert "worker at work" in log_text
    with db.read() as session:
        rows = [
            *session.exec(select(Errand).where(Errand.kind == sign_in_codes.KIND)),
            *session.exec(select(CodeMessage)),
        ]
        assert code not in log_text + str([row.model_dump() for row in rows])
