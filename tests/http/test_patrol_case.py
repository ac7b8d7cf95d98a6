"""The case page of a patrol: its timeline in words of both languages, and none of the ids and digests programs read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from domain import sweep
from domain.database import Database
from tests.patrols import CRITICAL, ITEMS, Phone, Round, case_of, keep_photo, make_task
from tests.staff_member import Office, office_of, seen
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CODES = re.compile(r"\b(?:sha256|batch|device|check_ins|worked_until|points_done|limit_minutes|[0-9a-f]{16,})\b")


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as office:
        yield office


@pytest.fixture
def task(db: Database, world: World) -> Round:
    """A patrol that was missed, carried out late and found something grave."""
    with db.write() as session:
        task = make_task(session, world, items=[*ITEMS, CRITICAL], person="officer", is_signed=True)
        photo = keep_photo(session, at=world.clock.now)
        signature = keep_photo(session, at=world.clock.now)
    world.clock.advance(hours=9)
    with db.write() as session:
        sweep.ring(session, task.task_id, "miss", at=world.clock.now)
    phone = Phone(world, task)
    phone.finds(0, CRITICAL.code, "fail", photos=[photo])
    phone.walks()
    phone.delivers(db, done=True, signature=signature)
    assert case_of(db, task).state == "done_late"
    return task


def test_case_page_tells_a_patrol_in_words_of_both_languages(office: Office, task: Round) -> None:
    chinese = seen(office.member("supervisor").opens(f"/cases/{task.number}"))
    english = seen(office.member("supervisor").opens(f"/cases/{task.number}", lang="en"))

    for said in ("巡查任务", "巡查计划", "漏查认定", "上传巡查记录", "检查记录 5", "发现重大问题",
                 "开具整改 ZG-2026-000001", "补查完成", "已到巡查点 3", "电话告知消防安全管理人"):  # fmt: skip
        assert said in chinese, said
    for said in ("Patrol task", "Patrol plan", "Counts as missed", "Answers 5", "Something grave was found",
                 "Rectification ZG-2026-000001", "Points visited 3", "Call the fire safety manager"):  # fmt: skip
        assert said in english, said
    assert CODES.findall(chinese + english) == []


def test_venue_reads_the_timeline_of_its_own_patrols_and_of_no_others(office: Office, task: Round) -> None:
    assert office.member("owner").opens(f"/cases/{task.number}").status_code == 200
    assert office.member("warden2").opens(f"/cases/{task.number}").status_code == 404
