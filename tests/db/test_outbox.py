"""Promises: claimed under a lease, shared by workers, tried again ever later, held for a person in the end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session, col, select

from domain import outbox
from domain.database import Database
from domain.models import Outbox
from tests.at_once import at_once
from tests.journeys import report
from tests.world import World

LEASE = timedelta(seconds=60)
PROCESS = "hazard_report"


def claim(session: Session, world: World, worker: str = "a", **options: int) -> list[Outbox]:
    return outbox.claim(session, PROCESS, worker=worker, at=world.clock.now, lease=LEASE, **options)


@pytest.fixture
def promise(db: Database, world: World) -> Outbox:
    """Return the one promise of a new report, claimed by worker `a`."""
    with db.write() as session:
        report(session, world)
        [row] = claim(session, world)
    return row


def stored(db: Database, row: Outbox) -> Outbox:
    with db.read() as session:
        return session.get_one(Outbox, row.id)


def test_claimed_promise_is_nobody_elses_until_its_lease_is_over(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        world.clock.advance(seconds=59)
        assert claim(session, world, "b") == []
        world.clock.advance(seconds=1)

        [taken] = claim(session, world, "b")

    assert (taken.id, taken.leased_by, taken.attempts) == (promise.id, "b", 2)


@pytest.mark.parametrize("finish", ["settle", "hold", "retry", "give_back", "extend"])
def test_lost_lease_is_noticed_whatever_is_done(db: Database, world: World, promise: Outbox, finish: str) -> None:
    with db.write() as session:
        world.clock.advance(seconds=61)
        claim(session, world, "b")
    finishes = {
        "settle": partial(outbox.settle, at=world.clock.now, outcome={}),
        "hold": partial(outbox.hold, at=world.clock.now, reason="x"),
        "retry": partial(outbox.retry, at=world.clock.now, reason="x"),
        "give_back": outbox.give_back,
        "extend": partial(outbox.extend, until=world.clock.now),
    }

    with pytest.raises(outbox.LeaseLost), db.write() as session:
        finishes[finish](session, promise, worker="a")

    assert stored(db, promise).leased_by == "b"


def test_settled_promise_is_done_with_its_outcome_and_never_claimed_again(
    db: Database, world: World, promise: Outbox
) -> None:
    with db.write() as session:
        outbox.settle(session, promise, worker="a", at=world.clock.now, outcome={"sid": "SM1"})

    kept = stored(db, promise)
    assert (kept.state, kept.outcome, kept.settled_at, kept.leased_by) == (
        "done",
        {"sid": "SM1"},
        world.clock.now,
        None,
    )
    with db.write() as session:
        world.clock.advance(days=365)
        assert claim(session, world) == []
        with pytest.raises(outbox.LeaseLost):
            outbox.settle(session, promise, worker="a", at=world.clock.now, outcome={})


def test_tries_grow_apart_and_end_with_a_person(db: Database, world: World, promise: Outbox) -> None:
    waits = []
    for _ in range(outbox.GIVE_UP_AFTER):
        with db.write() as session:
            row = session.get_one(Outbox, promise.id)
            outbox.retry(session, row, worker="a", at=world.clock.now, reason="连接被拒绝")
        row = stored(db, promise)
        if row.state == "held":
            break
        waits.append((row.due_at - world.clock.now).total_seconds())
        with db.write() as session:
            world.clock.now = row.due_at - timedelta(microseconds=1)
            assert claim(session, world) == []
            world.clock.now = row.due_at
            assert len(claim(session, world)) == 1

    assert waits == [1, 2, 5, 15, 60, 300, 300, 300, 300, 300, 300]
    held = stored(db, promise)
    assert (held.state, held.attempts, held.outcome["reason"]) == ("held", outbox.GIVE_UP_AFTER, "连接被拒绝")


@pytest.mark.parametrize(("decision", "state"), [("again", "pending"), ("drop", "dropped")])
def test_person_decides_once_on_a_held_promise(
    db: Database,
    world: World,
    promise: Outbox,
    decision: str,
    state: str,
) -> None:
    with db.write() as session:
        outbox.hold(session, promise, worker="a", at=world.clock.now, reason="没有回音")
        assert claim(session, world) == []

        again = decision == "again"
        decide = partial(outbox.release_held, session, promise.id, again=again, at=world.clock.now, note="已电话核实")
        first, second = decide(), decide()

    assert (first, second) == (True, False)
    decided = stored(db, promise)
    assert (decided.state, decided.outcome["note"]) == (state, "已电话核实")
    with db.write() as session:
        assert len(claim(session, world)) == int(again)


def test_returned_claim_costs_no_try_and_is_free_at_once(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        outbox.give_back(session, promise, worker="a")

        [again] = claim(session, world, "b")

    assert again.attempts == 1


def test_longer_lease_keeps_others_away(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        outbox.extend(session, promise, worker="a", until=world.clock.now + timedelta(seconds=120))
        world.clock.advance(seconds=90)

        assert claim(session, world, "b") == []


def test_claim_takes_the_oldest_first_and_no_more_than_asked(db: Database, world: World) -> None:
    numbers = []
    with db.write() as session:
        for _ in range(4):
            numbers.append(report(session, world).id)
            world.clock.advance(seconds=1)

        first, rest = claim(session, world, most=3), claim(session, world, most=3)

    assert [row.case_id for row in (*first, *rest)] == numbers
    assert len(first) == 3


def test_claim_keeps_to_its_process(db: Database, world: World, promise: Outbox) -> None:
    del promise
    with db.write() as session:
        report(session, world)

        other = outbox.claim(session, "rectification", worker="a", at=world.clock.now, lease=LEASE)

    assert other == []


def test_claimers_at_once_share_without_overlap(db: Database, world: World) -> None:
    with db.write() as session:
        for _ in range(20):
            report(session, world)

    def take(worker: str) -> list[Outbox]:
        taken = []
        for _ in range(5):
            with db.write() as session:
                taken += claim(session, world, worker, most=2)
        return taken

    shares = at_once([partial(take, worker) for worker in "abcd"])

    taken = [row.id for share in shares for row in share]
    assert len(taken) == len(set(taken)) == 20


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_rows_another_claim_holds_are_skipped_not_waited_for(db: Database, world: World) -> None:
    with db.write() as session:
        for _ in range(4):
            report(session, world)

    with db.write() as one, db.write() as other:
        mine, theirs = claim(one, world, "a", most=2), claim(other, world, "b", most=4)

    assert (len(mine), len(theirs)) == (2, 2)
    assert not {row.id for row in mine} & {row.id for row in theirs}


def test_promise_and_step_are_there_together_or_not_at_all(db: Database, world: World) -> None:
    def die_after_reporting() -> None:
        with db.write() as session:
            report(session, world)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        die_after_reporting()

    with db.read() as session:
        assert session.exec(select(col(Outbox.key))).all() == []


def test_oldest_due_says_how_long_work_waits(db: Database, world: World) -> None:
    with db.write() as session:
        assert outbox.oldest_due(session, at=world.clock.now) == 0
        report(session, world)
        later = world.clock.advance(seconds=7)

        assert outbox.oldest_due(session, at=later) == 7
