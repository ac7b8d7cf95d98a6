"""Twilio's API and the control API: refusals, lists, paging."""

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from tests.http.exchange.scenes import OTHER, PHONE, place
from tests.telephony import ACCOUNT_SID, AUTH_TOKEN, FROM, eventually


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
