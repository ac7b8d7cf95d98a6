"""A real exchange in a process of its own and a real server for its webhooks, for tests of all kinds."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
from twilio.request_validator import RequestValidator

ROOT = Path(__file__).parents[1]
ACCOUNT_SID = "ACtest"
AUTH_TOKEN = "token-of-the-tests"
FROM = "+8687796119"
GIVE_UP_SECONDS = 20


def eventually(question: Callable[[], object], *, what: str = "it", seconds: float = GIVE_UP_SECONDS):
    """Return the first truthy answer; fail when there is none for so long that there will be none."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.01)
    message = f"{what} did not happen"
    raise AssertionError(message)


class Exchange:
    """A running exchange."""

    def __init__(self, *options: str, journal: Path | None = None) -> None:
        command = [
            sys.executable,
            "-m",
            "notifications.exchange",
            "--port",
            "0",
            "--step",
            "0.01",
            "--speech",
            "0",
        ]
        command += ["--unanswered", "0.05", *options]
        if journal:
            command += ["--journal", str(journal)]
        account = {"FIRELINE_TWILIO_ACCOUNT_SID": ACCOUNT_SID, "FIRELINE_TWILIO_AUTH_TOKEN": AUTH_TOKEN}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | account,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        announced = self.process.stdout.readline()
        assert announced.startswith("exchange: "), announced
        self.url = announced.removeprefix("exchange: ").strip().rstrip("/")
        self.http = httpx.Client(base_url=self.url, trust_env=False)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as a supervisor does; return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        self.http.close()
        self.process.send_signal(how)
        status = self.process.wait(timeout=GIVE_UP_SECONDS)
        self.process.stdout.close()
        return status

    def behave(self, mode: str, *numbers: str) -> None:
        """Set the mode of the numbers, or of all."""
        wanted = {"mode": mode, "numbers": list(numbers)} if numbers else {"mode": mode}
        self.http.post("/control/behaviour", json=wanted).raise_for_status()

    def calls(self, **query: str) -> list[dict]:
        """Return what /control/calls lists."""
        return self.http.get("/control/calls", params=query).raise_for_status().json()

    def messages(self, **query: str) -> list[dict]:
        """Return what /control/messages lists."""
        return self.http.get("/control/messages", params=query).raise_for_status().json()

    def call(self, sid: str) -> dict:
        """Return one call."""
        return next(call for call in self.calls() if call["sid"] == sid)

    def act(self, sid: str, act: str) -> httpx.Response:
        """Do something to a call."""
        return self.http.post(f"/control/calls/{sid}/{act}")

    def when(self, sid: str, **wanted: object) -> dict:
        """Return the call once it is as wanted."""

        def found():
            call = self.call(sid)
            return call if all(call[name] == value for name, value in wanted.items()) else None

        return eventually(found, what=f"call with {wanted}")


@contextmanager
def running_exchange(*options: str, journal: Path | None = None):
    """Give a running exchange and end it afterwards."""
    exchange = Exchange(*options, journal=journal)
    try:
        yield exchange
    finally:
        if exchange.process.poll() is None:
            exchange.stop()
        else:
            exchange.http.close()
            exchange.process.stdout.close()


@dataclass
class Webhook:
    """A request that the exchange made."""

    path: str
    fields: dict[str, str]
    genuine: bool


@dataclass
class Receiver:
    """A server for webhooks; `answers` maps a path to TwiML or to a function of the fields."""

    answers: dict[str, str | Callable[[dict[str, str]], str]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    received: list[Webhook] = field(default_factory=list)
    url: str = ""

    def to(self, path: str) -> list[Webhook]:
        """Return what arrived at a path (its query aside), in order of arrival."""
        return [webhook for webhook in self.received if webhook.path.partition("?")[0] == path]

    def field(self, path: str, name: str) -> list[str | None]:
        """Return one field of everything that arrived at a path."""
        return [webhook.fields.get(name) for webhook in self.to(path)]


@contextmanager
def running_receiver():
    """Give a receiver that listens on loopback."""
    receiver = Receiver()
    validator = RequestValidator(AUTH_TOKEN)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # one packet an answer

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self.answer(dict(parse_qsl(body, keep_blank_values=True)))

        def do_GET(self) -> None:
            self.answer({})

        def answer(self, fields: dict[str, str]) -> None:
            signature = self.headers.get("X-Twilio-Signature", "")
            genuine = validator.validate(receiver.url + self.path, fields, signature)
            path, _, query = self.path.partition("?")
            seen = fields or dict(parse_qsl(query))
            receiver.received.append(Webhook(path=self.path, fields=seen, genuine=genuine))
            answer = receiver.answers.get(path, "")
            content = (answer(seen) if callable(answer) else answer).encode()
            self.send_response(500 if path in receiver.failing else 200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def journal_lines(path: Path) -> list[dict]:
    """Return the lines of an exchange's journal."""
    return [json.loads(line) for line in path.read_text().splitlines()]
