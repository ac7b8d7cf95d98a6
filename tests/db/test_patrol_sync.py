"""What a phone brings back: once, however often it is sent; refused is what is no record; the worst counts."""

from __future__ import annotations

from domain.database import Database
from tests.patrols import Phone, case_of, make_task, row_of
from tests.world import World


def test_a_whole_patrol_is_done_and_sent_again_changes_nothing(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    phone.walks()
    sent = phone.delivery(done=True)

    said = phone.delivers(db, sent)

    assert (said["state"], said["refused"], said["doubts"]) == ("done", [], [])
    assert len(said["accepted"]) == 7
    version = case_of(db, task).version
    world.clock.advance(minutes=5)
    assert phone.delivers(db, sent) == said
    assert case_of(db, task).version == version
    row = row_of(db, task)
    assert (row.outcome, row.points_done, row.failed, row.doubts) == ("done", 3, 0, 0)
