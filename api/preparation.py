"""`python -m api.preparation`: what `fireline run` does once at its start, beside the web part.

Brings the database to the newest schema, loads the demo city, writes the directory of its phones for the exchange,
and the welcome that is shown when the first page answers.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from domain import schema
from domain.database import open_database
from domain.demo import city, loading, roster
from domain.settings import Settings, get_settings


def main(arguments: list[str] | None = None) -> int:
    """Prepare and return the exit status; 1 when the database cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m api.preparation", description=__doc__)
    parser.add_argument("--welcome", type=Path, required=True)
    parser.add_argument("--phones", type=Path, required=True)
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--qr", action="store_true", help="draw the seed venue's code for phones to scan")
    given = parser.parse_args(arguments)
    settings = get_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        is_demo = _prepare(settings, empty=given.empty)
    except (SQLAlchemyError, OSError) as error:
        print(f"the database cannot be used: {error}")  # noqa: T201 - a command's own message
        return 1
    given.phones.write_text(json.dumps(roster.phones() if is_demo else [], ensure_ascii=False), encoding="utf-8")
    given.welcome.write_text(welcome(settings, is_demo=is_demo, qr=given.qr), encoding="utf-8")
    return 0


def _prepare(settings: Settings, *, empty: bool) -> bool:
    """Return whether the demo city is there."""
    database = open_database(settings.url)
    try:
        schema.upgrade(database)
        if empty:
            return False
        loading.load(database, settings=settings, at=datetime.now(UTC))
    except loading.DemoRefused as refused:
        print(f"without the demo city: {refused}")  # noqa: T201 - a command's own message
        return False
    finally:
        database.dispose()
    return True


def welcome(settings: Settings, *, is_demo: bool, qr: bool) -> str:
    """Return what somebody who has just started Fireline wants to know."""
    rows = [("Staff", f"{settings.public_url}/login")]
    if is_demo:
        code = roster.venue_code(city.SEED_VENUE)
        names = ", ".join(account["username"] for account in roster.info()["accounts"])
        rows.insert(0, ("Public page", f"{settings.public_url}/v/{code}  {city.SEED_VENUE}"))
        rows.append(("Sign in as", f"{names} (password {roster.PASSWORD})"))
    else:
        rows.append(("First user", "fireline user add --username NAME --name 'REAL NAME' --role administrator"))
        if settings.database_url:
            rows.append(("", "with FIRELINE_DATABASE_URL set to this database"))
    if settings.exchange_url:
        rows.append(("Phones", settings.exchange_url))
    if settings.prefect_ui_url:
        rows.append(("Prefect", f"{settings.prefect_ui_url} (joins in a moment)"))
    lines = ["", "Fireline · 消防一条线 runs; Ctrl-C stops it.", ""]
    lines += [f"  {name:<12}{text}" for name, text in rows]
    if is_demo and qr:
        # A code that leads every phone to itself would only puzzle.
        is_here_only = urlsplit(settings.public_url).hostname in ("localhost", "127.0.0.1", "::1")
        hint = "  For telephones nearby, with a square code to scan: make run ARGS='--host 0.0.0.0'"
        lines += ["", hint if is_here_only else _qr(f"{settings.public_url}/v/{code}")]
    return "\n".join([*lines, ""])


def _qr(url: str) -> str:
    import segno  # noqa: PLC0415 - only for people at a terminal

    drawn = io.StringIO()
    segno.make(url, error="l").terminal(out=drawn, compact=True)
    return drawn.getvalue()


if __name__ == "__main__":
    sys.exit(main())
