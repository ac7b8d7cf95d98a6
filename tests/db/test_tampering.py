"""Whoever changes, removes, moves or adds any row of the record by hand is found, and the place is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, col

from domain import audit, cases, register_log
from domain.audit import Breach
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, RegisterEntry, RegisterHead, TimelineEntry
from tests.journeys import TO_REPLIED, press, report
from tests.world import World

ROWS = 1_000
WHOLE = 40
"""So many of them by verifying everything, as the command does."""
SEED = 20261120
CASES, SUBJECTS, CHANGES = 90, 120, 6

_ENTRIES: Any = TimelineEntry.__table__
_RECORDS: Any = RegisterEntry.__table__
_HEADS: Any = RegisterHead.__table__


def fill(db: Database, world: World, *, reports: int = CASES, subjects: int = SUBJECTS) -> None:
    """Write a record of some size: reports on their way, subjects of the register that change."""
    with db.write() as session:
        for number in range(reports):
            case = report(session, world, description=f"第 {number} 件", phone="13912345678" if number % 3 else None)
            for who, step in TO_REPLIED[: number % 6]:
                team = {"assignee": world.people["warden"], "second": None} if step == "assign" else {}
                press(session, world, case, who, step, **team)
            for _ in range(number % 7):
                press(session, world, case, "supervisor", "comment", text="看过", note="1.5 m")
                world.clock.advance(minutes=1)
        admin = world.actor(session, "admin")
        for _ in range(subjects):
            subject = new_id()
            for change in range(1 + subject.bytes[-1] % CHANGES):
                data = {"name": ["旧名", f"新名 {change}"], "lat": [24.5, 24.0 + change]}
                register_log.record(session, "venue", subject, "change", actor=admin, at=world.clock.now, data=data)
                world.clock.advance(seconds=1)
        audit.set_anchor(session, at=world.clock.now)


@dataclass(frozen=True)
class Row:
    """One row of one of the two records, with what is at hand to tamper with it."""

    table: Any
    values: Mapping[str, Any]
    rng: Random

    @property
    def subject(self) -> UUID:
        return self.values["case_id" if self.table is _ENTRIES else "subject_id"]

    @property
    def here(self) -> Any:
        subject = self.table.c.case_id if self.table is _ENTRIES else self.table.c.subject_id
        return (subject == self.subject) & (self.table.c.seq == self.values["seq"])

    def set(self, session: Session, **values: Any) -> None:
        changed = session.execute(update(self.table).where(self.here).values(**values))
        assert changed.rowcount == 1


def other_words(row: Row, name: str) -> str:
    return f"{row.values[name] or ''}x"[-30:]


def other_data(row: Row, name: str = "data") -> dict[str, Any]:
    data = dict(row.values[name])
    if data and row.rng.random() < 0.5:
        data.pop(row.rng.choice(sorted(data)))
    elif data and row.rng.random() < 0.5:
        data[row.rng.choice(sorted(data))] = "anderes"
    else:
        data["beside"] = None
    return data


def flipped(row: Row) -> bytes:
    place, changed = row.rng.randrange(32), bytearray(row.values["hash"])
    changed[place] ^= 1 << row.rng.randrange(8)
    return bytes(changed)


def earlier(row: Row) -> Any:
    return row.values["at"] - timedelta(microseconds=row.rng.choice((1, 1_000_000, 86_400_000_000)))


COLUMNS: dict[str, Callable[[Row], Any]] = {
    "seq": lambda row: row.values["seq"] + 1_000,
    "actor_id": lambda row: None if row.values["actor_id"] else new_id(),
    "actor_role": lambda row: "leader" if row.values["actor_role"] != "leader" else "warden",
    "actor_name": lambda row: other_words(row, "actor_name"),
    "at": earlier,
    "data": other_data,
    "decided": lambda row: other_data(row, "decided"),
    "hash": flipped,
    "transition": lambda row: other_words(row, "transition"),
    "source": lambda row: other_words(row, "source"),
    "target": lambda row: other_words(row, "target"),
    "kind": lambda row: other_words(row, "kind"),
    "action": lambda row: other_words(row, "action"),
}


def moved(session: Session, row: Row) -> None:
    """Put the row under another subject."""
    if row.table is _RECORDS:
        row.set(session, subject_id=new_id())
    else:
        others = select(col(Case.id)).where(col(Case.id) != row.subject).limit(1)
        row.set(session, case_id=session.execute(others).scalar_one(), seq=5_000)


def removed(session: Session, row: Row) -> None:
    session.execute(delete(row.table).where(row.here))


def added(session: Session, row: Row) -> None:
    """Write one more entry behind the last, with a hash that fits the chain."""
    last = session.execute(_chain(row).order_by(row.table.c.seq.desc()).limit(1)).one()._mapping
    one_more = {**last, "seq": last["seq"] + 1}
    if row.table is _ENTRIES:
        one_more["source"] = one_more["target"]
        one_more["hash"] = audit.entry_hash(last["hash"], one_more)
    else:
        one_more["hash"] = register_log.entry_hash(last["hash"], one_more)
    session.execute(insert(row.table), [one_more])


def columns_of(table: Any) -> list[str]:
    return [name for name in COLUMNS if name in table.c]


def tamper(session: Session, row: Row, how: str) -> None:
    others = {"moved": moved, "removed": removed, "added": added}
    if how in others:
        others[how](session, row)
    else:
        row.set(session, **{how: COLUMNS[how](row)})


def _chain(row: Row) -> Any:
    subject = row.table.c.case_id if row.table is _ENTRIES else row.table.c.subject_id
    return select(row.table).where(subject == row.subject)


def breach_of(session: Session, row: Row) -> Breach | None:
    """Verify the one subject the row belongs to, as the whole verification does."""
    session.expire_all()
    if row.table is _ENTRIES:
        case = cases.by_id(session, row.subject)
        entries = session.execute(
            select(TimelineEntry).where(col(TimelineEntry.case_id) == row.subject).order_by(col(TimelineEntry.seq))
        )
        return audit._verify_case(case, list(entries.scalars()))
    chain = list(session.execute(_chain(row).order_by(_RECORDS.c.seq)))
    head = session.execute(select(_HEADS).where(_HEADS.c.subject_id == row.subject)).one()
    if not chain:
        return next(breach for _, breach in register_log.chains(session) if breach and str(row.subject) in breach.where)
    return register_log._broken(chain, head)


def name_of(session: Session, row: Row) -> str:
    if row.table is _ENTRIES:
        return cases.by_id(session, row.subject).number
    return str(row.subject)


def drawn(session: Session, rng: Random) -> list[Row]:
    """Draw the rows: every row of both records has the same chance."""
    everything = [(table, row._mapping) for table in (_ENTRIES, _RECORDS) for row in session.execute(select(table))]
    return [Row(*rng.choice(everything), rng) for _ in range(ROWS)]


@contextmanager
def taken_back(session: Session) -> Iterator[None]:
    """Undo at the end whatever was done within."""
    savepoint = session.begin_nested()
    yield
    savepoint.rollback()


def test_each_of_a_thousand_changed_rows_is_found_and_named(db: Database, world: World) -> None:
    print(f"seed {SEED}")
    rng = Random(SEED)
    fill(db, world)
    found = Counter[str]()

    with db.write() as session:
        assert register_log.verify_everything(session).whole
        for number, row in enumerate(drawn(session, rng)):
            how = rng.choice([*columns_of(row.table), "moved", "removed", "added"])
            with taken_back(session):
                tamper(session, row, how)
                breach = breach_of(session, row)
                assert breach is not None, (how, row)
                assert name_of(session, row) in breach.where, (how, row, breach)
                if how in COLUMNS and how != "seq":
                    assert f"#{row.values['seq']} " in f"{breach.where} ", (how, row, breach)
                if number < WHOLE:
                    everywhere = register_log.verify_everything(session).breaches
                    assert any(name_of(session, row) in each.where for each in everywhere), (how, row, everywhere)
            found[how] += 1
        assert register_log.verify_everything(session).whole, "what was undone is whole again"

    assert found.total() == ROWS
    assert set(found) == {*COLUMNS, "moved", "removed", "added"}


def test_every_column_of_both_records_is_tampered_with() -> None:
    for table, subject in ((_ENTRIES, "case_id"), (_RECORDS, "subject_id")):
        assert {*columns_of(table), subject} == set(table.c.keys())


def test_history_rewritten_with_its_chain_is_found_by_the_anchor(db: Database, world: World) -> None:
    """Somebody who knows how hashes are made rewrites all of them: the anchors still have the old ones."""
    fill(db, world, reports=9, subjects=9)
    rng = Random(SEED)
    with db.write() as session:
        ids = sorted(session.execute(select(col(Case.id))).scalars())
        case_id = rng.choice(ids)
        subject = rng.choice(sorted(session.execute(select(_HEADS.c.subject_id)).scalars()))
        rewrite(session, _ENTRIES, _ENTRIES.c.case_id == case_id, audit.entry_hash)
        rewrite(session, _RECORDS, _RECORDS.c.subject_id == subject, register_log.entry_hash)

        breaches = register_log.verify_everything(session).breaches

    assert {str(case_id), str(subject)} <= {part for breach in breaches for part in breach.where.split()}
    assert {str(breach.reason) for breach in breaches} == {"The entry was rewritten with its chain."}


def rewrite(session: Session, table: Any, of: Any, hashed: Callable[[bytes, Any], bytes]) -> None:
    last = audit.GENESIS
    for row in session.execute(select(table).where(of).order_by(table.c.seq)).all():
        changed = {**row._mapping, "actor_name": "niemand"}
        last = hashed(last, changed)
        here = of & (table.c.seq == row.seq)
        session.execute(update(table).where(here).values(actor_name="niemand", hash=last))
    if table is _ENTRIES:
        session.execute(update(Case).where(col(Case.id) == row.case_id).values(chain_head=last))
    else:
        session.execute(update(_HEADS).where(_HEADS.c.subject_id == row.subject_id).values(chain_head=last))


@pytest.mark.parametrize("column", ["version", "chain_head"])
def test_head_that_was_set_back_is_named(db: Database, world: World, column: str) -> None:
    fill(db, world, reports=9, subjects=9)
    with db.write() as session:
        head = session.execute(select(_HEADS)).first()
        back = {"version": head.version + 1} if column == "version" else {"chain_head": bytes(32)}
        session.execute(update(_HEADS).where(_HEADS.c.subject_id == head.subject_id).values(**back))

        breaches = register_log.verify_everything(session).breaches

    assert [str(head.subject_id) in breach.where for breach in breaches] == [True]
