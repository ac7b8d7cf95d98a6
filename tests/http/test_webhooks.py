"""The provider's callbacks: signed ones move attempts forward, all others are turned away."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from sqlmodel import select

from domain import attempts, reports
from domain.actors import Actor, Role
from domain.attempts import Recipient
from domain.models import Attempt, Outbox
from domain.reports import Intake
from notifications.exchange.callbacks import signature

PATHS = ("voice", "voice/keys", "status", "message-status")


@pytest.fixture
def attempt(db, world):
    """Make an attempt at telling the warden, by a channel."""

    def make(channel: str) -> Attempt:
        with db.write() as session:
            intake = Intake(venue_code=world.codes["kuancheng"], hazard="equipment")
            opened = reports.open_report(session, intake, actor=Actor(frozenset({Role.REPORTER})), at=world.clock.now)
            promise = session.exec(select(Outbox).where(Outbox.case_id == opened.case.id)).one()
            warden = Recipient(phone="+8613800000002", language="zh_CN", person_id=world.people["warden"], name="李庚")
            return attempts.begin(
                session, promise, warden, channel=channel, number=1, body="有新任务", shown="有新任务", provider="test",
                at=world.clock.now,
            )  # fmt: skip

    return make


@pytest.fixture
def provider(anybody, settings):
    """Post a callback as the provider does."""

    def post(path, parameters, *, query="", token=settings.twilio_auth_token, sign=True):
        url = f"{settings.public_url}/webhooks/twilio/{path}{query}"
        headers = {"x-twilio-signature": signature(token, url, parameters)} if sign else {}
        return anybody.post(f"/webhooks/twilio/{path}{query}", data=parameters, headers=headers)

    return post


def state_of(db, attempt) -> Attempt:
    with db.read() as session:
        return session.exec(select(Attempt).where(Attempt.id == attempt.id)).one()


@pytest.mark.parametrize("path", PATHS)
def test_callback_that_is_not_signed_is_turned_away(provider, db, attempt, path):
    made = attempt("sms")
    parameters = {
        "MessageSid": "SM1",
        "MessageStatus": "delivered",
        "CallSid": "CA1",
        "CallStatus": "completed",
        "Digits": "1",
    }
    query = f"?attempt={made.id}"

    answers = [
        provider(path, parameters, query=query, sign=False),
        provider(path, parameters, query=query, token="another"),
        provider(path, parameters, query=query, token=""),
    ]

    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
        (403, "/problems/wrong-signature")
    ] * 3
    assert state_of(db, made).state == "dialling"


@pytest.mark.parametrize("path", PATHS)
def test_callback_in_a_shape_the_provider_never_sends_is_turned_away(anybody, path):
    headers = {"x-twilio-signature": "x"}
    answers = [
        anybody.post(f"/webhooks/twilio/{path}", files={"MessageSid": ("a.txt", b"SM1")}, headers=headers),
        anybody.post(f"/webhooks/twilio/{path}", json={"MessageSid": "SM1"}, headers=headers),
        anybody.post(f"/webhooks/twilio/{path}", headers={"x-twilio-signature": "é".encode()}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 3


def test_signature_covers_address_and_fields(anybody, settings, attempt, db):
    mine, other = attempt("sms"), attempt("sms")
    parameters = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    url = f"{settings.public_url}/webhooks/twilio/message-status?attempt={mine.id}"
    headers = {"x-twilio-signature": signature(settings.twilio_auth_token, url, parameters)}

    elsewhere = anybody.post(f"/webhooks/twilio/message-status?attempt={other.id}", data=parameters, headers=headers)
    changed = anybody.post(
        f"/webhooks/twilio/message-status?attempt={mine.id}",
        data={**parameters, "MessageStatus": "failed"},
        headers=headers,
    )

    assert (elsewhere.status_code, changed.status_code) == (403, 403)
    assert {state_of(db, mine).state, state_of(db, other).state} == {"dialling"}


def test_news_of_a_message_moves_it_forward_only(provider, db, attempt):
    made = attempt("sms")
    heard = []
    for status in ("queued", "delivered", "sent", "delivered", "nonsense"):
        answer = provider("message-status", {"MessageSid": "SM1", "MessageStatus": status}, query=f"?attempt={made.id}")
        assert (answer.status_code, answer.content) == (204, b"")
        heard.append(state_of(db, made).state)
    assert heard == ["accepted", "delivered", "delivered", "delivered", "delivered"]
    assert state_of(db, made).provider_id == "SM1"


def test_news_of_nothing_we_know_is_taken_and_forgotten(provider):
    for query in ("", "?attempt=not-an-id", "?" + urlencode({"attempt": "0190b5a0-0000-7000-8000-000000000000"})):
        answer = provider("message-status", {"MessageSid": "SM-unknown", "MessageStatus": "sent"}, query=query)
        assert answer.status_code == 204


def test_call_says_its_words_takes_a_key_and_is_acknowledged(provider, db, attempt):
    made = attempt("voice")
    query = f"?attempt={made.id}"

    begun = provider("voice", {"CallSid": "CA1", "AnsweredBy": "human"}, query=query)
    again = provider("voice/keys", {"CallSid": "CA1", "Digits": "9"}, query=query)
    assert state_of(db, made).acknowledged_at is None
    thanks = provider("voice/keys", {"CallSid": "CA1", "Digits": "1"}, query=query)
    ended = provider("status", {"CallSid": "CA1", "CallStatus": "completed"}, query=query)

    assert begun.headers["content-type"].startswith("text/xml")
    assert "有新任务" in begun.text
    assert f"keys?attempt={made.id}" in begun.text
    assert "有新任务" in again.text
    assert "有新任务" not in thanks.text
    assert (ended.status_code, state_of(db, made).state, state_of(db, made).keys) == (204, "completed", "91")
    assert state_of(db, made).acknowledged_at is not None


def test_machine_hears_nothing_of_the_case(provider, attempt):
    made = attempt("voice")
    answer = provider("voice", {"CallSid": "CA1", "AnsweredBy": "machine_end_beep"}, query=f"?attempt={made.id}")
    assert "有新任务" not in answer.text


def test_webhook_is_posted_never_read(anybody):
    for path in PATHS:
        assert anybody.get(f"/webhooks/twilio/{path}").status_code == 405
