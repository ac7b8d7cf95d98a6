"""Whatever is changed behind the workflow's back is found and named: each way of it once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from domain import audit, cases
from domain.database import Database
from domain.models import Anchor, Case, TimelineEntry
from tests.journeys import reach
from tests.world import World

GONE = "This number was given out, but its case is gone."


@pytest.fixture
def four(db: Database, world: World) -> list[Case]:
    """Return four cases with some history, anchored."""
    with db.write() as session:
        made = [reach(session, world, "hazard_report", state) for state in ("replied", "checked", "merged")]
        audit.set_anchor(session, at=world.clock.now)
    return made


def run(session: Session, statement: str, **values: Any) -> None:
    """Change rows as somebody with the database's password would, foreign keys out of the way."""
    typed = {name: _as_stored(session, value) for name, value in values.items()}
    assert session.execute(text(statement), typed).rowcount > 0


def _as_stored(session: Session, value: Any) -> Any:
    if isinstance(value, UUID) and session.get_bind().dialect.name == "sqlite":
        return value.hex
    return value


def without_foreign_keys(session: Session) -> None:
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        return
    session.execute(text("SET session_replication_role = replica"))


def breaches(session: Session) -> dict[str, str]:
    return {breach.where: str(breach.reason) for breach in audit.verify(session).breaches}


def test_untouched_record_is_whole(db: Database, four: list[Case]) -> None:
    with db.read() as session:
        verified = audit.verify(session)

    assert verified.whole
    assert (verified.cases, verified.anchors) == (4, 1)
    assert verified.entries == sum(case.version for case in four) + 2  # the merge's other case: opened, absorbed


CHANGED = "The entry was changed after it was written."
ENTRY = "WHERE case_id = :id AND seq = 2"


@pytest.mark.parametrize(
    "change",
    [
        "actor_name = '别人'",
        "actor_role = 'leader'",
        "actor_id = NULL",
        "transition = 'reject'",
        "data = '{}'",
        "at = '2026-01-01 00:00:00.000000+00:00'",
        "hash = chain_head FROM cases",
    ],
)
def test_changed_entry_is_named(db: Database, four: list[Case], change: str) -> None:
    case = four[0]
    with db.write() as session:
        if "FROM" in change:
            change = "hash = (SELECT chain_head FROM cases WHERE cases.id = timeline_entry.case_id)"
        run(session, f"UPDATE timeline_entry SET {change} {ENTRY}", id=case.id)

    with db.read() as session:
        [(where, reason)] = [item for item in breaches(session).items() if not item[0].startswith("anchor")]
    assert where.startswith(f"{case.number} #2 ")
    assert reason == CHANGED


def test_changed_target_is_named(db: Database, four: list[Case]) -> None:
    with db.write() as session:
        run(session, f"UPDATE timeline_entry SET target = 'closed' {ENTRY}", id=four[0].id)

    with db.read() as session:
        assert breaches(session) == {f"{four[0].number} #2 accept": CHANGED}


def test_changed_source_is_named(db: Database, four: list[Case]) -> None:
    with db.write() as session:
        run(session, f"UPDATE timeline_entry SET source = 'closed' {ENTRY}", id=four[0].id)

    with db.read() as session:
        found = breaches(session)
    assert found == {f"{four[0].number} #2 accept": "It does not start where the entry before it ended."}


def test_removed_entry_in_the_middle_is_named(db: Database, four: list[Case]) -> None:
    with db.write() as session:
        run(session, "DELETE FROM timeline_entry WHERE case_id = :id AND seq = 3", id=four[0].id)

    with db.read() as session:
        assert breaches(session)[f"{four[0].number} #4 start_check"] == "An entry before it is missing."


def test_removed_last_entry_is_named(db: Database, four: list[Case]) -> None:
    case = four[1]
    with db.write() as session:
        run(session, "DELETE FROM timeline_entry WHERE case_id = :id AND seq = :seq", id=case.id, seq=case.version)

    with db.read() as session:
        assert breaches(session)[case.number] == "The case does not stand where its timeline ends."


@pytest.mark.parametrize("change", ["state = 'closed'", "version = version + 1", "chain_head = hash"])
def test_swapped_state_version_or_head_is_named(db: Database, four: list[Case], change: str) -> None:
    case = four[1]
    change = change.replace("= hash", "= (SELECT hash FROM timeline_entry WHERE case_id = cases.id AND seq = 1)")
    with db.write() as session:
        run(session, f"UPDATE cases SET {change} WHERE id = :id", id=case.id)

    with db.read() as session:
        assert breaches(session) == {case.number: "The case does not stand where its timeline ends."}


def test_removed_case_is_missed_by_number_and_by_anchor(db: Database, four: list[Case]) -> None:
    case = four[0]
    with db.write() as session:
        without_foreign_keys(session)
        for table in ("timeline_entry", "outbox", "clock", "receipt"):
            session.execute(text(f"DELETE FROM {table} WHERE case_id = :id"), {"id": _as_stored(session, case.id)})
        run(session, "DELETE FROM cases WHERE id = :id", id=case.id)

    with db.read() as session:
        found = breaches(session)
    assert found.pop(case.number) == GONE
    assert list(found.values()) == ["The case or record has vanished."]
    assert str(case.id) in next(iter(found))


