"""Decides what is started and how: commands, settings and addresses of the parts. Starts nothing itself."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.supervisor import ports

LOCAL = "127.0.0.1"
PREFECT_PORT = 4200
PREFECT_NICE = 10
"""Prefect's start takes a core for over ten seconds; pages and messages go first."""


class PortTaken(Exception):
    """A port is in use; the message says which, and how to choose another."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """One part: its command, what it is told by the environment, and where it answers when it is up."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    host: str = LOCAL
    port: int | None = None
    nice: int = 0
    is_quiet: bool = False
    """Its lines go to the log only: they are of no use to whoever watches the terminal."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything `fireline run` does: `setup` ends by itself, the parts stay."""

    data_dir: Path
    setup: PartPlan
    web: PartPlan
    others: tuple[PartPlan, ...]
    prefect_ui: str
    welcome: Path = field(default=Path())
    """Written by the set-up, shown once the web part answers."""


def options(arguments: list[str]) -> argparse.Namespace:
    """Read the command line of `fireline run`."""
    parser = argparse.ArgumentParser(
        prog="fireline run",
        description="Start everything on this machine: web, worker, telephone exchange, Prefect. Ctrl-C stops it.",
    )
    parser.add_argument("--empty", action="store_true", help="without the demo city")
    parser.add_argument("--database", metavar="URL", help="PostgreSQL or SQLite; default: a file in the data folder")
    parser.add_argument(
        "--host",
        default=LOCAL,
        help="address the pages are served on (default: %(default)s; 0.0.0.0: every one, for phones nearby)",
    )
    parser.add_argument("--port", type=_port, default=8000, help="the pages (default: %(default)s)")
    parser.add_argument(
        "--gateway-port",
        type=_port,
        default=26875,
        help="alarm devices, GB/T 26875.3 (default: %(default)s); nothing listens there yet",
    )
    parser.add_argument("--exchange-port", type=_port, default=8001, help="the phones (default: %(default)s)")
    parser.add_argument("--prefect-port", type=_port, help=f"Prefect (default: {PREFECT_PORT}, or any free one)")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:  # noqa: PLR2004 - TCP
        msg = "a port is a number from 1 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return number


def make(given: argparse.Namespace, environment: Mapping[str, str], *, qr: bool) -> Plan:
    """Return what is to be done. Raises `PortTaken`."""
    data_dir = Path(environment.get("FIRELINE_DATA_DIR") or "var").resolve()
    # Somebody who names a provider has one; ours would only sit there.
    has_exchange = "FIRELINE_TWILIO_BASE_URL" not in environment
    has_prefect = not environment.get("PREFECT_API_URL")
    refuse_taken(given, has_exchange=has_exchange)
    prefect_port = given.prefect_port or ports.free_port(LOCAL, PREFECT_PORT)
    exchange = f"http://{LOCAL}:{given.exchange_port}"
    settings = {
        **environment,
        "FIRELINE_DATA_DIR": str(data_dir),
        "FIRELINE_PUBLIC_URL": environment.get("FIRELINE_PUBLIC_URL")
        or f"http://{ports.name_for_others(given.host)}:{given.port}",
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",  # glibc keeps memory per thread otherwise: tens of megabytes in each part
    }
    if given.database:
        settings["FIRELINE_DATABASE_URL"] = given.database
    if has_exchange:
        settings |= {"FIRELINE_TWILIO_BASE_URL": exchange, "FIRELINE_EXCHANGE_URL": exchange}
    prefect_ui = environment.get("FIRELINE_PREFECT_UI_URL", "")
    if has_prefect:
        prefect_ui = prefect_ui or f"http://{LOCAL}:{prefect_port}"
        settings |= _prefect_settings(data_dir, prefect_port)
    settings["FIRELINE_PREFECT_UI_URL"] = prefect_ui
    others = []
    if has_exchange:
        others.append(_exchange(data_dir, given.exchange_port, settings))
    others.append(PartPlan("worker", _python("flows.worker"), settings))
    if has_prefect:
        others.append(_prefect(prefect_port, settings))
    welcome = data_dir / "welcome.txt"
    return Plan(
        data_dir=data_dir,
        setup=PartPlan("setup", _setup_command(given, data_dir, welcome, qr=qr), settings),
        web=PartPlan(
            "web",
            _python("api", "--host", given.host, "--port", str(given.port)),
            settings,
            host=given.host,
            port=given.port,
        ),
        others=tuple(others),
        prefect_ui=prefect_ui,
        welcome=welcome,
    )


def refuse_taken(given: argparse.Namespace, *, has_exchange: bool) -> None:
    """Raise `PortTaken` for the first port that cannot be had."""
    wanted = [("--port", "PORT", given.host, given.port)]
    if has_exchange:
        wanted.append(("--exchange-port", "EXCHANGE_PORT", LOCAL, given.exchange_port))
    if given.prefect_port:
        wanted.append(("--prefect-port", "", LOCAL, given.prefect_port))
    seen: dict[int, str] = {}
    for option, variable, host, port in wanted:
        if port in seen:
            msg = f"Port {port} is given twice, for {seen[port]} and for {option}."
            raise PortTaken(msg)
        seen[port] = option
        if not ports.is_free(host, port):
            example = f"`fireline run {option} {port + 10}`"
            with_make = f", or `make run {variable}={port + 10}`" if variable else ""
            msg = f"Port {port} is in use. Choose another with {option}: {example}{with_make}."
            raise PortTaken(msg)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    # -P: a folder called `api` where somebody happens to stand is not ours.
    return (sys.executable, "-P", "-m", module, *arguments)


def _setup_command(given: argparse.Namespace, data_dir: Path, welcome: Path, *, qr: bool) -> tuple[str, ...]:
    extra = [flag for flag, on in (("--empty", given.empty), ("--qr", qr)) if on]
    return _python("api.preparation", "--welcome", str(welcome), "--phones", str(data_dir / "phones.json"), *extra)


def _exchange(data_dir: Path, port: int, settings: Mapping[str, str]) -> PartPlan:
    arguments = ["--host", LOCAL, "--port", str(port), "--journal", str(data_dir / "exchange.journal")]
    arguments += ["--phones", str(data_dir / "phones.json")]
    return PartPlan("exchange", _python("notifications.exchange", *arguments), settings, port=port)


def _prefect(port: int, settings: Mapping[str, str]) -> PartPlan:
    command = _python("prefect", "server", "start", "--host", LOCAL, "--port", str(port))
    return PartPlan("prefect", command, settings, port=port, nice=PREFECT_NICE, is_quiet=True)


def _prefect_settings(data_dir: Path, port: int) -> dict[str, str]:
    return {
        "PREFECT_HOME": str(data_dir / "prefect"),
        "PREFECT_API_URL": f"http://{LOCAL}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }


def environment_of_this_process() -> dict[str, str]:
    """Return the environment the parts inherit."""
    return dict(os.environ)
