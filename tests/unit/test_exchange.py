"""The exchange's pure parts: TwiML, lines, lists, words."""

import asyncio
import socket

import pytest

from notifications.exchange import __main__ as main
from notifications.exchange import answers, line, twiml, words
from notifications.exchange.behaviour import Mode
from notifications.exchange.callbacks import signature
from notifications.exchange.line import Act, Event, Line, LineEnded
from notifications.exchange.pace import Pace
from notifications.exchange.records import ENDED_CALL, ENDED_MESSAGE
from notifications.exchange.register import Register
from tests import looping


def test_signature_matches_twilios_published_example():
    # https://www.twilio.com/docs/usage/security, "Validating signatures from Twilio"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }

    assert signature("12345", "https://example.com/myapp.php?foo=1&bar=2", fields) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_gather_has_twilios_defaults():
    (gather,) = twiml.read("<Response><Gather/></Response>")

    assert gather == twiml.Gather(
        prompts=(),
        action="",
        method="POST",
        num_digits=None,
        timeout_seconds=5,
        finish_on_key="#",
        action_on_empty_result=False,
    )


def test_verbs_are_read_in_order_with_their_attributes():
    verbs = twiml.read(
        """<?xml version="1.0"?><Response><Say language="zh-CN" loop="2">火
        警</Say><Pause/><Play>x.mp3</Play>
        <Redirect method="get">/a?b=1&amp;c=2</Redirect><Hangup/></Response>"""
    )

    assert verbs == [
        twiml.Say(text="火 警 火 警", language="zh-CN"),
        twiml.Pause(seconds=1),
        twiml.Play(url="x.mp3"),
        twiml.Redirect(url="/a?b=1&c=2", method="GET"),
        twiml.Hangup(),
    ]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<Response>",
        "<Answer/>",
        "<Response><Dial/></Response>",
        "<Response><Gather><Hangup/></Gather></Response>",
        '<Response><Gather input="speech"/></Response>',
        '<Response><Gather numDigits="0"/></Response>',
        '<Response><Gather timeout="-1"/></Response>',
        '<Response><Gather finishOnKey="12"/></Response>',
        '<Response><Pause length="long"/></Response>',
        '<Response><Redirect method="PUT"/></Response>',
        '<!DOCTYPE x [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>',
        f"<Response><Say>{'x' * twiml.LARGEST_DOCUMENT}</Say></Response>",
    ],
)
def test_document_that_cannot_be_carried_out_is_refused(document):
    with pytest.raises(twiml.BadTwiml):
        twiml.read(document)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("火" * 70, 1),
        ("火" * 71, 2),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_networks_count_them(body, expected):
    assert answers.segments(body) == expected


def test_speech_takes_a_chinese_character_as_long_as_three_latin_ones():
    pace = Pace(characters_per_second=5)

    assert pace.speaking_seconds("火" * 10) == pytest.approx(2)
    assert pace.speaking_seconds("abc" * 10) == pytest.approx(2)
    assert Pace(characters_per_second=0).speaking_seconds("火" * 10) == 0


def test_every_status_key_and_error_has_words_in_both_languages():
    shown = ENDED_CALL | ENDED_MESSAGE | {"queued", "initiated", "ringing", "in-progress", "sending", "sent"}

    for status in shown:
        assert all(words.say(f"status.{status}", language) for language in words.LANGUAGES)
    for code in answers.ERROR_MESSAGES:
        assert f"error.{code}" in words.WORDS
    assert all(chinese and english for chinese, english in words.WORDS.values())
    alike = [name for name, (chinese, english) in words.WORDS.items() if chinese == english]
    assert alike == []


def test_keys_pressed_while_nobody_listens_wait():
    async def story():
        phone = Line()
        for key in "12":
            phone.put(Event(Act.PRESS, key=key))
        await phone.silence(0.01)
        phone.put(Event(Act.PRESS, key="3"))
        return [await phone.key(5) for _ in range(3)] + [await phone.key(0.01)]

    assert looping.run(story()) == ["1", "2", "3", None]


def test_hanging_up_cancels_what_the_line_waits_for():
    async def story():
        phone, cancelled = Line(), []

        async def fetch():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        phone.put(Event(Act.PRESS, key="1"))
        asyncio.get_running_loop().call_soon(phone.put, Event(Act.HANG_UP))
        with pytest.raises(LineEnded):
            await phone.during(fetch())
        return cancelled, asyncio.all_tasks()

    cancelled, tasks = looping.run(story())
    assert cancelled == [True]
    assert len(tasks) == 1


def test_events_that_come_too_late_are_marked_taken():
    async def story():
        phone, event = Line(), Event(Act.PRESS, key="1")
        phone.put(event)
        phone.close()
        return event.taken.done()

    assert looping.run(story())


def test_register_forgets_the_oldest_that_ended_first(monkeypatch):
    from notifications.exchange import register as module  # noqa: PLC0415
    from notifications.exchange.records import Message  # noqa: PLC0415

    monkeypatch.setattr(module, "KEPT", 3)
    register = Register()
    for number in range(5):
        status = "queued" if number == 0 else "delivered"
        register.keep(Message(account_sid="AC", to="+1", from_="+2", body=str(number), status=status))

    assert [message.body for message in register.messages_newest_first()] == ["4", "3", "0"]


def test_modes_of_the_contract_are_all_there():
    contract = (
        "manual answer-and-press-1 no-answer busy voicemail error-500 rate-limit timeout accept-then-timeout "
        "duplicate-callbacks reordered-callbacks"
    )

    assert set(contract.split()) <= set(Mode)
    assert line.Act("hang-up") is Act.HANG_UP


def test_listener_says_it_is_tcp_so_that_asyncio_switches_nagles_delay_off():
    with main._listener("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
