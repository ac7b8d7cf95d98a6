"""Many at once on one case, one number, one database: one wins, nobody waits for ever, nothing is counted twice."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from domain import audit, cases, reports
from domain.database import Database, FairQueue
from domain.models import Case, NumberSeries, TimelineEntry, VaultItem
from domain.reports import Intake
from domain.workflow import TransitionRefused
from tests.at_once import PATIENCE_SECONDS, at_once
from tests.journeys import REPORTER, reach, report
from tests.world import World

EIGHT = range(8)


def comment(db: Database, world: World, case: Case, text: str) -> int:
    """Comment on the case as it was read before everybody started; return the version it has then."""
    with db.write() as session:
        copy = Case(**case.model_dump())
        actor = world.actor(session, "handler")
        cases.fire(session, copy, "comment", actor=actor, at=world.clock.now, data={"text": text})
        return copy.version


def test_one_of_eight_wins_each_version(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)

    for version in (2, 3, 4):
        with db.read() as session:
            case = cases.by_id(session, case.id)
        results = at_once([partial(comment, db, world, case, f"第 {n} 人") for n in EIGHT])

        assert [result for result in results if isinstance(result, int)] == [version]
        assert sum(isinstance(result, cases.CaseChanged) for result in results) == 7
    with db.read() as session:
        entries = session.exec(select(TimelineEntry.seq).where(TimelineEntry.case_id == case.id)).all()
        assert sorted(entries) == [1, 2, 3, 4]
        assert audit.verify(session).whole


def take_up(db: Database, world: World, case_id: UUID) -> None:
    with db.write() as session:
        case = cases.reload(session, case_id)
        actor = world.actor(session, "handler")
        cases.fire(session, case, "accept", actor=actor, at=world.clock.now, data={"hazard_code": "FAC-07"})


def test_who_reads_under_the_row_lock_is_told_the_state_not_a_race(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)

    results = at_once([partial(take_up, db, world, case.id) for _ in EIGHT])

    assert results.count(None) == 1
    assert sum(isinstance(result, TransitionRefused) for result in results) == 7


WRITER = """
import sys
import domain.companions
from uuid import UUID
from domain import cases
from domain.actors import SYSTEM
from domain.database import open_database
url, case_id, count = sys.argv[1:]
db = open_database(url, synchronous="OFF")
sys.stdin.readline()
for _ in range(int(count)):
    with db.write() as session:
        case = cases.reload(session, UUID(case_id))
        cases.fire(session, case, "tell_corrected", actor=SYSTEM, at=case.opened_at, data={"other": "ZG-2026-000001"})
