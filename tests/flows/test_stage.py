"""Work is taken exactly once, by a flow run or directly, whatever Prefect does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from flows import stage as stages
from flows.stage import Job, Stage, perform
from flows.work import Run
from tests import looping


@pytest.fixture
def threads():
    with ThreadPoolExecutor(4) as executor:
        yield executor


def counted(times: list[Run]) -> Job:
    def do(run: Run) -> str:
        times.append(run)
        return "done"

    return Job("通知承办人 · JB-2026-000001", "notify_assignee", do)


def test_without_a_stage_work_is_carried_out_directly(threads: ThreadPoolExecutor) -> None:
    times: list[Run] = []

    how = looping.run(perform(counted(times), None, threads))

    assert (how, len(times)) == ("done", 1)


def test_stage_that_does_not_begin_is_not_waited_for_and_does_nothing_later(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "PATIENCE_SECONDS", 0.05)
    times: list[Run] = []
    job = counted(times)

    async def story() -> str:
        stage = Stage("hazard_report", opened_at=datetime.now(UTC), threads=threads)
        stage.open(None)
        how = await perform(job, stage, threads)
        assert await stage.next_job() is job
        return how

    how = looping.run(story())

    assert (how, len(times), job.take()) == ("done", 1, False)


def test_closed_stage_takes_nothing(threads: ThreadPoolExecutor) -> None:
    async def story() -> tuple[bool, object]:
        stage = Stage("hazard_report", opened_at=datetime.now(UTC), threads=threads)
        stage.open(None)
        stage.close()
        stage.close()
        return stage.submit(counted([])), await stage.next_job()

    assert looping.run(story()) == (False, None)


def test_only_one_of_many_takes_a_job() -> None:
    job = counted([])
    barrier = threading.Barrier(16)
    taken: list[bool] = []

    def take() -> None:
        barrier.wait()
        taken.append(job.take())

    contenders = [threading.Thread(target=take) for _ in range(16)]
    for contender in contenders:
        contender.start()
    for contender in contenders:
        contender.join()

    assert taken.count(True) == 1
