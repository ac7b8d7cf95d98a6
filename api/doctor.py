"""`fireline doctor`: looks at machine and configuration and says how to mend what is wrong; changes nothing."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from documents import printing
from domain import clocks, parts, rulebooks, schema, system_errands
from domain.clocks import Calendar
from domain.database import Database, open_database
from domain.parts import PartStatus
from domain.people import local_day
from domain.settings import NotForProduction, Settings, get_settings

OLDEST_PYTHON = (3, 11)
CONNECT_SECONDS = 2.0
MOST_TASKS = 99
CLOCKS_MAY_DIFFER = timedelta(seconds=5)
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", str(Path.home() / ".fonts"))
TWILIO = "https://api.twilio.com"
DEFAULT_PORTS = {"the pages": 8000, "the phones": 8001}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A note is worth knowing and stops nothing; a fault has to be mended."""

    what: str
    kind: Literal["ok", "note", "fault"]
    says: str
    mend: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether Fireline cannot work like this."""
        return self.kind == "fault"

    @property
    def line(self) -> str:
        """Return the finding as people read it."""
        mend = f"\n               → {self.mend}" if self.mend else ""
        return f"{self.kind:<6}{self.what:<9}{self.says}{mend}"


def examine() -> list[Finding]:
    """Look at everything and return what was found, in order."""
    found = [_python()]
    try:
        settings = get_settings()
    except ValidationError as error:
        wrong = "; ".join(f"FIRELINE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        return [*found, Finding("settings", "fault", wrong, "Correct or remove these environment variables.")]
    found += [_keys(settings), *_database(settings), _storage(settings), *_times(settings), _font(), _printing()]
    running = parts.parts_status(settings.data_dir)
    found += [_provider(settings, running), _prefect(running), *_ports(running)]
    return found


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "fault", f"Python {version} is too old.", "Install Python 3.11 or later.")
    return Finding("python", "ok", f"Python {version}")


def _keys(settings: Settings) -> Finding:
    try:
        settings.refuse_demo_in_production()
    except NotForProduction as refused:
        mend = "docs/settings.md says of each what it is."
        return Finding("keys", "fault", str(refused), mend)
    if settings.mode == "production":
        return Finding("keys", "ok", "production, with keys of its own")
    return Finding("keys", "note", "demo mode: the keys are published. Real data needs FIRELINE_MODE=production.")


def _database(settings: Settings) -> Iterator[Finding]:
    database = open_database(settings.url)
    where = database.engine.url.render_as_string(hide_password=True)
    path = database.engine.url.database
    if database.is_sqlite and path and not Path(path).exists():
        yield Finding(
            "database", "note", f"{where} is not there yet", "`fireline run` or `fireline db upgrade` makes it."
        )
        return
    try:
        revision = schema.current(database)
        if revision == schema.newest():
            yield Finding("database", "ok", f"{where}, revision {revision}")
        else:
            says = f"{where} is at revision {revision}; this program needs {schema.newest()}"
            yield Finding("database", "fault", says, "fireline db upgrade")
        yield _database_clock(database)
        if revision == schema.newest():
            yield _tasks(database)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding("database", "fault", f"{where}: {cause}", "Start the database, or correct FIRELINE_DATABASE_URL.")
    finally:
        database.dispose()


def _database_clock(database: Database) -> Finding:
    if database.is_sqlite:
        return Finding("clock", "ok", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC; compare it with a clock you trust")
    with database.engine.connect() as connection:
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs(datetime.now(UTC) - theirs)
    if apart > CLOCKS_MAY_DIFFER:
        says = f"this machine and the database differ by {apart.total_seconds():.0f} s"
        return Finding("clock", "fault", says, "Let both follow a time server (timedatectl set-ntp true).")
    return Finding("clock", "ok", "the same as the database's")


def _tasks(database: Database) -> Finding:
    with database.read() as session:
        troubled = system_errands.troubled(session, at=datetime.now(UTC), most=MOST_TASKS + 1)
    if not troubled:
        return Finding("tasks", "ok", "nothing of the system's own waits for somebody")
    kinds = ", ".join(sorted({f"{errand.kind} ({errand.state})" for errand in troubled}))
    count = f"more than {MOST_TASKS}" if len(troubled) > MOST_TASKS else str(len(troubled))
    says = f"background tasks of the system that failed, are held or late: {count}: {kinds}"
    return Finding("tasks", "note", says, "/errands, as an administrator, says why and has them tried again.")


def _storage(settings: Settings) -> Finding:
    folder = settings.photos
    existing = next(parent for parent in (folder, *folder.resolve().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        mend = f"Let this user write to {existing}, or set FIRELINE_STORAGE_DIR."
        return Finding("photos", "fault", f"{folder} cannot be written: {error.strerror}", mend)
    return Finding("photos", "ok", f"{folder} can be written")


def _times(settings: Settings) -> Iterator[Finding]:
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        mend = "Set FIRELINE_TIMEZONE to a name such as Asia/Shanghai."
        yield Finding("zone", "fault", f"{settings.timezone} is no time zone this machine knows", mend)
        return
    today, known = local_day(datetime.now(UTC)), _calendar(settings)
    for day in (today, today + timedelta(days=30)):
        if not known.knows(day):
            says = f"no official calendar of working days for {day.year}: deadlines are provisional"
            mend = "When the year's notice is out: /admin/calendar, or `fireline import calendar FILE`."
            yield Finding("calendar", "note", says, mend)
            return
    yield Finding("calendar", "ok", f"working days of {today.year} are known")


def _calendar(settings: Settings) -> Calendar:
    """Return the calendar the database keeps; the package's where there is no database to ask."""
    database = open_database(settings.url)
    path = database.engine.url.database
    try:
        if database.is_sqlite and path and not Path(path).exists():
            return clocks.packaged()
        with database.read() as session:
            return rulebooks.calendar(session)
    except SQLAlchemyError:  # told beside
        return clocks.packaged()
    finally:
        database.dispose()


