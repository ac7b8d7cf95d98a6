"""Messages and faults, seen by the official client and a real webhook server."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.http.exchange.scenes import OTHER, PHONE, ended, place
from tests.telephony import FROM, eventually


def test_message_goes_from_queued_to_delivered_with_signed_callbacks(exchange, client, receiver):
    sent = client.messages.create(to=PHONE, from_=FROM, body="您好 & <1>", status_callback=f"{receiver.url}/sms?a=ü")

    eventually(lambda: len(receiver.to("/sms")) == 3)
    assert sent.status == "queued"
    assert receiver.field("/sms", "MessageStatus") == ["sending", "sent", "delivered"]
    assert {webhook.fields["MessageSid"] for webhook in receiver.to("/sms")} == {sent.sid}
    assert all(webhook.genuine for webhook in receiver.received)
    fetched = client.messages(sent.sid).fetch()
    assert (fetched.status, fetched.body, fetched.to, fetched.from_) == (
        "delivered",
        "您好 & <1>",
        PHONE,
        FROM,
    )
    assert fetched.date_sent >= fetched.date_created
    assert exchange.messages(to=PHONE)[0]["body"] == "您好 & <1>"


def test_unreachable_phone_leaves_message_undelivered_with_its_code(exchange, client, receiver):
    exchange.behave("unreachable", PHONE)

    sent = client.messages.create(to=PHONE, from_=FROM, body="x", status_callback=f"{receiver.url}/sms")

    eventually(lambda: "undelivered" in receiver.field("/sms", "MessageStatus"))
    assert receiver.field("/sms", "ErrorCode") == [None, None, "30003"]
    assert client.messages(sent.sid).fetch().error_code == 30003


def test_carrier_failure_fails_message_and_call(exchange, client, receiver):
    exchange.behave("carrier-failure")

    client.messages.create(to=PHONE, from_=FROM, body="x", status_callback=f"{receiver.url}/sms")
    place(client, receiver)

    eventually(lambda: "failed" in receiver.field("/sms", "MessageStatus"))
    eventually(lambda: "failed" in receiver.field("/status", "CallStatus"))


@pytest.mark.parametrize(("mode", "status", "code"), [("error-500", 500, 20500), ("rate-limit", 429, 20429)])
def test_refusing_modes_answer_twilios_error_and_store_nothing(exchange, client, *, mode, status, code):
    exchange.behave(mode, PHONE)

    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=PHONE, from_=FROM, body="x")

    assert (refused.value.status, refused.value.code) == (status, code)
    assert exchange.messages() == []
    assert client.messages.create(to=OTHER, from_=FROM, body="x").sid


def test_duplicate_callbacks_come_twice(exchange, client, receiver):
    exchange.behave("duplicate-callbacks")

    client.messages.create(to=PHONE, from_=FROM, body="x", status_callback=f"{receiver.url}/sms")

    eventually(lambda: len(receiver.to("/sms")) == 6)
    twice = ["sending", "sending", "sent", "sent", "delivered", "delivered"]
    assert receiver.field("/sms", "MessageStatus") == twice


def test_reordered_callbacks_come_last_first(exchange, client, receiver):
    receiver.answers = {"/voice": "<Response/>"}
    exchange.behave("reordered-callbacks")

    client.messages.create(to=PHONE, from_=FROM, body="x", status_callback=f"{receiver.url}/sms")
    sid = place(client, receiver).sid
    exchange.act(sid, "answer")

    ended(exchange, receiver, sid)
    eventually(lambda: len(receiver.to("/sms")) == 3)
    assert receiver.field("/sms", "MessageStatus") == ["delivered", "sent", "sending"]
    assert receiver.field("/status", "SequenceNumber") == ["3", "2", "1", "0"]


def test_failing_callback_is_not_repeated(client, receiver):
    receiver.failing = {"/sms"}

    sent = client.messages.create(to=PHONE, from_=FROM, body="x", status_callback=f"{receiver.url}/sms")

    eventually(lambda: len(receiver.to("/sms")) == 3)
    assert client.messages(sent.sid).fetch().status == "delivered"
    assert receiver.field("/sms", "MessageStatus") == ["sending", "sent", "delivered"]


def test_behaviour_for_all_replaces_that_of_single_numbers(exchange):
    exchange.behave("busy", PHONE)
    before = exchange.http.get("/control/behaviour").json()

    exchange.behave("voicemail")

    after = exchange.http.get("/control/behaviour").json()
    assert (before["mode"], before["numbers"]) == ("manual", {PHONE: "busy"})
    assert (after["mode"], after["numbers"]) == ("voicemail", {})


@pytest.mark.parametrize("body", ['{"mode": "asleep"}', '{"mode": "busy", "numbers": "all"}', "[]", "{", "{}"])
def test_unknown_behaviour_is_refused(exchange, body):
    answer = exchange.http.post("/control/behaviour", content=body)

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert exchange.http.get("/control/behaviour").json()["mode"] == "manual"
