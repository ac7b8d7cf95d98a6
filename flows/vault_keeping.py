"""Carries out the works on the vault while everything else goes on: small transactions, one after the other."""

from __future__ import annotations

import time

from domain import resealing, retention, tidying, vault_keeping
from domain.errands import ErrandRefused
from domain.language import N_
from domain.resealing import NotAllResealed
from domain.settings import get_settings
from flows.chores import Chore

PAUSE_SECONDS = 0.05
"""After a batch that found everything held by others."""
RESEALED = N_("%(count)s sealed values and marks are under the current key now.")
REMOVED = N_("%(count)s parts of reports were removed because their time was over.")


def rotate(chore: Chore) -> None:
    """Seal everything anew under the current key; begun again it goes on where it stood."""
    with chore.database.read() as session:
        total = resealing.remaining(session)
    changed = 0
    try:
        for done in resealing.passes(chore.database):
            changed += done.changed
            chore.progress(changed, max(total, changed))
            if not done.changed:
                time.sleep(PAUSE_SECONDS)
    except NotAllResealed as refused:
        raise ErrandRefused(refused.reason) from refused
    _settle(chore, vault_keeping.ROTATE, RESEALED, changed)


def redact(chore: Chore) -> None:
    """Remove what has served its time, and then the files of photos and documents that nothing names any more."""
    at = chore.now()
    removed = 0
    for count in retention.remove_due(chore.database, at=at):
        removed += count
        chore.progress(removed, removed)
    with chore.database.write() as session:
        tidied = tidying.tidy(session, at=at)
    tidying.remove_all_files(tidied, get_settings(), at=at)
    _settle(chore, vault_keeping.REDACT, REMOVED, removed)


def _settle(chore: Chore, kind: str, said: str, count: int) -> None:
    with chore.database.write() as session:
        if count:
            vault_keeping.note_done(session, kind, at=chore.now(), count=count)
        chore.settle(session, {"said": said, "said_params": {"count": count}, "link": "/admin/vault"})
