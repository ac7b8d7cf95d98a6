"""The adapter against a real exchange in every fault, and against broken servers."""

import logging
import socket
import threading
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from notifications.providers import ProviderAway, ProviderRefused, ProviderUnknownOutcome
from notifications.providers.twilio import TwilioProvider
from notifications.signature import is_genuine
from tests.telephony import ACCOUNT_SID, AUTH_TOKEN, FROM, eventually, running_receiver

PHONE = "+8613800138000"
CALLBACK = "http://127.0.0.1:9/status"


def provider_at(url: str, *, token: str = AUTH_TOKEN) -> TwilioProvider:
    return TwilioProvider(
        account_sid=ACCOUNT_SID,
        auth_token=token,
        from_number=FROM,
        base_url=url,
        connect_seconds=1,
        read_seconds=0.5,
    )


@pytest.fixture
def provider(exchange):
    provider = provider_at(exchange.url)
    yield provider
    provider.close()


def send(provider, body="JB-2026-000001 已办结", attempt_id=None):
    return provider.send_sms(to=PHONE, body=body, status_callback=CALLBACK, attempt_id=attempt_id or uuid.uuid4())


def place(provider, **more):
    return provider.place_call(to=PHONE, answer_url=CALLBACK, status_callback=CALLBACK, attempt_id=uuid.uuid4(), **more)


