"""Calls and documents that several tests of this folder begin with."""

from tests.telephony import FROM, Exchange, eventually

PHONE = "+8613800138000"
OTHER = "+8613900139000"
EVENTS = ["initiated", "ringing", "answered", "completed"]
GATHER = """<?xml version="1.0" encoding="UTF-8"?><Response>
<Gather numDigits="1" timeout="5" action="keys?case=7&amp;x=1">
<Say language="zh-CN">火警，出动请按 1</Say></Gather>
<Say>No key</Say></Response>"""


def place(client, receiver, **more):
    return client.calls.create(
        to=PHONE, from_=FROM, url=f"{receiver.url}/voice", status_callback=f"{receiver.url}/status",
        status_callback_event=EVENTS, **more,
    )  # fmt: skip


def ended(exchange: Exchange, receiver, sid: str, events: int = 4) -> dict:
    """Return the call once it has ended and all of its callbacks have arrived."""
    eventually(lambda: len(receiver.to("/status")) >= events, what="callbacks")
    return eventually(lambda: (call := exchange.call(sid))["end_time"] and call)
