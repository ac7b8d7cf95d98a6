"""The exchange from outside: the official client on one side, a real webhook server on the other."""

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from notifications.providers.twilio import AddressedHttpClient
from tests.telephony import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    FROM,
    Exchange,
    eventually,
    running_exchange,
    running_receiver,
)

PHONE = "+8613800138000"
OTHER = "+8613900139000"
EVENTS = ["initiated", "ringing", "answered", "completed"]
GATHER = """<?xml version="1.0" encoding="UTF-8"?><Response>
<Gather numDigits="1" timeout="5" action="keys?case=7&amp;x=1">
<Say language="zh-CN">火警，出动请按 1</Say></Gather>
<Say>No key</Say></Response>"""


@pytest.fixture(scope="module")
def shared():
    with running_exchange() as exchange:
        yield exchange


@pytest.fixture
def exchange(shared):
    shared.http.post("/control/reset").raise_for_status()
    return shared


@pytest.fixture
def receiver():
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def client(exchange):
    http = AddressedHttpClient(base_url=exchange.url, connect_seconds=3, read_seconds=1)
    yield Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http)
    http.session.close()


def place(client, receiver, **more):
    return client.calls.create(
        to=PHONE, from_=FROM, url=f"{receiver.url}/voice", status_callback=f"{receiver.url}/status",
        status_callback_event=EVENTS, **more,
    )  # fmt: skip


def ended(exchange: Exchange, receiver, sid: str, events: int = 4) -> dict:
    """Return the call once it has ended and all of its callbacks have arrived."""
    eventually(lambda: len(receiver.to("/status")) >= events, what="callbacks")
    return eventually(lambda: (call := exchange.call(sid))["end_time"] and call)


# messages


def test_message_goes_from_queued_to_delivered_with_signed_callbacks(exchange, client, receiver):
    sent = client.messages.create(
        to=PHONE, from_=FROM, body="您好 & <1>", status_callback=f"{receiver.url}/sms?a=ü"
    )

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


# calls


def test_answered_call_gathers_a_key_and_follows_the_next_document(exchange, client, receiver):
    receiver.answers = {"/voice": GATHER, "/keys": "<Response><Say>Thank you</Say><Hangup/></Response>"}

    sid = place(client, receiver, machine_detection="Enable").sid
    exchange.when(sid, status="ringing")
    exchange.act(sid, "answer").raise_for_status()
    exchange.when(sid, listening=True)
    exchange.act(sid, "press/1").raise_for_status()

    call = ended(exchange, receiver, sid)
    assert [utterance["text"] for utterance in call["said"]] == ["火警，出动请按 1", "Thank you"]
    assert (call["status"], call["pressed"], call["answered_by"]) == ("completed", "1", "human")
    keys = receiver.to("/keys")[0]
    assert keys.path == "/keys?case=7&x=1"
    assert (keys.fields["Digits"], keys.fields["CallSid"], keys.fields["CallStatus"]) == (
        "1",
        sid,
        "in-progress",
    )
    assert receiver.field("/voice", "AnsweredBy") == ["human"]
    assert receiver.field("/status", "CallStatus") == ["initiated", "ringing", "in-progress", "completed"]
    assert receiver.field("/status", "SequenceNumber") == ["0", "1", "2", "3"]
    assert int(receiver.to("/status")[-1].fields["CallDuration"]) >= 1
    assert all(webhook.genuine for webhook in receiver.received)
    fetched = client.calls(sid).fetch()
    assert (fetched.status, fetched.answered_by) == ("completed", "human")
    assert fetched.start_time <= fetched.end_time


def test_key_pressed_before_the_document_arrives_is_heard(exchange, client, receiver):
    receiver.answers = {"/voice": GATHER, "/keys": "<Response/>"}

    sid = place(client, receiver).sid
    exchange.act(sid, "answer").raise_for_status()
    exchange.act(sid, "press/9").raise_for_status()

    ended(exchange, receiver, sid)
    assert receiver.field("/keys", "Digits") == ["9"]


def test_gather_collects_until_the_finishing_key(exchange, client, receiver):
    receiver.answers = {
        "/voice": '<Response><Gather action="/keys" finishOnKey="#" timeout="60"/></Response>',
        "/keys": "<Response/>",
    }

    sid = place(client, receiver).sid
    exchange.act(sid, "answer")
    for key in ("4", "2", "star", "hash"):
        exchange.act(sid, f"press/{key}").raise_for_status()

    ended(exchange, receiver, sid)
    assert receiver.field("/keys", "Digits") == ["42*"]
    assert receiver.field("/keys", "FinishedOnKey") == ["#"]


