"""Changes the keys of the vault while work goes on: seals everything anew under the current key, batch by batch.

What is sealed or marked with a key stands in `BOXES` and `MARKS`; whoever adds such a place adds it there. A batch is
one short transaction, and one that was begun and lost has changed nothing: going over it again is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, or_, select, true, update
from sqlmodel import Session

from domain import apart, places, sealed
from domain.database import Database
from domain.language import Sentence
from domain.models import Case, VaultItem
from domain.vault import VaultError

AT_ONCE = 100
"""Rows of one transaction: on SQLite every writer waits for it (some 10 ms)."""
UNKNOWN = "?"
"""Stands for a key that is not in the keyring."""
WITHOUT_KEY = "-"
"""Stands for the key of a mark that names none: an earlier version made it."""

_ITEMS: Any = VaultItem.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Mark:
    """A fact of a case that marks what another fact keeps sealed."""

    fact: str
    of: str
    """The fact that points at the text."""
    normalised: Callable[[str], str] = str


MARKS = (
    Mark("reporter_mark", of="phone"),
    Mark(places.MARK, of=places.WORDS, normalised=places.normalised),
    Mark("applicant_mark", of="phone"),
)
"""Every keyed mark that is kept; those of throttles and repeated requests are forgotten within two days."""
BOXES = ((_ITEMS, "box"),)
"""Every column with sealed values: other tables point at rows of `vault_item`."""


@dataclass(frozen=True, slots=True)
class Done:
    """How far a pass has come: the last row it looked at (None: it is through), and what became of the rows."""

    last: UUID | None
    changed: int
    unreadable: int = 0
    """Values that no key opens any more, or that were tampered with: they stay as they are."""


class NotAllResealed(Exception):
    """Some values cannot be sealed anew: their key is gone, or they were tampered with."""

    def __init__(self, count: int) -> None:
        super().__init__(str(count))
        self.count = count
        self.reason = Sentence(
            "%(count)s sealed values and marks could not be renewed: no key opens them; everything else is done.",
            count=count,
        )


def holdings(session: Session) -> dict[str, int]:
    """Return key id → how many values need it, current first; `UNKNOWN` for those no key of ours opens."""
    headers = sealed.keyring().headers
    counts = {
        key: _count(session, _ITEMS, func.substr(_ITEMS.c.box, 1, len(header)) == header)
        for key, header in headers.items()
    }
    counts[UNKNOWN] = _count(session, _ITEMS, true()) - sum(counts.values())
    for mark in MARKS:
        stored = _CASES.c.facts[mark.fact].as_string()
        of_key = {key: func.substr(stored, 1, len(key) + 1) == f"{key}:" for key in headers}
        for key, condition in of_key.items():
            counts[key] += _count(session, _CASES, condition & _may_have_marks())
        rest = _count(session, _CASES, stored.is_not(None) & ~or_(*of_key.values()) & _may_have_marks())
        counts[WITHOUT_KEY] = counts.get(WITHOUT_KEY, 0) + rest
    return {key: count for key, count in counts.items() if count or key in headers}


def remaining(session: Session) -> int:
    """Return how many values are left to be sealed or marked anew."""
    items = _count(session, _ITEMS, _is_old_box())
    return items + _count(session, _CASES, _has_old_mark())


def _count(session: Session, table: Any, condition: ColumnElement[bool]) -> int:  # noqa: ANN401 - a table
    return int(session.execute(select(func.count()).select_from(table).where(condition)).scalar_one())


def _is_old_box() -> ColumnElement[bool]:
    ring = sealed.keyring()
    header = ring.headers[ring.current_id]
    old: ColumnElement[bool] = func.substr(_ITEMS.c.box, 1, len(header)) != header
    return old


def _has_old_mark() -> ColumnElement[bool]:
    current = f"{sealed.keyring().current_id}:"
    stored = (_CASES.c.facts[mark.fact].as_string() for mark in MARKS)
    old = or_(*(value.is_not(None) & (func.substr(value, 1, len(current)) != current) for value in stored))
    return old & _may_have_marks()


def _may_have_marks() -> ColumnElement[bool]:
    """Leave out routine cases: nobody from outside reports or applies in one."""
    return apart.not_routine(_CASES.c)


def passes(database: Database) -> Iterator[Done]:
    """Seal and mark everything anew, and yield after every batch; goes round until nothing is left.

    What another transaction holds at that moment is passed over and comes with the next round; so does what a step
    that began before wrote back as it was. After a round that changed nothing the caller may pause. Raises
    `NotAllResealed` when all that is left cannot be opened.
    """
    while True:
        changed = unreadable = 0
        for done in _round(database):
            changed += done.changed
            unreadable += done.unreadable
            yield done
        with database.read() as session:
            left = remaining(session)
        if not left:
            return
        if not changed and unreadable >= left:
            raise NotAllResealed(left)


def _round(database: Database) -> Iterator[Done]:
    for batch in (reseal_items, renew_marks):
        last: UUID | None = None
        while True:
            with database.write() as session:
                done = batch(session, after=last)
            yield done
            if (last := done.last) is None:
                break


def reseal_items(session: Session, *, after: UUID | None = None, most: int = AT_ONCE) -> Done:
    """Seal the next items anew, and their blind indexes with them."""
    chosen = select(_ITEMS.c.id, _ITEMS.c.kind, _ITEMS.c.box, _ITEMS.c.blind_index).where(_is_old_box())
    if after is not None:
        chosen = chosen.where(_ITEMS.c.id > after)
    rows = session.execute(chosen.order_by(_ITEMS.c.id).limit(most).with_for_update(skip_locked=True)).all()
    values = [value for row in rows if (value := _sealed_anew(row))]
    if values:
        anew = update(_ITEMS).where(_ITEMS.c.id == bindparam("_id")).values(
            box=bindparam("_box"), blind_index=bindparam("_index")
        )  # fmt: skip
        session.connection().execute(anew, values)
    return Done(rows[-1].id if len(rows) == most else None, len(values), len(rows) - len(values))


def _sealed_anew(row: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a row
    ring, context = sealed.keyring(), f"{row.kind}:{row.id}"
    try:
        text = ring.unseal(row.box, context=context)
    except VaultError:
        return None
    index = ring.blind_index(text.decode(), context=row.kind) if row.blind_index is not None else None
    return {"_id": row.id, "_box": ring.seal(text, context=context), "_index": index}


def renew_marks(session: Session, *, after: UUID | None = None, most: int = AT_ONCE) -> Done:
    """Make the marks of the next cases anew; a case that moves at this moment keeps its step and comes again.

    No step is taken: the marks are no part of a case's record, and its version stays as it is.
    """
    chosen = select(_CASES.c.id, _CASES.c.version, _CASES.c.facts).where(_has_old_mark())
    if after is not None:
        chosen = chosen.where(_CASES.c.id > after)
    rows = session.execute(chosen.order_by(_CASES.c.id).limit(most).with_for_update(skip_locked=True)).all()
    texts = _opened(session, [row.facts for row in rows])
    changed = kept = 0
    for row in rows:
        facts = {**row.facts, **_marked_anew(row.facts, texts)}
        kept += any(stored and not sealed.is_current_mark(stored) for stored in (facts.get(m.fact) for m in MARKS))
        if facts != row.facts:
            here = (_CASES.c.id == row.id) & (_CASES.c.version == row.version)
            session.execute(update(_CASES).where(here).values(facts=facts))
            changed += 1
    return Done(rows[-1].id if len(rows) == most else None, changed, kept)


def _opened(session: Session, several: list[dict[str, Any]]) -> dict[UUID, str | None]:
    """Return what the marks of these cases were made of; None for what is there and opens with no key."""
    pointed = {item for facts in several for mark in MARKS if (item := sealed.referenced(facts.get(mark.of)))}
    try:
        return {**sealed.get_many(session, list(pointed))}
    except VaultError:  # one of them: the others are opened all the same
        return dict(text for item in pointed for text in _text(session, item))


def _text(session: Session, item: UUID) -> list[tuple[UUID, str | None]]:
    try:
        return [(item, sealed.get(session, item))]
    except VaultError:
        return [(item, None)]
    except sealed.NothingSealed:
        return []


def _marked_anew(facts: dict[str, Any], texts: dict[UUID, str | None]) -> dict[str, str | None]:
    anew: dict[str, str | None] = {}
    for mark in MARKS:
        if not facts.get(mark.fact):
            continue
        item = sealed.referenced(facts.get(mark.of))
        if item is None or item not in texts:
            # What was removed after its time cannot be marked anew, and is compared with nothing any more.
            anew[mark.fact] = None
        elif (text := texts[item]) is not None:  # else the key may come back: the mark of that day stays
            anew[mark.fact] = sealed.mark(mark.normalised(text))
    return anew
