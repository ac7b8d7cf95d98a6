"""A message from queued to delivered, or to why it was not."""

from __future__ import annotations

import asyncio

from notifications.exchange.behaviour import Mode
from notifications.exchange.callbacks import StatusCallbacks, Webhooks
from notifications.exchange.pace import Pace
from notifications.exchange.records import Message, now
from notifications.exchange.register import Register

PATHS = {
    Mode.UNREACHABLE: ("sending", "sent", "undelivered"),
    Mode.CARRIER_FAILURE: ("sending", "failed"),
}
DELIVERED = ("sending", "sent", "delivered")
ERRORS = {
    "undelivered": 30003,  # unreachable destination handset
    "failed": 30008,  # unknown error
}


async def deliver(message: Message, *, register: Register, webhooks: Webhooks, pace: Pace) -> None:
    """Take the message from where it stands to its end, with a status callback at each state."""
    callback = message.callback
    callbacks = StatusCallbacks(webhooks, url=callback.url, method=callback.method, mode=message.mode)
    path = PATHS.get(message.mode, DELIVERED)
    done = path.index(message.status) + 1 if message.status in path else 0
    for status in path[done:]:
        await asyncio.sleep(pace.step_seconds)
        if not register.knows(message):
            return
        message.status = status
        message.error_code = ERRORS.get(status)
        if status == "sent":
            message.sent_at = now()
        register.keep(message)
        if callback.url:
            callbacks.send(_parameters(message))
    await callbacks.finish()


def _parameters(message: Message) -> dict[str, str]:
    parameters = {
        "AccountSid": message.account_sid,
        "ApiVersion": "2010-04-01",
        "From": message.from_,
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.error_code:
        parameters["ErrorCode"] = str(message.error_code)
    return parameters