@pytest.mark.parametrize(
    ("attribute", "outcome"), [("false", ([], "No key")), ("true", ([""], "Nothing pressed"))]
)
def test_gather_without_a_key_goes_on_or_asks_the_action(exchange, client, receiver, *, attribute, outcome):
    gather = f'<Gather action="/keys" timeout="0" actionOnEmptyResult="{attribute}"/>'
    receiver.answers = {
        "/voice": f"<Response>{gather}<Say>No key</Say></Response>",
        "/keys": "<Response><Say>Nothing pressed</Say></Response>",
    }

    sid = place(client, receiver).sid
    exchange.act(sid, "answer")

    call = ended(exchange, receiver, sid)
    assert (receiver.field("/keys", "Digits"), call["said"][0]["text"]) == outcome


def test_redirect_pause_and_play_are_followed_with_get_requests_signed(exchange, client, receiver):
    receiver.answers = {
        "/voice": """<Response><Play>a.mp3</Play><Pause length="0"/>
            <Redirect method="GET">next?q=1</Redirect></Response>""",
        "/next": "<Response><Say>There</Say></Response>",
    }

    sid = place(client, receiver).sid
    exchange.act(sid, "answer")

    call = ended(exchange, receiver, sid)
    assert [utterance["text"] for utterance in call["said"]] == ["There"]
    assert receiver.to("/next")[0].genuine
    assert receiver.field("/next", "CallSid") == [sid]


@pytest.mark.parametrize(
    ("act", "status"), [("reject", "busy"), ("no-answer", "no-answer"), ("hang-up", "busy")]
)
def test_unanswered_call_ends_as_the_person_left_it(exchange, client, receiver, *, act, status):
    sid = place(client, receiver).sid
    exchange.act(sid, act).raise_for_status()

    call = ended(exchange, receiver, sid, events=3)
    assert call["status"] == status
    assert receiver.field("/status", "CallStatus") == ["initiated", "ringing", status]
    assert receiver.to("/status")[-1].fields["CallDuration"] == "0"
    assert receiver.to("/voice") == []


def test_voicemail_is_answered_by_a_machine_and_presses_nothing(exchange, client, receiver):
    receiver.answers = {"/voice": GATHER.replace('timeout="5"', 'timeout="0"')}
    exchange.behave("voicemail", PHONE)

    sid = place(client, receiver, machine_detection="Enable").sid

    call = ended(exchange, receiver, sid)
    assert (call["status"], call["answered_by"], call["pressed"]) == ("completed", "machine_start", "")
    assert receiver.to("/status")[-1].fields["AnsweredBy"] == "machine_start"
    assert receiver.to("/keys") == []


@pytest.mark.parametrize("status", ["busy", "no-answer"])
def test_phone_that_is_set_to_does_not_answer(exchange, client, receiver, status):
    exchange.behave(status, PHONE)

    sid = place(client, receiver).sid

    eventually(lambda: status in receiver.field("/status", "CallStatus"))
    assert client.calls(sid).fetch().status == status


def test_nobody_answers_within_the_ringing_time(exchange, client, receiver):
    sid = place(client, receiver, timeout=1).sid

    assert ended(exchange, receiver, sid, events=3)["status"] == "no-answer"


def test_answer_and_press_1_needs_no_person(exchange, client, receiver):
    receiver.answers = {"/voice": GATHER, "/keys": "<Response><Say>Thank you</Say></Response>"}
    exchange.behave("answer-and-press-1")

    sid = place(client, receiver).sid

    ended(exchange, receiver, sid)
    assert receiver.field("/keys", "Digits") == ["1"]


def test_hanging_up_while_the_call_talks_completes_it(exchange, client, receiver):
    receiver.answers = {"/voice": '<Response><Pause length="600"/><Say>too late</Say></Response>'}

    sid = place(client, receiver).sid
    exchange.act(sid, "answer")
    exchange.act(sid, "hang-up").raise_for_status()

    call = ended(exchange, receiver, sid)
    assert (call["status"], call["said"]) == ("completed", [])