def _font() -> Finding:
    names = ("*CJK*", "*WenQuanYi*", "wqy*", "*SourceHan*", "*FangSong*", "simfang*")
    for folder in FONTS:
        for name in names:
            if next(Path(folder).rglob(name), None):
                return Finding("font", "ok", "a Chinese font is installed")
    return Finding(
        "font", "note", "no Chinese font: printed documents would show boxes", "apt-get install fonts-noto-cjk"
    )


def _printing() -> Finding:
    if packages := printing.missing_packages():
        says = "PDFs cannot be made: libraries are missing. Everything else works."
        return Finding("pdf", "note", says, f"apt-get install {' '.join(packages)}")
    return Finding("pdf", "ok", "PDFs can be made")


def _provider(settings: Settings, running: Mapping[str, PartStatus]) -> Finding:
    url = settings.twilio_base_url or TWILIO
    if "FIRELINE_TWILIO_BASE_URL" not in os.environ:
        url = _url_of("exchange", running) or url  # the supervisor chose it, and told its parts only
    if _answers(url):
        return Finding("phones", "ok", f"{url} answers")
    if settings.twilio_base_url == settings.exchange_url:
        return Finding("phones", "note", f"{url} does not answer", "`fireline run` or `fireline exchange` starts it.")
    mend = "Check FIRELINE_TWILIO_BASE_URL and the firewall; messages wait meanwhile."
    return Finding("phones", "fault", f"{url} does not answer", mend)


def _prefect(running: Mapping[str, PartStatus]) -> Finding:
    url = os.environ.get("PREFECT_API_URL", "")
    if not url and (server := _url_of("prefect", running)):
        url = f"{server}/api"
    if not url:
        return Finding(
            "prefect", "note", "PREFECT_API_URL is not set: the worker works without it (`fireline run` sets it)"
        )
    if _answers(url):
        return Finding("prefect", "ok", f"{url} answers")
    return Finding("prefect", "note", f"{url} does not answer: work goes on without it", "prefect server start")


def _url_of(part: str, running: Mapping[str, PartStatus]) -> str:
    return running[part].url if part in running else ""


def _ports(running: Mapping[str, PartStatus]) -> Iterator[Finding]:
    if running:
        said = ", ".join(" ".join(filter(None, (part.name, part.state, part.url))) for part in running.values())
        yield Finding("run", "ok", f"`fireline run` is at work: {said}")
        return
    for whose, port in DEFAULT_PORTS.items():
        if _answers(f"http://127.0.0.1:{port}"):
            says = f"port {port}, for {whose}, is in use"
            yield Finding("ports", "note", says, f"Choose others: make run PORT={port + 10}")
        else:
            yield Finding("ports", "ok", f"port {port}, for {whose}, is free")


def _answers(url: str) -> bool:
    address = urlsplit(url)
    port = address.port or {"https": 443}.get(address.scheme, 80)
    try:
        with socket.create_connection((address.hostname or "", port), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        return False
