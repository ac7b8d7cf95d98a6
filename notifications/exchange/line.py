"""A telephone line: what the person at the demo phone does while the exchange waits, speaks or fetches."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


class Act(StrEnum):
    """What can be done to a call from outside, at the phone or through the API."""

    ANSWER = "answer"
    PRESS = "press"
    REJECT = "reject"
    NO_ANSWER = "no-answer"
    VOICEMAIL = "voicemail"
    HANG_UP = "hang-up"
    CANCEL = "cancel"
    COMPLETE = "complete"
    REDIRECT = "redirect"


@dataclass(slots=True)
class Event:
    """One act; `taken` is done once the line has noticed it."""

    act: Act
    key: str = ""
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    taken: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class LineEnded(Exception):
    """Somebody hung up, or the API ended the call."""


class LineRedirected(Exception):
    """The API gave the call another document."""

    def __init__(self, event: Event) -> None:
        super().__init__(event.url)
        self.event = event


class Line:
    """Acts on one call in their order.

    Keys pressed while nobody listens wait for the next `key`: a script may answer and press at once without
    knowing whether the document has arrived. (A real network may drop such early keys.)
    """

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._keys: list[str] = []

    def put(self, event: Event) -> None:
        """Let `event` happen on the line."""
        self._events.put_nowait(event)

    async def ringing(self, within: float) -> Act | None:
        """Return what was done to the ringing phone, None when nothing was for `within` seconds."""
        try:
            async with asyncio.timeout(within):
                event = await self._next()
        except TimeoutError:
            return None
        return event.act

    async def silence(self, seconds: float) -> None:
        """Wait while keys are kept for later; LineEnded or LineRedirected interrupt."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._keep(await self._next())
        except TimeoutError:
            return

    async def key(self, within: float) -> str | None:
        """Return the next key, None when there is none for `within` seconds; ended as `silence` is."""
        if self._keys:
            return self._keys.pop(0)
        try:
            async with asyncio.timeout(within):
                while not self._keys:
                    self._keep(await self._next())
        except TimeoutError:
            return None
        return self._keys.pop(0)

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns, keeping keys; LineEnded or LineRedirected cancel it."""
        task = asyncio.create_task(work)
        event = asyncio.create_task(self._next())
        try:
            while not task.done():
                await asyncio.wait({task, event}, return_when=asyncio.FIRST_COMPLETED)
                if event.done():
                    happened, event = event.result(), asyncio.create_task(self._next())
                    self._keep(happened)
        finally:
            for unfinished in {task, event}:
                unfinished.cancel()
            await asyncio.wait({task, event})
        return task.result()

    def close(self) -> None:
        """Mark all that came too late as taken, so that nobody waits for it."""
        while not self._events.empty():
            _taken(self._events.get_nowait())

    async def _next(self) -> Event:
        event = await self._events.get()
        _taken(event)
        return event

    def _keep(self, event: Event) -> None:
        if event.act is Act.PRESS:
            self._keys.append(event.key)
        elif event.act is Act.REDIRECT:
            raise LineRedirected(event)
        elif event.act in {Act.HANG_UP, Act.COMPLETE, Act.CANCEL}:
            raise LineEnded
        # answering, rejecting … a call that is already talking changes nothing


def _taken(event: Event) -> None:
    if not event.taken.done():
        event.taken.set_result(None)