def test_api_cancels_a_ringing_call_and_completes_a_talking_one(exchange, client, receiver):
    receiver.answers = {"/voice": '<Response><Pause length="600"/></Response>'}
    ringing, talking = place(client, receiver).sid, place(client, receiver).sid
    exchange.act(talking, "answer")

    client.calls(ringing).update(status="canceled")
    client.calls(talking).update(status="completed")

    assert exchange.when(ringing, status="canceled")
    assert exchange.when(talking, status="completed")


def test_api_gives_a_talking_call_another_document(exchange, client, receiver):
    receiver.answers = {
        "/voice": '<Response><Pause length="600"/></Response>',
        "/other": "<Response><Say>Other</Say></Response>",
    }
    sid = place(client, receiver).sid
    with pytest.raises(TwilioRestException) as too_early:
        client.calls(sid).update(url=f"{receiver.url}/other")
    exchange.act(sid, "answer")

    client.calls(sid).update(url=f"{receiver.url}/other")

    assert ended(exchange, receiver, sid)["said"][0]["text"] == "Other"
    assert too_early.value.code == 21220


def test_document_in_the_request_needs_no_server(exchange, client):
    sid = client.calls.create(to=PHONE, from_=FROM, twiml="<Response><Say>Here</Say></Response>").sid
    exchange.act(sid, "answer")

    assert exchange.when(sid, status="completed")["said"][0]["text"] == "Here"


@pytest.mark.parametrize("document", ["<Response><Dial>1</Dial></Response>", "not xml", "<Other/>"])
def test_bad_document_is_an_application_error_not_silence(exchange, client, receiver, document):
    receiver.answers = {"/voice": document}

    sid = place(client, receiver).sid
    exchange.act(sid, "answer")

    call = ended(exchange, receiver, sid)
    assert (call["status"], call["error_code"]) == ("completed", 12100)
    assert "application error" in call["said"][0]["text"]


def test_fallback_is_asked_when_the_document_cannot_be_had(exchange, client, receiver):
    receiver.failing = {"/voice"}
    receiver.answers = {"/fallback": "<Response><Say>Fallback</Say></Response>"}

    sid = place(client, receiver, fallback_url=f"{receiver.url}/fallback").sid
    exchange.act(sid, "answer")

    assert ended(exchange, receiver, sid)["said"][0]["text"] == "Fallback"


def test_documents_in_a_circle_end(exchange, client, receiver):
    receiver.answers = {"/voice": "<Response><Redirect/></Response>"}

    sid = place(client, receiver).sid
    exchange.act(sid, "answer")

    assert ended(exchange, receiver, sid)["status"] == "completed"
    assert len(receiver.to("/voice")) == 100


# faults


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


@pytest.mark.parametrize(
    "body", ['{"mode": "asleep"}', '{"mode": "busy", "numbers": "all"}', "[]", "{", "{}"]
)
def test_unknown_behaviour_is_refused(exchange, body):
    answer = exchange.http.post("/control/behaviour", content=body)

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert exchange.http.get("/control/behaviour").json()["mode"] == "manual"


# the API


def test_wrong_token_and_foreign_account_are_refused(exchange):
    for sid, token, path in [(ACCOUNT_SID, "wrong", ACCOUNT_SID), (ACCOUNT_SID, AUTH_TOKEN, "ACother")]:
        answer = httpx.get(f"{exchange.url}/2010-04-01/Accounts/{path}/Messages.json", auth=(sid, token))

        assert answer.status_code == 401
        assert answer.json() == {
            "code": 20003,
            "message": "Authenticate",
            "more_info": "https://www.twilio.com/docs/errors/20003",
            "status": 401,
        }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from_": FROM, "body": "x", "to": "12345"}, 21211),
        ({"from_": FROM, "body": "x", "to": "+"}, 21211),
        ({"from_": FROM, "body": "x", "to": ""}, 21604),
        ({"from_": "", "body": "x", "to": PHONE}, 21603),
        ({"from_": FROM, "body": " ", "to": PHONE}, 21602),
        ({"from_": FROM, "body": "x" * 1601, "to": PHONE}, 21617),
        ({"from_": FROM, "body": "x", "to": PHONE, "status_callback": "ftp://x"}, 21609),
    ],
)
def test_bad_message_is_refused_with_twilios_code(exchange, client, fields, code):
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(**fields)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert exchange.messages() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"to": "abc"}, 21211),
        ({"url": ""}, 21205),
        ({"url": "file:///x"}, 21205),
        ({"timeout": 601}, 20001),
        ({"machine_detection": "Perhaps"}, 21207),
        ({"status_callback_event": ["answered", "dreamt"]}, 21626),
    ],
)
def test_bad_call_is_refused_with_twilios_code(exchange, client, fields, code):
    with pytest.raises(TwilioRestException) as refused:
        client.calls.create(**{"to": PHONE, "from_": FROM, "url": "http://127.0.0.1:9/"} | fields)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert exchange.calls() == []


