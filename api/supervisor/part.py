"""One part as a child process: started, watched, started again after a pause that grows, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from api.supervisor import linux, ports
from api.supervisor.output import Log, Terminal
from api.supervisor.plan import PartPlan
from domain.parts import FAILING, RESTARTING, RUNNING, STARTING, STOPPING, PartStatus

PAUSES_SECONDS = (0.2, 1.0, 3.0, 10.0, 30.0)
"""Before the first, second, … start after a death; the last one repeats."""
STEADY_AFTER_SECONDS = 60.0
"""Who lived so long begins the pauses anew."""
FAILING_AFTER = 3
"""Deaths in a row after which the part is said to be failing, with its last lines."""
READ_BYTES = 65536


class Part:
    """A part and its present process, if any."""

    def __init__(self, plan: PartPlan, *, logs: Path, terminal: Terminal) -> None:
        self.plan = plan
        self.log = Log(logs, plan.name)
        self.process: subprocess.Popen[bytes] | None = None
        self.pipe: int | None = None
        self.restart_at: float | None = None
        self.restarts = 0
        self._terminal = terminal
        self._deaths = 0
        self._started = 0.0
        self._state = STARTING
        self._since = datetime.now(UTC)
        self._last_end = ""

    @property
    def is_alive(self) -> bool:
        """Whether its process runs, as far as we have been told."""
        return self.process is not None

    @property
    def is_awaited(self) -> bool:
        """Whether it was started and does not answer yet."""
        return self.is_alive and self._state == STARTING

    @property
    def _repeats_itself(self) -> bool:
        """Whether it keeps dying: it says the same each time, and its last lines were shown."""
        return self._deaths >= FAILING_AFTER and not self._is_steady

    @property
    def _is_steady(self) -> bool:
        return time.monotonic() - self._started >= STEADY_AFTER_SECONDS

    @property
    def status(self) -> PartStatus:
        """Return what there is to say of it."""
        pid = self.process.pid if self.process else None
        since = self._since.isoformat(timespec="milliseconds")
        lines = tuple(self.log.last_lines) if self._state == FAILING else ()
        plan = self.plan
        url = ports.url_here(plan.host, plan.port) if plan.port else ""
        return PartStatus(plan.name, self._state, pid, since, self.restarts, self._last_end, lines, url)

    def start(self) -> None:
        """Start its process in a group of its own, so that the terminal's Ctrl-C reaches only us."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the plan's own commands
                self.plan.command,
                env=dict(self.plan.environment),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                process_group=0,
                preexec_fn=linux.in_child(nice=self.plan.nice),  # noqa: PLW1509 - we have one thread
            )
        finally:
            os.close(writing)
        self.pipe = reading
        self.restart_at = None
        self._started = time.monotonic()
        # Without a port there is nothing to ask: it runs when it runs.
        self._enter(STARTING if self.plan.port else RUNNING)

    def notice_answer(self) -> bool:
        """Look whether it answers now; return True when that is news."""
        if self.plan.port is None or not self.is_awaited or not ports.answers(self.plan.host, self.plan.port):
            return False
        self._enter(RUNNING)
        return True

    def read(self) -> bool:
        """Pass on what it wrote; return False when nothing more can come."""
        if self.pipe is None:
            return False
        try:
            data = os.read(self.pipe, READ_BYTES)
        except BlockingIOError:
            return True
        for line in self.log.take(data):
            if line and not self.plan.is_quiet and not self._repeats_itself:
                self._terminal.line(self.plan.name, line)
        return bool(data)

    def close_pipe(self) -> None:
        """Stop listening."""
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None

    def notice_end(self) -> int | None:
        """Return the status with which its process has ended, None when it has not (or there is none)."""
        if self.process is None:
            return None
        status = self.process.poll()
        if status is None:
            return None
        while self.pipe is not None and self._has_more():
            pass
        # What it may have started belongs to it and ends with it.
        linux.end_group(self.process, signal.SIGKILL)
        self.process = None
        self._last_end = linux.how_it_ended(status)
        return status

    def _has_more(self) -> bool:
        with contextlib.suppress(OSError):
            data = os.read(self.pipe or 0, READ_BYTES)
            self.log.take(data)
            return bool(data)
        return False

    def plan_restart(self) -> str:
        """Decide when it comes again and return what to say of it."""
        self._deaths = 1 if self._is_steady else self._deaths + 1
        pause = PAUSES_SECONDS[min(self._deaths, len(PAUSES_SECONDS)) - 1]
        self.restart_at = time.monotonic() + pause
        self.restarts += 1
        if self._deaths < FAILING_AFTER:
            self._enter(RESTARTING)
            return f"{self.plan.name} ended ({self._last_end}); it is started again"
        self._enter(FAILING)
        if self._deaths > FAILING_AFTER:
            return f"{self.plan.name} has ended again ({self._last_end}); next try in {pause:g} s"
        lines = "".join(f"\n    {line}" for line in self.log.last_lines)
        return (
            f"{self.plan.name} keeps ending ({self._last_end}); next try in {pause:g} s. "
            f"Whole log: {self.log.path}. Its last lines:{lines}"
        )

    def ask_to_stop(self) -> None:
        """Tell it to finish what it is doing and end."""
        self.restart_at = None
        if self.process is not None and self._state != STOPPING:
            self._enter(STOPPING)
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything it has started, at once."""
        self.restart_at = None
        if self.process is not None:
            linux.end_group(self.process, signal.SIGKILL)

    def _enter(self, state: str) -> None:
        self._state = state
        self._since = datetime.now(UTC)
