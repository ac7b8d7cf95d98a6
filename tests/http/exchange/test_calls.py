"""A call from ringing to its end, seen by the official client and a real webhook server."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.http.exchange.scenes import GATHER, PHONE, ended, place
from tests.telephony import FROM, eventually


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


@pytest.mark.parametrize(("attribute", "outcome"), [("false", ([], "No key")), ("true", ([""], "Nothing pressed"))])
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


@pytest.mark.parametrize(("act", "status"), [("reject", "busy"), ("no-answer", "no-answer"), ("hang-up", "busy")])
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
