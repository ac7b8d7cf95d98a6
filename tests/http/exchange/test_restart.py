"""The exchange dies and comes back: nothing that was accepted is forgotten."""

import stat
import uuid
from datetime import UTC, datetime

import pytest

from notifications.providers import ProviderUnknownOutcome
from notifications.providers.twilio import TwilioProvider
from tests.telephony import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    FROM,
    eventually,
    journal_lines,
    running_exchange,
    running_receiver,
)

PHONE = "+8613800138000"


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "exchange.jsonl"


@pytest.fixture
def provider_at():
    providers = []

    def provider_at(url: str) -> TwilioProvider:
        provider = TwilioProvider(
            account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, from_number=FROM, base_url=url, read_seconds=0.5
        )
        providers.append(provider)
        return provider

    yield provider_at
    for provider in providers:
        provider.close()


def test_killed_exchange_remembers_messages_phones_and_behaviour(journal, provider_at):
    attempt, since = uuid.uuid4(), datetime.now(UTC)
    with running_exchange(journal=journal) as exchange:
        exchange.http.put("/control/phones", json=[{"number": PHONE, "person": "李卫民", "post": "专管员"}])
        exchange.behave("accept-then-timeout", PHONE)
        with pytest.raises(ProviderUnknownOutcome):
            provider_at(exchange.url).send_sms(
                to=PHONE, body="JB-2026-000001", status_callback="http://127.0.0.1:9/", attempt_id=attempt
            )
        sid = exchange.messages()[0]["sid"]
        exchange.kill()

    with running_exchange(journal=journal) as exchange:
        found = provider_at(exchange.url).find_sms(to=PHONE, body="JB-2026-000001", since=since, attempt_id=attempt)
        phones = exchange.http.get("/control/phones").json()
        behaviour = exchange.http.get("/control/behaviour").json()

    assert found.provider_id == sid
    assert phones == [{"number": PHONE, "person": "李卫民", "post": "专管员"}]
    assert behaviour["numbers"] == {PHONE: "accept-then-timeout"}


def test_work_under_way_goes_on_after_a_kill(journal, provider_at):
    with running_receiver() as receiver:
        receiver.answers = {"/voice": '<Response><Pause length="600"/></Response>'}
        addresses = {"answer_url": f"{receiver.url}/voice", "status_callback": f"{receiver.url}/status"}
        with running_exchange("--step", "0.3", journal=journal) as exchange:
            provider = provider_at(exchange.url)
            talking, ringing = (
                provider.place_call(to=PHONE, attempt_id=uuid.uuid4(), **addresses).provider_id for _ in range(2)
            )
            exchange.when(talking, status="ringing")
            exchange.act(talking, "answer").raise_for_status()
            sms = provider.send_sms(
                to=PHONE, body="x", status_callback=f"{receiver.url}/sms", attempt_id=uuid.uuid4()
            ).provider_id
            exchange.kill()

        with running_exchange(journal=journal) as exchange:
            provider = provider_at(exchange.url)
            assert exchange.when(talking, status="completed")
            assert exchange.when(ringing, status="ringing")
            exchange.act(ringing, "answer").raise_for_status()
            eventually(lambda: provider.sms_standing(provider_id=sms).status == "delivered")
            eventually(lambda: "delivered" in receiver.field("/sms", "MessageStatus"))
            assert exchange.call(ringing)["status"] == "in-progress"


def test_torn_last_line_is_skipped_and_cleared_away(journal):
    with running_exchange(journal=journal) as exchange:
        exchange.behave("busy", PHONE)
        exchange.kill()
    with journal.open("ab") as file:
        file.write(b'{"kind":"behaviour","da')

    with running_exchange(journal=journal) as exchange:
        behaviour = exchange.http.get("/control/behaviour").json()

    assert behaviour["numbers"] == {PHONE: "busy"}
    assert [line["kind"] for line in journal_lines(journal)] == ["phones", "behaviour"]


def test_journal_is_readable_by_its_owner_only(journal):
    with running_exchange(journal=journal):
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600


def test_reset_outlives_a_kill(journal, provider_at):
    with running_exchange(journal=journal) as exchange:
        provider_at(exchange.url).send_sms(
            to=PHONE, body="x", status_callback="http://127.0.0.1:9/", attempt_id=uuid.uuid4()
        )
        exchange.http.post("/control/reset").raise_for_status()
        exchange.kill()

    with running_exchange(journal=journal) as exchange:
        assert exchange.messages() == []


def test_told_to_stop_it_stops_although_a_page_listens_and_a_request_hangs(provider_at):
    with running_exchange() as exchange:
        exchange.behave("timeout")
        page = exchange.http.get("/").text
        after = page.partition('data-after="')[2].partition('"')[0]
        with exchange.http.stream("GET", f"/events?after={after}") as stream:
            with pytest.raises(ProviderUnknownOutcome):
                provider_at(exchange.url).send_sms(
                    to=PHONE, body="x", status_callback="http://127.0.0.1:9/", attempt_id=uuid.uuid4()
                )
            exchange.process.terminate()
            assert list(stream.iter_lines()) == []

        assert exchange.process.wait(timeout=20) == 0
