"""The vault's table: puts away what could identify a reporter and hands back a reference."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from domain.identifiers import new_id
from domain.models import VaultItem
from domain.settings import get_settings
from domain.vault import Keyring


class NothingSealed(LookupError):
    """The reference points at nothing: redacted after its retention, or never there."""


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """Return the keys of this deployment."""
    return Keyring(get_settings().vault_key)


def mark(text: str) -> str:
    """Return a keyed mark of `text` (`key:hex`): equal for equal texts, and nothing can be read from it.

    The id of the key stands before it, so that a change of keys finds what it has left to do.
    """
    ring = keyring()
    return f"{ring.current_id}:{ring.blind_index(text, context='mark').hex()}"


def marks(text: str) -> frozenset[str]:
    """Return the mark of `text` under every key of the vault: an older mark is found in it after a change of keys.

    Marks made by earlier versions had no key before them; they are in it too.
    """
    made = keyring().blind_indexes(text, context="mark")
    return frozenset(form for key, index in made.items() for form in (f"{key}:{index.hex()}", index.hex()))


def is_current_mark(stored: str) -> bool:
    """Return whether a mark was made with the key that seals now."""
    return stored.startswith(f"{keyring().current_id}:")


def put(session: Session, text: str, *, kind: str, case_id: UUID | None, at: datetime, findable: bool = False) -> UUID:
    """Seal `text` and return the id of its vault item; `findable` also stores a blind index of it."""
    item_id = new_id()
    session.execute(
        insert(VaultItem),
        [{
            "id": item_id,
            "case_id": case_id,
            "kind": kind,
            "box": keyring().seal(text, context=f"{kind}:{item_id}"),
            "blind_index": keyring().blind_index(text, context=kind) if findable else None,
            "made_at": at,
        }],
    )  # fmt: skip
    return item_id


def discard(session: Session, case_id: UUID) -> None:
    """Remove what was sealed for a case that is not opened after all."""
    session.execute(delete(VaultItem).where(VaultItem.case_id == case_id))  # type: ignore[arg-type]


def get(session: Session, item_id: UUID) -> str:
    """Return what was sealed under `item_id`; raises `NothingSealed`."""
    row = session.execute(select(VaultItem.kind, VaultItem.box).where(VaultItem.id == item_id)).first()  # type: ignore[call-overload]
    if row is None:
        msg = f"no vault item {item_id}"
        raise NothingSealed(msg)
    return keyring().unseal_text(row.box, context=f"{row.kind}:{item_id}")


def get_many(session: Session, item_ids: list[UUID], *, but: Collection[str] = ()) -> dict[UUID, str]:
    """Return what was sealed under each id that still exists; `but`: kinds that stay closed."""
    if not item_ids:
        return {}
    chosen = select(VaultItem.id, VaultItem.kind, VaultItem.box).where(VaultItem.id.in_(item_ids))  # type: ignore[call-overload, attr-defined]
    rows = session.execute(chosen.where(VaultItem.kind.not_in(but))).all()  # type: ignore[attr-defined]
    return {row.id: keyring().unseal_text(row.box, context=f"{row.kind}:{row.id}") for row in rows}


def reference(item_id: UUID) -> dict[str, str]:
    """Return what stands in the timeline instead of the text."""
    return {"sealed": str(item_id)}


def referenced(value: Any) -> UUID | None:  # noqa: ANN401 - any JSON
    """Return the vault item a timeline value points at, or None when it is plain."""
    if isinstance(value, dict) and set(value) == {"sealed"}:
        return UUID(value["sealed"])
    return None
