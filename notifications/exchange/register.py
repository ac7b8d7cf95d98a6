"""The exchange's register of messages, calls, phones and behaviour, and who wants to know when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import TypeVar

from notifications.exchange.behaviour import Behaviour
from notifications.exchange.journal import Journal, Line
from notifications.exchange.records import Call, Message, Phone, as_json, new_sid, now

R = TypeVar("R", Message, Call)

KEPT = 5_000
"""So many messages and so many calls are remembered; the oldest that have ended make room."""


class Register:
    """Everything the exchange knows, in memory, written to the journal as it changes."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.messages: dict[str, Message] = {}
        self.calls: dict[str, Call] = {}
        self.phones: dict[str, Phone] = {}
        self.behaviour = Behaviour()
        self.revision = 0
        self.run = new_sid("")[:8]
        """Names this run of the exchange: revisions count from 0 in each."""
        self.changed_in: dict[str, int] = {}
        """number → revision of its last change"""
        self._journal = journal
        self._watchers: set[asyncio.Event] = set()
        if journal:
            for line in journal.read():
                self._replay(line)
            journal.start(self._lines())

    def _replay(self, line: Line) -> None:
        kind, data = line
        if kind == "message":
            self.messages[data["sid"]] = Message.from_json(data)
        elif kind == "call":
            self.calls[data["sid"]] = Call.from_json(data)
        elif kind == "phones":
            self.phones = {item["number"]: Phone(**item) for item in data}
        elif kind == "behaviour":
            self.behaviour = Behaviour.from_json(data)
        elif kind == "reset":
            self._forget()
        _make_room(self.messages)
        _make_room(self.calls)

    def _lines(self) -> Iterator[Line]:
        yield "phones", [as_json(phone) for phone in self.phones.values()]
        yield "behaviour", self.behaviour.as_json()
        yield from (("message", as_json(message)) for message in self.messages.values())
        yield from (("call", as_json(call)) for call in self.calls.values())

    def keep(self, record: Message | Call) -> None:
        """Remember a new record or what changed in a known one, and tell who watches."""
        record.updated_at = now()
        if isinstance(record, Message):
            self.messages[record.sid] = record
            _make_room(self.messages)
            self._write("message", as_json(record))
        else:
            self.calls[record.sid] = record
            _make_room(self.calls)
            self._write("call", as_json(record))
        self._changed(record.to)

    def knows(self, record: Message | Call) -> bool:
        """Whether the record is still in the register: a reset may have emptied it meanwhile."""
        return record.sid in self.messages or record.sid in self.calls

    def set_phones(self, phones: Iterable[Phone]) -> None:
        """Replace the directory of phones."""
        self.phones = {phone.number: phone for phone in phones}
        self._write("phones", [as_json(phone) for phone in self.phones.values()])
        self._changed(*self.numbers())

    def set_behaviour(self, behaviour: Behaviour) -> None:
        """Replace the behaviour; requests that were taken before keep the mode they met."""
        self.behaviour = behaviour
        self._write("behaviour", behaviour.as_json())
        self._changed(*self.numbers())

    def reset(self) -> None:
        """Forget messages, calls and behaviour; the directory of phones stays."""
        numbers = self.numbers()
        self._forget()
        self._write("reset", None)
        self._changed(*numbers)

    def _forget(self) -> None:
        self.messages.clear()
        self.calls.clear()
        self.behaviour = Behaviour()

    def numbers(self) -> list[str]:
        """Return every number: the directory's first, then others as they first came up."""
        others = [record.to for records in (self.messages, self.calls) for record in records.values()]
        return list(dict.fromkeys([*self.phones, *others]))

    def messages_newest_first(self, *, to: str | None = None, since: datetime | None = None) -> list[Message]:
        """Return messages to `to` (None: all) that came at or after `since`."""
        return _newest_first(self.messages, to=to, since=since)

    def calls_newest_first(self, *, to: str | None = None, since: datetime | None = None) -> list[Call]:
        """Return calls to `to` (None: all) that came at or after `since`."""
        return _newest_first(self.calls, to=to, since=since)

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """Give an event that is set at every change; the watcher clears it."""
        event = asyncio.Event()
        self._watchers.add(event)
        try:
            yield event
        finally:
            self._watchers.discard(event)

    def wake_watchers(self) -> None:
        """Set every watcher's event, as at a change: the exchange is closing."""
        for event in self._watchers:
            event.set()

    def _changed(self, *numbers: str) -> None:
        self.revision += 1
        self.changed_in.update(dict.fromkeys(numbers, self.revision))
        self.wake_watchers()

    def _write(self, kind: str, data: object) -> None:
        if self._journal:
            self._journal.write(kind, data)


def _newest_first(records: dict[str, R], *, to: str | None, since: datetime | None) -> list[R]:
    found = [
        record
        for record in records.values()
        if to in {None, record.to} and (since is None or record.created_at >= since)
    ]
    return found[::-1]


def _make_room(records: dict[str, R]) -> None:
    surplus = len(records) - KEPT
    if surplus > 0:
        for sid in list(islice((sid for sid, record in records.items() if record.ended), surplus)):
            del records[sid]
