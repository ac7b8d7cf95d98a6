"""The loop of `fireline run`: starts in order, passes lines on, restarts what dies, stops everything."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from types import FrameType

from api.supervisor import linux
from api.supervisor.output import Terminal
from api.supervisor.part import Part
from api.supervisor.plan import Plan
from domain.parts import forget_status, write_status

LOOK_SECONDS = 0.1
"""How often a starting part is asked whether it answers."""
ASKED_FIRST = ("web", "worker")
"""These finish with the exchange and Prefect still there, which they may need for it."""
FIRST_SECONDS = 6.0
"""So long after the request to stop, the exchange and Prefect are asked too, whoever is still busy."""
PATIENCE_SECONDS = 9.0
"""So long after the request to stop, whoever is left is killed. People are promised ten seconds."""


class Supervisor:
    """Runs one plan to its end."""

    def __init__(self, plan: Plan, terminal: Terminal) -> None:
        self._plan = plan
        self._terminal = terminal
        logs = plan.data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._setup = Part(plan.setup, logs=logs, terminal=terminal)
        self._web = Part(plan.web, logs=logs, terminal=terminal)
        self._others = [Part(part, logs=logs, terminal=terminal) for part in plan.others]
        self._selector = selectors.DefaultSelector()
        self._bell, self._clapper = socket.socketpair()
        self._is_set_up = False
        self._others_started = False
        self._stop_requests = 0
        self._stopping_since: float | None = None
        self._exit_status = 0

    @property
    def _parts(self) -> list[Part]:
        return [self._web, *self._others]

    @property
    def _everybody(self) -> list[Part]:
        return [self._setup, *self._parts]

    def run(self) -> int:
        """Start everything, stay until told to stop, and return the exit status."""
        linux.adopt_orphans()
        self._listen_to_signals()
        try:
            for part in (self._web, self._setup):
                self._start(part)
            while any(part.is_alive for part in self._everybody) or self._stopping_since is None:
                self._turn()
        finally:
            for part in self._everybody:
                part.kill()
            linux.end_everybody()
            forget_status(self._plan.data_dir)
        return self._exit_status

    def _listen_to_signals(self) -> None:
        for end in (self._bell, self._clapper):
            end.setblocking(False)
        signal.set_wakeup_fd(self._clapper.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_request)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._patience()):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._bell.recv(1024)
            elif not key.data.read():
                self._forget_pipe(key.data)
        self._notice_ends()
        if self._stop_requests:
            self._follow_request()
        if self._stopping_since is None:
            self._go_on()
        else:
            self._go_on_stopping(time.monotonic() - self._stopping_since)

    def _patience(self) -> float | None:
        """Return for how long nothing is to be done unless something happens."""
        if self._stopping_since is not None or any(part.is_awaited for part in self._parts):
            return LOOK_SECONDS
        waiting = [part.restart_at for part in self._parts if part.restart_at is not None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _start(self, part: Part) -> None:
        part.start()
        self._selector.register(part.pipe or 0, selectors.EVENT_READ, part)
        self._tell_status()

    def _forget_pipe(self, part: Part) -> None:
        if part.pipe is not None:
            self._selector.unregister(part.pipe)
            part.close_pipe()

    def _notice_ends(self) -> None:
        for part in self._everybody:
            status = part.notice_end()
            if status is None:
                continue
            self._forget_pipe(part)
            if part is self._setup:
                self._set_up_ended(status)
            elif self._stopping_since is None:
                self._say(part.plan_restart())
            self._tell_status()
        linux.reap({part.process.pid for part in self._everybody if part.process is not None})

    def _set_up_ended(self, status: int) -> None:
        if self._stopping_since is not None:
            return
        if status == 0:
            self._is_set_up = True
            return
        self._say(f"the database could not be prepared; see {self._setup.log.path}")
        self._exit_status = 1
        self._stop()

    def _go_on(self) -> None:
        for part in self._parts:
            if part.restart_at is not None and part.restart_at <= time.monotonic():
                self._start(part)
            if part.notice_answer():
                self._tell_status()
                if part.plan.name == "prefect":
                    self._say(f"Prefect has joined: {self._plan.prefect_ui}")
        # The first page goes before everything else; a web part that cannot start holds the others up no longer.
        is_web_there = not self._web.is_awaited or self._web.restarts > 0
        if self._is_set_up and is_web_there and not self._others_started:
            self._others_started = True
            self._welcome()
            for part in self._others:
                self._start(part)

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            self._terminal.block(self._plan.welcome.read_text(encoding="utf-8"))

    # Stopping

    def _note_request(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1  # the loop acts on it: a part may be half started at this moment

    def _follow_request(self) -> None:
        if self._stopping_since is None:
            self._say("stopping; a second Ctrl-C stops at once")
            self._stop()
            self._stop_requests -= 1
        if self._stop_requests:
            for part in self._everybody:
                part.kill()
        self._stop_requests = 0

    def _stop(self) -> None:
        self._stopping_since = time.monotonic()
        for part in self._everybody:
            part.restart_at = None
        self._setup.kill()
        for part in self._parts:
            if part.plan.name in ASKED_FIRST:
                part.ask_to_stop()
        self._tell_status()

    def _go_on_stopping(self, seconds: float) -> None:
        first_are_gone = not any(part.is_alive for part in self._parts if part.plan.name in ASKED_FIRST)
        if first_are_gone or seconds >= FIRST_SECONDS:
            for part in self._others:
                part.ask_to_stop()
        if seconds >= PATIENCE_SECONDS:
            for part in self._everybody:
                if part.is_alive:
                    self._say(f"{part.plan.name} did not end by itself and is killed")
                    part.kill()

    def _say(self, text: str) -> None:
        for line in text.splitlines():
            self._terminal.line("fireline", line)

    def _tell_status(self) -> None:
        with contextlib.suppress(OSError):  # a full disk must not stop the parts
            write_status(self._plan.data_dir, {part.plan.name: part.status for part in self._parts})


def supervise(plan: Plan, terminal: Terminal) -> int:
    """Run `plan` until told to stop, and return the exit status of `fireline run`."""
    os.umask(0o077)  # logs and files hold what the city's people write
    return Supervisor(plan, terminal).run()
