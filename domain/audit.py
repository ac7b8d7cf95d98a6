"""The hash chain over each case's timeline, the daily anchor over all chains, and their verification."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlmodel import Session, col

from domain.language import Sentence
from domain.models import Anchor, AnchorLeaf, Case, NumberSeries, RegisterEntry, RegisterHead, TimelineEntry

GENESIS = bytes(32)
BATCH = 500


def canonical(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON that reads the same from both databases (JSONB gives 1e22 back as an integer)."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return value


def entry_hash(previous: bytes, entry: dict[str, Any]) -> bytes:
    """Return SHA-256 over the hash before and the canonical entry (32 bytes)."""
    actor = entry["actor_id"]
    parts = [
        entry["case_id"].hex,
        entry["seq"],
        entry["transition"],
        entry["source"],
        entry["target"],
        actor.hex if actor else None,
        entry["actor_role"],
        entry["actor_name"],
        entry["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        canonical(entry["data"]),
        # Entries of before anything was kept here have none.
        *([canonical(entry["decided"])] if entry["decided"] else []),
    ]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def merkle_root(previous: bytes, leaves: list[bytes]) -> bytes:
    """Return the Merkle root over `leaves` (RFC 9162 node prefixes), bound to the root before."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        # An odd one out goes up as it is.
        level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if pair[1:] else pair[0] for pair in pairs]
    return hashlib.sha256(previous + (level[0] if level else b"")).digest()


def _leaf(case_id: UUID, seq: int, head: bytes) -> bytes:
    return case_id.bytes + seq.to_bytes(8, "big") + head


def set_anchor(session: Session, *, at: datetime) -> Anchor:
    """Store a Merkle root over every chain head that moved since the anchor before, and return it."""
    last = session.execute(select(Anchor).order_by(Anchor.id.desc()).limit(1)).scalar_one_or_none()  # type: ignore[union-attr]
    moved = sorted(
        (*_moved(session, Case.id, Case.version, Case.chain_head),
         *_moved(session, RegisterHead.subject_id, RegisterHead.version, RegisterHead.chain_head)),
        key=lambda row: row[0],
    )  # fmt: skip
    root = merkle_root(last.root if last else GENESIS, [_leaf(*row) for row in moved])
    anchor = Anchor(at=at, root=root, leaves=len(moved))
    session.add(anchor)
    session.flush()
    if moved:
        rows = [{"anchor_id": anchor.id, "case_id": i, "seq": s, "hash": h} for i, s, h in moved]
        session.execute(insert(AnchorLeaf), rows)
    return anchor


def _moved(session: Session, subject: Any, version: Any, head: Any) -> list[tuple[UUID, int, bytes]]:  # noqa: ANN401 - columns
    known = select(1).where(col(AnchorLeaf.case_id) == subject, col(AnchorLeaf.seq) == version).exists()
    return [(row[0], row[1], row[2]) for row in session.execute(select(subject, version, head).where(~known))]


@dataclass(frozen=True, slots=True)
class Breach:
    """The first place where the record does not hold."""

    where: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what is broken (nothing, hopefully)."""

    cases: int
    entries: int
    anchors: int
    breaches: tuple[Breach, ...]
    records: int = 0
    """Subjects of the register with entries of their own."""

    @property
    def whole(self) -> bool:
        """Return whether every chain and every anchor holds."""
        return not self.breaches


def verify(session: Session) -> Verified:
    """Recompute every chain, every case's state, every series of numbers and every anchor."""
    cases = entries = 0
    breaches: list[Breach] = []
    numbers: dict[str, set[int]] = defaultdict(set)
    for case, timeline in cases_with_timelines(session):
        cases += 1
        entries += len(timeline)
        series, _, number = case.number.rpartition("-")
        numbers[series].add(int(number))
        if breach := _verify_case(case, timeline):
            breaches.append(breach)
    breaches += _verify_numbers(session, numbers)
    anchors, anchor_breaches = _verify_anchors(session)
    return Verified(cases, entries, anchors, (*breaches, *anchor_breaches))


