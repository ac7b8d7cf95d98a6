"""`python -m notifications.exchange`: run the exchange until it is told to stop."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from notifications.exchange.app import create_app
from notifications.exchange.control import Refused, phones_from
from notifications.exchange.journal import Journal
from notifications.exchange.pace import Pace
from notifications.exchange.register import Register
from notifications.exchange.switchboard import Account

log = logging.getLogger("notifications.exchange")

CLOSING_SECONDS = 3
KEPT_ALIVE_SECONDS = 75
"""Long, so that a client's idle connection is seldom closed in the moment it is used again."""


class ExchangeServer(uvicorn.Server):
    """A server that ends streams and unanswered requests before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin closing at the first signal."""
        if switchboard := getattr(self._app.state, "switchboard", None):
            switchboard.begin_closing()
        super().handle_exit(sig, frame)


def main(arguments: list[str] | None = None) -> int:
    """Run the exchange; return the exit status."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines would carry callback addresses with their queries
    register = Register(Journal(options.journal) if options.journal else None)
    if options.phones:
        try:
            register.set_phones(phones_from(json.loads(options.phones.read_text(encoding="utf-8"))))
        except (OSError, ValueError, Refused) as error:
            print(f"{options.phones}: {error}", file=sys.stderr)  # noqa: T201 - a command's own message
            return 2
    pace = Pace(step_seconds=options.step, characters_per_second=options.speech, unanswered_seconds=options.unanswered)
    app = create_app(account=account_from_environment(), register=register, pace=pace)
    try:
        listener = _listener(options.host, options.port)
    except OSError as error:
        print(f"{options.host}:{options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - a command's own message
        return 1
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=CLOSING_SECONDS,
        timeout_keep_alive=KEPT_ALIVE_SECONDS,
    )
    host, port = listener.getsockname()[:2]
    print(f"exchange: http://{host}:{port}/", flush=True)  # noqa: T201 - tells the caller which port it got
    for told_to_stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told_to_stop, _leave)  # uvicorn raises the signal again when it has stopped
    ExchangeServer(config, app).run(sockets=[listener])
    return 0


def account_from_environment() -> Account:
    """Return the account of `FIRELINE_TWILIO_ACCOUNT_SID` and `_AUTH_TOKEN`, else the demo's."""
    sid, token = os.environ.get("FIRELINE_TWILIO_ACCOUNT_SID"), os.environ.get("FIRELINE_TWILIO_AUTH_TOKEN")
    if not (sid and token):
        # Only here: pydantic would cost the exchange a third of its memory.
        from domain.settings import get_settings  # noqa: PLC0415

        settings = get_settings()
        sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    return Account(sid=sid, auth_token=token)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m notifications.exchange", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; the control API has no password")
    parser.add_argument("--port", type=int, default=8001, help="0: any free one, printed at the start")
    parser.add_argument("--journal", type=Path, help="file that makes messages and calls outlive the process")
    parser.add_argument("--phones", type=Path, help='JSON file [{"number", "person", "post"}]')
    pace = Pace()
    parser.add_argument("--step", type=float, default=pace.step_seconds, help="seconds between two states")
    parser.add_argument(
        "--speech",
        type=float,
        default=pace.characters_per_second,
        help="characters spoken a second; 0: at once",
    )
    parser.add_argument(
        "--unanswered",
        type=float,
        default=pace.unanswered_seconds,
        help="seconds a phone rings that will not answer",
    )
    return parser.parse_args(arguments)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, else asyncio does not switch Nagle's delay off and every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


if __name__ == "__main__":
    sys.exit(main())
