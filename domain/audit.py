"""The hash chain over each case's timeline, the daily anchor over all chains, and their verification."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, literal, select, union_all
from sqlmodel import Session, col

from domain import apart
from domain.language import Sentence
from domain.models import Anchor, AnchorLeaf, Case, NumberSeries, RegisterEntry, RegisterHead, TimelineEntry

GENESIS = bytes(32)
BATCH = 500
STREAMED = 5000
"""Rows of an anchor held at once."""
MOST_NUMBERS = 10**9
"""Of a series and a year; a case that bears a higher one was not given it by us."""
OVERLAP = timedelta(days=2)
"""How long before an anchor a step may be dated that was written down after it."""


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


class Tree:
    """A Merkle tree (RFC 9162 node prefixes) that grows leaf by leaf and keeps one node per level, however many."""

    def __init__(self) -> None:
        self._nodes: list[tuple[int, bytes]] = []
        """(level, hash) of the whole subtrees so far, the widest first."""

    def add(self, leaf: bytes) -> None:
        """Add the next leaf."""
        level, node = 0, hashlib.sha256(b"\x00" + leaf).digest()
        while self._nodes and self._nodes[-1][0] == level:
            level, node = level + 1, hashlib.sha256(b"\x01" + self._nodes.pop()[1] + node).digest()
        self._nodes.append((level, node))

    def root(self, previous: bytes) -> bytes:
        """Return the root, bound to the root before; an odd one out went up as it is."""
        nodes = [node for _, node in self._nodes]
        top = nodes.pop() if nodes else b""
        while nodes:
            top = hashlib.sha256(b"\x01" + nodes.pop() + top).digest()
        return hashlib.sha256(previous + top).digest()


def merkle_root(previous: bytes, leaves: Iterable[bytes]) -> bytes:
    """Return the Merkle root over `leaves`, bound to the root before."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root(previous)


def _leaf(case_id: UUID, seq: int, head: bytes) -> bytes:
    return case_id.bytes + seq.to_bytes(8, "big") + head


def set_anchor(session: Session, *, at: datetime) -> Anchor:
    """Store a Merkle root over every chain head that moved since the anchor before, and return it.

    The heads are copied and read within the database: so many may have moved that they would not fit into memory.
    """
    last = session.execute(select(Anchor).order_by(Anchor.id.desc()).limit(1)).scalar_one_or_none()  # type: ignore[union-attr]
    anchor = Anchor(at=at, root=GENESIS)
    session.add(anchor)
    session.flush()
    moved = union_all(
        _moved(anchor, Case.id, Case.version, Case.chain_head, apart.not_routine(Case)),
        _moved(anchor, Case.id, Case.version, Case.chain_head, *_routine_since(last, at)),
        _moved(anchor, RegisterHead.subject_id, RegisterHead.version, RegisterHead.chain_head),
    )
    columns = ["anchor_id", "case_id", "seq", "hash"]
    session.execute(insert(AnchorLeaf).from_select(columns, moved))
    tree, anchor.leaves = Tree(), 0
    for row in _leaves_of(session, anchor):
        tree.add(_leaf(*row))
        anchor.leaves += 1
    anchor.root = tree.root(last.root if last else GENESIS)
    session.flush()
    return anchor


def _routine_since(last: Anchor | None, at: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions that leave the routine cases an anchor looks at: those that moved lately.

    They are too many to look at each of them every day; the first anchor of a month does, for what was written down
    with a moment of long before (a loaded city).
    """
    if last is None or (last.at.year, last.at.month) != (at.year, at.month):
        return [apart.routine(Case)]
    return [apart.routine(Case), col(Case.changed_at) > last.at - OVERLAP]


def _moved(anchor: Anchor, subject: Any, version: Any, head: Any, *where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - columns, a select
    known = select(1).where(col(AnchorLeaf.case_id) == subject, col(AnchorLeaf.seq) == version).exists()
    return select(literal(anchor.id), subject, version, head).where(*where, ~known)


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
    numbers: dict[str, Borne] = defaultdict(Borne)
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


class Borne:
    """The numbers of a series that cases bear: a bit each, for a year has millions."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self.highest = 0

    def add(self, number: int) -> None:
        """Note that a case bears it."""
        self.highest = max(self.highest, number)
        if number > MOST_NUMBERS:
            return
        place, bit = divmod(number, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << bit

    def missing(self, last: int) -> Iterator[int]:
        """Yield the numbers from 1 to `last` that no case bears."""
        for number in range(1, last + 1):
            place, bit = divmod(number, 8)
            if place >= len(self._bits) or not self._bits[place] & (1 << bit):
                yield number


def _verify_numbers(session: Session, numbers: Mapping[str, Borne]) -> Iterator[Breach]:
    """Numbers are gapless (ADR 6), so one that no case bears was taken away with its case."""
    given = {f"{row.prefix}-{row.year}": row.last for row in session.execute(select(NumberSeries)).scalars()}
    for series in sorted({*given, *numbers}):
        borne, last = numbers.get(series, Borne()), given.get(series, 0)
        for number in borne.missing(last):
            gone = Sentence("This number was given out, but its case is gone.")
            yield Breach(f"{series}-{number:06d}", gone)
        if borne.highest > last:
            yield Breach(series, Sentence("The series of numbers was set back."))


def _now_written() -> Any:  # noqa: ANN401 - a column
    return func.coalesce(col(TimelineEntry.hash), col(RegisterEntry.hash))


def _verify_anchors(session: Session) -> tuple[int, list[Breach]]:
    root, breaches = GENESIS, []
    anchors = session.execute(select(Anchor).order_by(Anchor.id)).scalars().all()  # type: ignore[arg-type]
    for anchor in anchors:
        where = f"anchor {anchor.id} of {anchor.at:%Y-%m-%d}"
        tree, leaves = Tree(), 0
        for case_id, seq, head, now in _leaves_of(session, anchor, _now_written()):
            tree.add(_leaf(case_id, seq, head))
            leaves += 1
            entry = f"{where}, case or record {case_id} #{seq}"
            if now is None:
                breaches.append(Breach(entry, Sentence("The case or record has vanished.")))
            elif now != head:
                breaches.append(Breach(entry, Sentence("The entry was rewritten with its chain.")))
        if tree.root(root) != anchor.root or leaves != anchor.leaves:
            breaches.append(Breach(where, Sentence("The anchor does not fit its own list.")))
        root = anchor.root
    return len(anchors), breaches


def _leaves_of(session: Session, anchor: Anchor, *besides: Any) -> Iterator[Any]:  # noqa: ANN401 - columns, rows
    """Yield (case or record, seq, hash) of each leaf by its id, so many at a time; with `besides` of its entry now."""
    leaf = col(AnchorLeaf.case_id)
    query = select(leaf, col(AnchorLeaf.seq), col(AnchorLeaf.hash), *besides)
    if besides:
        of_case = and_(col(TimelineEntry.case_id) == leaf, col(TimelineEntry.seq) == col(AnchorLeaf.seq))
        of_record = and_(col(RegisterEntry.subject_id) == leaf, col(RegisterEntry.seq) == col(AnchorLeaf.seq))
        query = query.outerjoin(TimelineEntry, of_case).outerjoin(RegisterEntry, of_record)
    query = query.where(col(AnchorLeaf.anchor_id) == anchor.id).order_by(leaf).limit(STREAMED)
    some = session.execute(query).all()
    while some:
        yield from some
        some = session.execute(query.where(leaf > some[-1].case_id)).all() if len(some) == STREAMED else []