def cases_with_timelines(session: Session) -> Iterator[tuple[Case, list[TimelineEntry]]]:
    """Yield every case with its entries in their order, batch by batch; both are let go of after each batch."""
    after: UUID | None = None
    while True:
        query = select(Case).order_by(col(Case.id)).limit(BATCH)
        if after:
            query = query.where(col(Case.id) > after)
        batch = list(session.execute(query).scalars())
        if not batch:
            return
        ids = [case.id for case in batch]
        timelines: dict[UUID, list[TimelineEntry]] = {case_id: [] for case_id in ids}
        rows = session.execute(
            select(TimelineEntry)
            .where(TimelineEntry.case_id.in_(ids))  # type: ignore[attr-defined]
            .order_by(TimelineEntry.case_id, TimelineEntry.seq)  # type: ignore[arg-type]
        ).scalars()
        for row in rows:
            timelines[row.case_id].append(row)
        for case in batch:
            yield case, timelines[case.id]
        after = ids[-1]
        session.expunge_all()


def _verify_case(case: Case, timeline: list[TimelineEntry]) -> Breach | None:
    head, state, seq = GENESIS, None, 0
    for entry in timeline:
        seq += 1
        where = f"{case.number} #{entry.seq} {entry.transition}"
        if entry.seq != seq:
            return Breach(where, Sentence("An entry before it is missing."))
        if entry.source != state:
            return Breach(where, Sentence("It does not start where the entry before it ended."))
        head = entry_hash(head, entry.model_dump())
        if head != entry.hash:
            return Breach(where, Sentence("The entry was changed after it was written."))
        state = entry.target
    if (case.state, case.version, case.chain_head) != (state, seq, head):
        return Breach(case.number, Sentence("The case does not stand where its timeline ends."))
    return None


def _verify_numbers(session: Session, numbers: Mapping[str, set[int]]) -> Iterator[Breach]:
    """Numbers are gapless (ADR 6), so one that no case bears was taken away with its case."""
    given = {f"{row.prefix}-{row.year}": row.last for row in session.execute(select(NumberSeries)).scalars()}
    for series in sorted({*given, *numbers}):
        borne, last = numbers.get(series, set()), given.get(series, 0)
        for number in sorted(set(range(1, last + 1)) - borne):
            gone = Sentence("This number was given out, but its case is gone.")
            yield Breach(f"{series}-{number:06d}", gone)
        if borne and max(borne) > last:
            yield Breach(series, Sentence("The series of numbers was set back."))


def _now_written() -> Any:  # noqa: ANN401 - a column
    return func.coalesce(col(TimelineEntry.hash), col(RegisterEntry.hash))


def _verify_anchors(session: Session) -> tuple[int, list[Breach]]:
    root, count = GENESIS, 0
    breaches: list[Breach] = []
    for anchor in session.execute(select(Anchor).order_by(Anchor.id)).scalars():  # type: ignore[arg-type]
        count += 1
        leaves = session.execute(
            select(AnchorLeaf.case_id, AnchorLeaf.seq, AnchorLeaf.hash, _now_written())  # type: ignore[call-overload]
            .outerjoin(
                TimelineEntry,
                (TimelineEntry.case_id == AnchorLeaf.case_id) & (TimelineEntry.seq == AnchorLeaf.seq),
            )
            .outerjoin(
                RegisterEntry,
                (RegisterEntry.subject_id == AnchorLeaf.case_id) & (RegisterEntry.seq == AnchorLeaf.seq),
            )
            .where(AnchorLeaf.anchor_id == anchor.id)
            .order_by(AnchorLeaf.case_id)
        ).all()
        root = merkle_root(root, [_leaf(case_id, seq, head) for case_id, seq, head, _ in leaves])
        where = f"anchor {anchor.id} of {anchor.at:%Y-%m-%d}"
        if root != anchor.root or len(leaves) != anchor.leaves:
            breaches.append(Breach(where, Sentence("The anchor does not fit its own list.")))
        for case_id, seq, head, now in leaves:
            entry = f"{where}, case or record {case_id} #{seq}"
            if now is None:
                breaches.append(Breach(entry, Sentence("The case or record has vanished.")))
            elif now != head:
                breaches.append(Breach(entry, Sentence("The entry was rewritten with its chain.")))
        root = anchor.root
    return count, breaches
