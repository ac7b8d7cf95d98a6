"""The exchange at work: its register, its credentials, and a task for every message and call under way."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from notifications.exchange.callbacks import Webhooks
from notifications.exchange.line import Act, Event
from notifications.exchange.pace import Pace
from notifications.exchange.records import Call, Message
from notifications.exchange.register import Register
from notifications.exchange.sms import deliver
from notifications.exchange.voice import CallSession

log = logging.getLogger(__name__)

NOTICED_WITHIN_SECONDS = 5.0
RINGING = frozenset({"queued", "initiated", "ringing"})
POSSIBLE = {
    Act.ANSWER: RINGING,
    Act.REJECT: RINGING,
    Act.NO_ANSWER: RINGING,
    Act.VOICEMAIL: RINGING,
    Act.CANCEL: RINGING,
    Act.PRESS: frozenset({"in-progress"}),
    Act.REDIRECT: frozenset({"in-progress"}),
    Act.HANG_UP: RINGING | {"in-progress"},
    Act.COMPLETE: RINGING | {"in-progress"},
}


class NotNow(Exception):
    """The act makes no sense in the call's state; the message says which."""


@dataclass(frozen=True, slots=True)
class Account:
    """The one account the exchange serves."""

    sid: str
    auth_token: str

    def admits(self, *, username: str, password: str) -> bool:
        """Whether these credentials are the account's, in constant time."""
        right_name = hmac.compare_digest(username.encode(), self.sid.encode())
        right_password = hmac.compare_digest(password.encode(), self.auth_token.encode())
        return right_name and right_password


class Switchboard:
    """Carries messages and calls; lives inside one event loop between `open` and `close`."""

    def __init__(self, *, account: Account, register: Register, pace: Pace) -> None:
        self.account = account
        self.register = register
        self.closing = asyncio.Event()
        self._pace = pace
        self._webhooks = Webhooks(auth_token=account.auth_token)
        self._sessions: dict[str, CallSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Go on with what an earlier run of the exchange left unfinished."""
        for message in list(self.register.messages.values()):
            if not message.ended:
                self._start(self._deliver(message))
        for call in list(self.register.calls.values()):
            if not call.ended:
                self._start_call(call)

    def take_message(self, message: Message) -> None:
        """Accept a message: it is in register and journal when this returns."""
        self.register.keep(message)
        self._start(self._deliver(message))

    def take_call(self, call: Call) -> None:
        """Accept a call: it is in register and journal when this returns."""
        self.register.keep(call)
        self._start_call(call)

    async def act(self, call: Call, event: Event) -> None:
        """Let `event` happen on the call's line and wait until it is noticed; else NotNow."""
        session = self._sessions.get(call.sid)
        if session is None or call.status not in POSSIBLE[event.act]:
            raise NotNow(call.status)
        session.line.put(event)
        await asyncio.wait({event.taken}, timeout=NOTICED_WITHIN_SECONDS)
        await asyncio.sleep(0)  # the line has noticed; let the session draw its conclusion

    def reset(self) -> None:
        """Forget all messages and calls, also those under way."""
        self._cancel()
        self.register.reset()

    def begin_closing(self) -> None:
        """Let streams and unanswered requests end; may be called from a signal handler."""
        self.closing.set()
        self.register.wake_watchers()

    async def close(self) -> None:
        """End all tasks; the journal knows what is unfinished."""
        self.begin_closing()
        tasks = self._cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._webhooks.close()

    def _cancel(self) -> set[asyncio.Task[None]]:
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        self._sessions.clear()
        return tasks

    def _deliver(self, message: Message) -> Coroutine[Any, Any, None]:
        return deliver(message, register=self.register, webhooks=self._webhooks, pace=self._pace)

    def _start_call(self, call: Call) -> None:
        session = CallSession(call, register=self.register, webhooks=self._webhooks, pace=self._pace)
        self._sessions[call.sid] = session
        self._start(self._whole(call.sid, session))

    async def _whole(self, sid: str, session: CallSession) -> None:
        try:
            await session.run()
        finally:
            self._sessions.pop(sid, None)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a line broke down", exc_info=error)
