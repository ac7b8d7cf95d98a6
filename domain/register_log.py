"""The record of the register: who changed what of a venue, a person, an account, who looked into what was sealed.

Each subject has a chain of its own, as each case has (ADR 1): two clerks who change two venues do not wait for each
other. The daily anchor covers these chains too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from domain import audit
from domain.actors import Actor
from domain.language import Sentence
from domain.models import RegisterEntry, RegisterHead

_HEADS: Any = RegisterHead.__table__  # type: ignore[attr-defined]
_ENTRIES: Any = RegisterEntry.__table__  # type: ignore[attr-defined]


def record(
    session: Session,
    kind: str,
    subject_id: UUID,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Write one entry behind the last of its subject and return its number; the caller's transaction.

    `data` is what changed (`changes` makes it), and whatever explains it; nothing that belongs into the vault.
    """
    version, head = _held(session, kind, subject_id, at)
    row = entry(kind, subject_id, action, actor=actor, at=at, data=data, seq=version + 1, previous=head)
    connection = session.connection()
    connection.execute(insert(_ENTRIES), [row])
    moved = {"version": row["seq"], "chain_head": row["hash"], "changed_at": at}
    connection.execute(update(_HEADS).where(_HEADS.c.subject_id == subject_id).values(**moved))
    return int(row["seq"])


def entry(
    kind: str,
    subject_id: UUID,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    seq: int = 1,
    previous: bytes = audit.GENESIS,
) -> dict[str, Any]:
    """Return the row of one entry, chained to `previous`; imports write thousands of first ones at once."""
    row: dict[str, Any] = {
        "subject_id": subject_id, "seq": seq, "kind": kind, "action": action, "actor_id": actor.person_id,
        "actor_role": min(actor.roles).value if actor.roles else "", "actor_name": actor.name, "at": at.astimezone(UTC),
        "data": {key: plain(value) for key, value in (data or {}).items()},
    }  # fmt: skip
    row["hash"] = entry_hash(previous, row)
    return row


def head_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the head that belongs to a subject's newest entry, for imports."""
    return {
        "subject_id": row["subject_id"], "kind": row["kind"], "version": row["seq"], "chain_head": row["hash"],
        "changed_at": row["at"],
    }  # fmt: skip


def _held(session: Session, kind: str, subject_id: UUID, at: datetime) -> tuple[int, bytes]:
    """Return where the subject's chain ends, and hold its head until the end of the transaction."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = {"subject_id": subject_id, "kind": kind, "version": 0, "chain_head": audit.GENESIS, "changed_at": at}
    connection = session.connection()
    connection.execute(dialect.insert(_HEADS).values(**first).on_conflict_do_nothing(index_elements=["subject_id"]))
    query = select(_HEADS.c.version, _HEADS.c.chain_head).where(_HEADS.c.subject_id == subject_id).with_for_update()
    row = connection.execute(query).one()
    return row.version, row.chain_head


def entry_hash(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return SHA-256 over the hash before and the canonical entry (32 bytes)."""
    actor = row["actor_id"]
    parts = [
        row["kind"],
        row["subject_id"].hex,
        row["seq"],
        row["action"],
        actor.hex if actor else None,
        row["actor_role"],
        row["actor_name"],
        row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        audit.canonical(row["data"]),
    ]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    """Return a column's value as JSON has it."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return field → [before, after] of what differs."""
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: [plain(before.get(name)), plain(after.get(name))]
        for name in names
        if plain(before.get(name)) != plain(after.get(name))
    }


def of(session: Session, subject_id: UUID) -> Sequence[RegisterEntry]:
    """Return the entries of a subject, the newest first."""
    query = select(RegisterEntry).where(col(RegisterEntry.subject_id) == subject_id)
    return session.execute(query.order_by(col(RegisterEntry.seq).desc())).scalars().all()


def verify_everything(session: Session) -> audit.Verified:
    """Recompute the record of the cases and that of the register."""
    cases = audit.verify(session)
    found = list(chains(session))
    breaches = [breach for _, breach in found if breach]
    return replace(
        cases,
        entries=cases.entries + sum(length for length, _ in found),
        records=len(found),
        breaches=(*cases.breaches, *breaches),
    )


def chains(session: Session) -> Iterator[tuple[int, audit.Breach | None]]:
    """Recompute every chain; yield per subject how many entries it has, and its first broken one."""
    heads = {
        row.subject_id: row
        for row in session.execute(select(_HEADS.c.subject_id, _HEADS.c.kind, _HEADS.c.version, _HEADS.c.chain_head))
    }
    seen: set[UUID] = set()
    chain: list[Any] = []
    for row in _rows(session):
        if chain and chain[0].subject_id != row.subject_id:
            seen.add(chain[0].subject_id)
            yield len(chain), _broken(chain, heads.get(chain[0].subject_id))
            chain = []
        chain.append(row)
    if chain:
        seen.add(chain[0].subject_id)
        yield len(chain), _broken(chain, heads.get(chain[0].subject_id))
    for subject_id, head in heads.items():
        if subject_id not in seen:
            gone = Sentence("Its entries are gone.")
            yield 0, audit.Breach(f"{head.kind} {subject_id}", gone)


def _rows(session: Session) -> Iterator[Any]:
    """Yield every entry, batch by batch: readers hold no transaction that a cursor could live in."""
    query = select(_ENTRIES).order_by(_ENTRIES.c.subject_id, _ENTRIES.c.seq).limit(audit.BATCH * 10)
    batch = session.execute(query).all()
    while batch:
        yield from batch
        last = batch[-1]
        later = or_(
            _ENTRIES.c.subject_id > last.subject_id,
            and_(_ENTRIES.c.subject_id == last.subject_id, _ENTRIES.c.seq > last.seq),
        )
        batch = session.execute(query.where(later)).all()


def _broken(chain: list[Any], head: Any) -> audit.Breach | None:  # noqa: ANN401 - a row
    last = audit.GENESIS
    for number, row in enumerate(chain, start=1):
        where = f"{row.kind} {row.subject_id} #{row.seq} {row.action}"
        if row.seq != number:
            return audit.Breach(where, Sentence("An entry before it is missing."))
        last = entry_hash(last, row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
        if last != row.hash:
            return audit.Breach(where, Sentence("The entry was changed after it was written."))
    if head is None or (head.version, head.chain_head) != (len(chain), last):
        where = f"{chain[0].kind} {chain[0].subject_id}"
        return audit.Breach(where, Sentence("The record does not stand where its entries end."))
    return None