@contextmanager
def server_that(answers: bytes | None):
    """Give the address of a server that reads a request, answers these bytes (None: nothing) and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    if answers:
                        connection.sendall(answers)
        except OSError:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_sent_message_is_followed_to_its_end(exchange, provider):
    sent = send(provider)

    eventually(lambda: provider.sms_standing(provider_id=sent.provider_id).status == "delivered")
    assert exchange.messages()[0]["from"] == FROM


def test_undelivered_message_tells_its_code(exchange, provider):
    exchange.behave("unreachable")
    sent = send(provider)

    eventually(lambda: provider.sms_standing(provider_id=sent.provider_id).status == "undelivered")
    assert provider.sms_standing(provider_id=sent.provider_id).error_code == 30003


def test_callback_carries_the_attempt_beside_what_its_address_had(exchange):
    attempt = uuid.uuid4()
    with running_receiver() as receiver:
        provider = provider_at(exchange.url)
        provider.send_sms(to=PHONE, body="x", status_callback=f"{receiver.url}/sms?a=b", attempt_id=attempt)
        eventually(lambda: receiver.to("/sms"))
        provider.close()

    assert receiver.to("/sms")[0].path == f"/sms?a=b&attempt={attempt}"
    assert receiver.to("/sms")[0].genuine


@pytest.mark.parametrize("mode", ["error-500", "rate-limit"])
def test_refusal_that_may_pass_is_retryable(exchange, provider, mode):
    exchange.behave(mode)

    for request in (send, place):
        with pytest.raises(ProviderRefused) as refused:
            request(provider)
        assert refused.value.retryable
    assert (exchange.messages(), exchange.calls()) == ([], [])


def test_refusal_for_good_is_not_retryable_and_names_no_number(provider):
    with pytest.raises(ProviderRefused) as refused:
        provider.send_sms(to="+abc13800138000", body="x", status_callback=CALLBACK, attempt_id=uuid.uuid4())

    assert (refused.value.code, refused.value.retryable) == (21211, False)
    assert "138" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_wrong_token_is_a_refusal(exchange):
    provider = provider_at(exchange.url, token="wrong")

    for request in (
        send,
        lambda p: p.find_sms(to=PHONE, body="x", since=datetime.now(UTC), attempt_id=uuid.uuid4()),
    ):
        with pytest.raises(ProviderRefused) as refused:
            request(provider)
        assert (refused.value.status, refused.value.retryable) == (401, False)
    provider.close()


def test_silence_without_acceptance_is_unknown_and_then_not_found(exchange, provider):
    exchange.behave("timeout")
    since, attempt = datetime.now(UTC), uuid.uuid4()

    with pytest.raises(ProviderUnknownOutcome):
        send(provider, "lost", attempt)

    assert provider.find_sms(to=PHONE, body="lost", since=since, attempt_id=attempt) is None


def test_silence_after_acceptance_is_unknown_and_then_found(exchange, provider):
    exchange.behave("accept-then-timeout")
    since, attempt = datetime.now(UTC), uuid.uuid4()

    with pytest.raises(ProviderUnknownOutcome):
        send(provider, "kept", attempt)
    with pytest.raises(ProviderUnknownOutcome):
        place(provider)

    found = provider.find_sms(to=PHONE, body="kept", since=since, attempt_id=attempt)
    assert found.provider_id == exchange.messages()[0]["sid"]
    found = provider.find_call(to=PHONE, since=since, attempt_id=attempt)
    assert found.provider_id == exchange.calls()[0]["sid"]


def test_look_up_says_what_became_of_the_message(exchange, provider):
    exchange.behave("unreachable")
    since = datetime.now(UTC)
    sent = send(provider, "lost on the way")

    def over():
        found = provider.find_sms(to=PHONE, body="lost on the way", since=since, attempt_id=uuid.uuid4())
        return found if found.standing.status == "undelivered" else None

    found = eventually(over, what="a failed delivery")
    assert found.provider_id == sent.provider_id
    assert found.standing.error == str(found.standing.error_code)


def test_look_up_tells_attempts_apart(provider):
    since, attempt = datetime.now(UTC), uuid.uuid4()
    first, other, second = send(provider, "a"), send(provider, "b"), send(provider, "a")
    call_1, call_2 = place(provider), place(provider)

    def find(body, **more):
        found = provider.find_sms(to=PHONE, body=body, attempt_id=attempt, **{"since": since} | more)
        return found and found.provider_id

    def find_call(**more):
        found = provider.find_call(to=PHONE, attempt_id=attempt, **{"since": since} | more)
        return found and found.provider_id

    assert find("a") == first.provider_id
    assert find("a", excluding={first.provider_id}) == second.provider_id
    assert find("a", excluding={first.provider_id, second.provider_id}) is None
    assert find("b") == other.provider_id
    assert find("c") is None
    assert find("a", since=since + timedelta(minutes=9)) == first.provider_id
    assert find("a", since=since + timedelta(hours=1)) is None
    assert find_call(excluding={call_1.provider_id}) == call_2.provider_id
    assert find_call(since=since + timedelta(minutes=9)) is None
    assert provider.find_call(to="+8613900139000", since=since, attempt_id=attempt) is None


def test_nobody_listening_means_away_and_nothing_was_asked():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    provider = provider_at(f"http://127.0.0.1:{port}")

    with pytest.raises(ProviderAway):
        send(provider)
    with pytest.raises(ProviderAway):
        provider.find_sms(to=PHONE, body="x", since=datetime.now(UTC), attempt_id=uuid.uuid4())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{]",
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops",
    ],
    ids=["hangs up", "cut short", "not JSON", "names nothing", "gateway"],
)
def test_unusable_answer_is_an_unknown_outcome(answer):
    with server_that(answer) as url:
        provider = provider_at(url)

        with pytest.raises(ProviderUnknownOutcome):
            send(provider)
        provider.close()


def test_hanging_up_is_safe_to_repeat(exchange, provider):
    sid = place(provider, ring_seconds=60, extension="801").provider_id
    exchange.when(sid, status="ringing")

    provider.hang_up(provider_id=sid)
    exchange.when(sid, status="canceled")
    provider.hang_up(provider_id=sid)

    assert provider.call_standing(provider_id=sid).status == "canceled"
    assert exchange.call(sid)["send_digits"] == "wwww801"


def test_numbers_and_texts_stay_out_of_the_log(provider, caplog):
    caplog.set_level(logging.DEBUG)
    send(provider, "secret words")
    provider.find_sms(to=PHONE, body="x", since=datetime.now(UTC), attempt_id=uuid.uuid4())

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("notifications")]
    assert not [line for line in ours if "138" in line or "secret" in line]
    assert "secret words" not in caplog.text


def test_machine_settings_of_twilio_do_not_redirect_us(exchange, monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    provider = provider_at(exchange.url)

    assert send(provider).provider_id
    assert provider._client.get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"
    provider.close()


def test_signature_is_checked_against_url_fields_and_token(exchange):
    with running_receiver() as receiver:
        provider = provider_at(exchange.url)
        provider.send_sms(to=PHONE, body="x", status_callback=f"{receiver.url}/sms", attempt_id=uuid.uuid4())
        webhook = eventually(lambda: receiver.to("/sms"))[0]
        provider.close()
    from twilio.request_validator import RequestValidator  # noqa: PLC0415

    url = f"{receiver.url}{webhook.path}"
    good = RequestValidator(AUTH_TOKEN).compute_signature(url, webhook.fields)

    def check(**changed):
        request = {"auth_token": AUTH_TOKEN, "url": url, "parameters": webhook.fields, "signature": good}
        return is_genuine(**request | changed)

    assert check()
    assert not check(auth_token="other")
    assert not check(auth_token="")
    assert not check(url=url + "1")
    assert not check(parameters={**webhook.fields, "MessageStatus": "delivered!"})
    assert not check(signature="")
    assert not check(signature=None)