print("done")
"""


def test_processes_share_one_case_without_a_gap(db: Database, database_url: str, world: World) -> None:
    with db.write() as session:
        case = report(session, world)
    command = [sys.executable, "-c", WRITER, database_url, str(case.id), "5"]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]

    said = [writer.communicate("go\n", timeout=PATIENCE_SECONDS)[0] for writer in writers]

    assert said == ["done\n"] * 3
    with db.read() as session:
        assert cases.by_id(session, case.id).version == 16
        assert audit.verify(session).whole


def merge(db: Database, world: World, case_id: UUID, into: str) -> None:
    with db.write() as session:
        case = cases.by_id(session, case_id)
        actor = world.actor(session, "handler")
        cases.fire(session, case, "merge", actor=actor, at=world.clock.now, data={"into": into})


def test_two_opposite_merges_do_not_wait_for_each_other(db: Database, world: World) -> None:
    for _ in range(5):
        with db.write() as session:
            first, second = report(session, world), report(session, world)

        results = at_once([
            partial(merge, db, world, first.id, second.number),
            partial(merge, db, world, second.id, first.number),
        ])  # fmt: skip

        lost = [result for result in results if result is not None]
        assert len(lost) == 1
        assert isinstance(lost[0], cases.FieldRefused | cases.CaseChanged | TransitionRefused), lost[0]
        with db.read() as session:
            states = [cases.by_id(session, case.id).state for case in (first, second)]
        assert sorted(states) == ["merged", "reported"]


def open_once(db: Database, world: World, key: str) -> tuple[str, str]:
    with db.write() as session:
        intake = Intake(venue_code=world.codes["kuancheng"], hazard="other", description="有焦味", phone="13912345678")
        opened = reports.open_report(session, intake, actor=REPORTER, at=world.clock.now, origin_key=key)
        return opened.case.number, opened.receipt


def test_one_origin_opens_one_case_and_leaves_no_gap(db: Database, world: World) -> None:
    for number in (1, 2, 3):
        answers = at_once([partial(open_once, db, world, f"form-{number}") for _ in EIGHT])

        assert len(set(answers)) == 1, answers
        assert answers[0][0] == f"JB-2026-{number:06d}"
    with db.read() as session:
        assert session.exec(select(NumberSeries.last)).all() == [3]
        assert audit.verify(session).whole
        owners = set(session.exec(select(VaultItem.case_id)))
        assert owners == set(session.exec(select(Case.id))), "texts of an attempt that opened nothing were kept"


def test_numbers_are_gapless_when_openings_fail(db: Database, world: World) -> None:
    def attempt(number: int) -> None:
        with db.write() as session:
            report(session, world)
            if number % 2:
                raise InterruptedError

    at_once([partial(attempt, number) for number in EIGHT])

    with db.read() as session:
        numbers = session.exec(select(Case.number).order_by(col(Case.number))).all()
    assert numbers == [f"JB-2026-{number:06d}" for number in (1, 2, 3, 4)]


def test_reply_and_unmerge_at_once_do_not_wait_for_each_other(db: Database, world: World) -> None:
    def reply(case_id: UUID) -> None:
        with db.write() as session:
            case = cases.reload(session, case_id)
            actor = world.actor(session, "handler")
            cases.fire(session, case, "reply", actor=actor, at=world.clock.now, data={"text": "已整改"})

    def unmerge(case_id: UUID) -> None:
        with db.write() as session:
            case = cases.by_id(session, case_id)
            actor = world.actor(session, "handler")
            cases.fire(session, case, "unmerge", actor=actor, at=world.clock.now, data={"reason": "不是同一处"})

    for _ in range(3):
        with db.write() as session:
            main = reach(session, world, "hazard_report", "checked")
            joined = report(session, world)
            actor = world.actor(session, "handler")
            cases.fire(session, joined, "merge", actor=actor, at=world.clock.now, data={"into": main.number})

        results = at_once([partial(reply, main.id), partial(unmerge, joined.id)])

        assert results[0] is None
        assert results[1] is None or isinstance(results[1], cases.CaseChanged)
        with db.read() as session:
            main, joined = cases.by_id(session, main.id), cases.by_id(session, joined.id)
            assert joined.state == "accepted" or joined.facts["reply"] == "已整改"


# SQLite's writers.


def test_fair_queue_serves_in_order_of_arrival() -> None:
    queue, served = FairQueue(), []

    def wait(number: int) -> None:
        with queue:
            served.append(number)

    waiting = []
    with queue:
        for number in EIGHT:
            thread = Thread(target=wait, args=(number,))
            thread.start()
            waiting.append(thread)
            while len(queue._waiters) <= number:
                thread.join(0.001)
    for thread in waiting:
        thread.join(PATIENCE_SECONDS)

    assert served == list(EIGHT)


def test_fair_queue_is_free_again_after_an_error() -> None:
    queue = FairQueue()
    with pytest.raises(ZeroDivisionError), queue:
        raise ZeroDivisionError

    with queue:
        entered = True

    assert entered


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_none_of_eight_writers_starves(db: Database, world: World) -> None:
    turns = 32
    order: list[int] = []

    def write(number: int) -> None:
        for _ in range(turns):
            with db.write() as session:
                report(session, world)
                order.append(number)

    failures: list[Any] = [result for result in at_once([partial(write, number) for number in EIGHT]) if result]

    assert failures == []
    first_done = min(max(i for i, n in enumerate(order) if n == number) for number in EIGHT)
    shares = [order[: first_done + 1].count(number) for number in EIGHT]
    assert min(shares) >= turns // 4, shares
