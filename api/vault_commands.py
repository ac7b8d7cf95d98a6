"""What `fireline vault …` does: keys made, counted and changed from the command line."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from api.commands import CommandRefused, database_in_use, plainly
from domain import resealing, sealed, vault_keeping
from domain.resealing import UNKNOWN, NotAllResealed
from domain.settings import city_zone
from domain.vault import KEY_BYTES, BadKeyring, Keyring

PAUSE_SECONDS = 0.05
"""After a batch that found everything held by others."""


@plainly
def status() -> tuple[bool, str]:
    """Return whether every value opens, and a line for each key."""
    with database_in_use() as database, database.read() as session:
        holdings = resealing.holdings(session)
    ring = sealed.keyring()
    lines = [_line(key, count, is_current=key == ring.current_id) for key, count in holdings.items() if key != UNKNOWN]
    lost = holdings.get(UNKNOWN, 0)
    if lost:
        lines.append(f"{lost} values open with no key of FIRELINE_VAULT_KEY: put the missing key back.")
    return not lost, "\n".join(lines)


def _line(key: str, count: int, *, is_current: bool) -> str:
    if is_current:
        return f"{key}: {count} values, seals now."
    if key == resealing.WITHOUT_KEY:
        return f"{count} marks of an earlier version: `fireline vault rotate` makes them anew." if count else ""
    if count:
        return f"{key}: {count} values still need it: `fireline vault rotate`."
    return f"{key}: no longer needed; take it out of FIRELINE_VAULT_KEY."


@plainly
def rotate(*, show: Callable[[str], None]) -> str:
    """Seal everything anew under the current key and return how much that was."""
    with database_in_use() as database:
        with database.read() as session:
            total = resealing.remaining(session)
        changed = 0
        try:
            for done in resealing.passes(database):
                changed += done.changed
                show(f"{changed} of {max(total, changed)}")
                if not done.changed:
                    time.sleep(PAUSE_SECONDS)
        except NotAllResealed as refused:
            msg = f"{refused.count} values open with no key of FIRELINE_VAULT_KEY; everything else is done."
            raise CommandRefused(msg) from refused
        if changed:
            with database.write() as session:
                vault_keeping.note_done(session, vault_keeping.ROTATE, at=datetime.now(UTC), count=changed)
    current = sealed.keyring().current_id
    return f"{changed} values are under the key {current} now. `fireline vault status` says what is left."


@plainly
def new_key(name: str) -> str:
    """Return a new key as the setting wants it."""
    key = f"{name or datetime.now(city_zone()).strftime('k%Y%m%d')}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"
    try:
        Keyring(key)
    except BadKeyring:
        raise CommandRefused("the name of a key has letters, digits, dots, hyphens; 32 at most.") from None
    return key
