"""A network that can be cut, and a browser that can be killed: what a phone goes through in a basement."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, BrowserType, Error, Page

from tests.browser.conftest import CHROMIUM

CHUNK = 65536
STARTS_WITHIN = 30.0


class Cable:
    """Passes bytes on between a port of its own and the server's; cut, nothing answers at that port."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._serve()

    def cut(self) -> None:
        """Refuse whoever comes and end what is under way, as when the lift door closes."""
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def mend(self) -> None:
        """Answer again at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                self._open += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(CHUNK):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Handset:
    """A browser with a memory of its own that outlives it."""

    def __init__(self, kind: BrowserType, folder: Path) -> None:
        self._kind = kind
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._browser: Browser | None = None

    def switch_on(self, **position: float) -> Page:
        """Start the browser, or start it again, and return its one page."""
        told = self._folder / "DevToolsActivePort"
        told.unlink(missing_ok=True)
        for lock in self._folder.glob("Singleton*"):  # left by the one that was killed
            lock.unlink()
        self._process = subprocess.Popen(
            [str(shutil.which("chromium")), *CHROMIUM, "--remote-debugging-port=0", f"--user-data-dir={self._folder}",
             "--window-size=390,800", "--disable-background-timer-throttling", "about:blank"],
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + STARTS_WITHIN
        while not (told.exists() and told.read_text().count("\n")):
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.02)
        port = told.read_text().splitlines()[0]
        self._browser = self._kind.connect_over_cdp(f"http://127.0.0.1:{port}")
        context: BrowserContext = self._browser.contexts[0]
        context.set_default_timeout(20_000)
        if position:
            context.grant_permissions(["geolocation"])
            context.set_geolocation(position)  # type: ignore[arg-type]  # a typed dict of these
        return context.pages[0]

    def kill(self) -> None:
        """End the browser with all its processes, giving none of them a moment."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        if self._browser is not None:
            with contextlib.suppress(Error):
                self._browser.close()