def test_unknown_items_are_not_found(exchange, client):
    for fetch in (client.messages("SMx").fetch, client.calls("CAx").fetch):
        with pytest.raises(TwilioRestException) as missing:
            fetch()
        assert (missing.value.status, missing.value.code) == (404, 20404)
    assert exchange.act("CAx", "answer").status_code == 404


def test_client_pages_through_a_list_that_grows_meanwhile(client):
    sent = [client.messages.create(to=PHONE, from_=FROM, body=str(n)).body for n in range(7)]
    page = client.messages.page(page_size=3)
    seen = [message.body for message in page]
    client.messages.create(to=PHONE, from_=FROM, body="late")

    while page := page.next_page():
        seen += [message.body for message in page]

    assert seen == sent[::-1]
    assert len(client.messages.list(page_size=3)) == 8
    assert [message.body for message in client.messages.list(page_size=3, limit=4)] == ["late", "6", "5", "4"]


def test_lists_filter_as_the_client_asks(exchange, client, receiver):
    first = client.messages.create(to=PHONE, from_=FROM, body="a")
    client.messages.create(to=OTHER, from_="+8610000", body="b")
    sid = place(client, receiver).sid
    eventually(lambda: all(message["status"] == "delivered" for message in exchange.messages()))
    exchange.when(sid, status="ringing")
    day = first.date_created.date()

    assert [m.body for m in client.messages.list(to=PHONE)] == ["a"]
    assert [m.body for m in client.messages.list(from_="+8610000")] == ["b"]
    assert len(client.messages.list(date_sent_after=first.date_created)) == 2
    assert client.messages.list(date_sent_before="2020-01-01") == []
    assert len(client.messages.list(date_sent=day)) in {0, 2}  # the client sends a date as midnight
    assert [c.sid for c in client.calls.list(to=PHONE, status="ringing")] == [sid]
    assert client.calls.list(status="busy") == []
    assert [c.sid for c in client.calls.list(start_time_after="2020-01-01")] == [sid]


def test_control_lists_are_newest_first_and_filter_by_number_and_time(exchange, client):
    for n, to in enumerate([PHONE, OTHER, PHONE]):
        client.messages.create(to=to, from_=FROM, body=str(n))
    newest = exchange.messages()[0]["created_at"]

    assert [m["body"] for m in exchange.messages()] == ["2", "1", "0"]
    assert [m["body"] for m in exchange.messages(to=PHONE)] == ["2", "0"]
    assert [m["body"] for m in exchange.messages(since=newest)] == ["2"]
    assert exchange.http.get(f"/control/messages?to={PHONE}").json()[0]["to"] == PHONE  # + not escaped
    assert exchange.http.get("/control/messages?since=yesterday").status_code == 422


@pytest.mark.parametrize(("path", "status"), [("press/1", 409), ("press/x", 422)])
def test_key_is_refused_while_the_phone_rings_or_has_no_such_key(exchange, client, receiver, *, path, status):
    sid = place(client, receiver).sid

    assert exchange.act(sid, path).status_code == status


def test_ended_call_can_no_longer_be_answered(exchange, client, receiver):
    sid = place(client, receiver).sid
    exchange.act(sid, "reject")
    exchange.when(sid, status="busy")

    answer = exchange.act(sid, "answer")

    assert answer.status_code == 409
    assert "busy" in answer.json()["detail"]


def test_another_site_cannot_press_keys(exchange, client, receiver):
    sid = place(client, receiver).sid

    answer = exchange.http.post(f"/control/calls/{sid}/answer", headers={"Sec-Fetch-Site": "same-site"})

    assert answer.status_code == 403
    assert exchange.call(sid)["status"] != "in-progress"