@pytest.mark.usefixtures("four")
def test_case_removed_before_any_anchor_is_missed_by_its_number(db: Database, world: World) -> None:
    with db.write() as session:
        late = reach(session, world, "rectification", "ordered")
    with db.write() as session:
        for table in ("timeline_entry", "outbox", "clock"):
            session.execute(text(f"DELETE FROM {table} WHERE case_id = :id"), {"id": _as_stored(session, late.id)})
        run(session, "DELETE FROM cases WHERE id = :id", id=late.id)

    with db.read() as session:
        assert breaches(session) == {late.number: GONE}


def test_series_set_back_is_named(db: Database, four: list[Case]) -> None:
    del four
    with db.write() as session:
        run(session, "UPDATE number_series SET last = 2")

    with db.read() as session:
        assert breaches(session) == {"JB-2026": "The series of numbers was set back."}


def rewrite(session: Session, case_id: UUID, change: Callable[[TimelineEntry], None]) -> None:
    """Change an entry and everything after it so that the chain holds again: only an anchor can tell."""
    head = audit.GENESIS
    for entry in session.exec(
        select(TimelineEntry).where(TimelineEntry.case_id == case_id).order_by(TimelineEntry.seq)
    ):
        if entry.seq == 2:
            change(entry)
        entry.hash = head = audit.entry_hash(head, entry.model_dump())
        session.add(entry)
    case = cases.by_id(session, case_id)
    case.chain_head = head
    session.add(case)
    session.flush()


def test_rewritten_chain_is_found_by_the_anchor(db: Database, four: list[Case]) -> None:
    with db.write() as session:
        rewrite(session, four[0].id, lambda entry: setattr(entry, "actor_name", "别人"))

    with db.read() as session:
        found = breaches(session)
    assert list(found.values()) == ["The entry was rewritten with its chain."]
    assert f"case or record {four[0].id} #{four[0].version}" in next(iter(found))


@pytest.mark.parametrize(
    "change", ["UPDATE anchor SET leaves = leaves + 1", "UPDATE anchor SET root = hash", "DELETE FROM anchor_leaf"]
)
def test_changed_anchor_is_named(db: Database, four: list[Case], change: str) -> None:
    del four
    with db.write() as session:
        run(
            session,
            change.replace("= hash", "= (SELECT hash FROM anchor_leaf LIMIT 1)") if "root" in change else change,
        )

    with db.read() as session:
        assert list(breaches(session).values()) == ["The anchor does not fit its own list."]


def test_removed_anchor_breaks_the_next(db: Database, world: World, four: list[Case]) -> None:
    with db.write() as session:
        reach(session, world, "hazard_report", "accepted")
        second = audit.set_anchor(session, at=world.clock.advance(days=1))
        session.delete(session.exec(select(Anchor).where(Anchor.id != second.id)).one())
        session.execute(text("DELETE FROM anchor_leaf WHERE anchor_id <> :kept"), {"kept": second.id})

    with db.read() as session:
        found = breaches(session)
    assert list(found.values()) == ["The anchor does not fit its own list."]
    assert next(iter(found)).endswith("2026-08-24")
    assert four


def test_anchor_holds_only_what_moved_since_the_last(db: Database, world: World, four: list[Case]) -> None:
    with db.write() as session:
        case = cases.by_id(session, four[1].id)
        actor = world.actor(session, "handler")
        cases.fire(session, case, "comment", actor=actor, at=world.clock.now, data={"text": "看过"})

        second = audit.set_anchor(session, at=world.clock.now + timedelta(days=1))
        third = audit.set_anchor(session, at=world.clock.now + timedelta(days=2))

        assert (second.leaves, third.leaves) == (1, 0)
        assert audit.verify(session).whole


def test_hash_is_what_the_documentation_says(db: Database, four: list[Case]) -> None:
    """Anybody can check a chain without our code: SHA-256 over the hash before and this JSON."""
    with db.read() as session:
        first = session.get_one(TimelineEntry, (four[1].id, 1))
        second = session.get_one(TimelineEntry, (four[1].id, 2))

    said = [
        second.case_id.hex, 2, "accept", "reported", "accepted", second.actor_id and second.actor_id.hex, "handler",
        "赵受理", "2026-08-23T05:58:00.000000+00:00", second.data, second.decided,
    ]  # fmt: skip
    line = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    assert second.hash == hashlib.sha256(first.hash + line.encode()).digest()


@pytest.mark.parametrize("number", [0.1, 1e22, -0.0, 1e-7, 123456789.125, 5.0])
def test_numbers_hash_the_same_on_both_databases(db: Database, world: World, number: float) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "assigned")
        actor = world.actor(session, "warden")
        data = {"no_code_reason": "无码", "accuracy_m": abs(number)}
        cases.fire(session, case, "start_check", actor=actor, at=world.clock.now, data=data)

    with db.read() as session:
        assert audit.verify(session).whole
