"""Errands: made once, claimed under a lease, ended with their effect or not at all, cancelled by who made them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session, select

from domain import errands, tidying
from domain.database import Database
from domain.errand_kinds import KINDS, ErrandKind, UnknownKind
from domain.errands import GIVE_UP_AFTER, ErrandOver, Made, UnknownErrand
from domain.identifiers import new_id
from domain.language import Label, Sentence
from domain.models import Errand, Heartbeat
from domain.outbox import LeaseLost
from domain.queries import standing
from tests.at_once import at_once
from tests.world import World

LEASE = timedelta(seconds=60)
SOME = ["sums"]


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("sums", "sheets"):
        monkeypatch.setitem(KINDS, name, ErrandKind(Label("算账", "Sums")))
    return


def promise(db: Database, world: World, key: str = "one", kind: str = "sums", **more: object) -> Errand:
    with db.write() as session:
        return errands.promise(session, kind, key=key, at=world.clock.now, **more)


def claim(session: Session, world: World, worker: str = "a", most: int = 10) -> list[Errand]:
    return errands.claim(session, SOME, worker=worker, at=world.clock.now, lease=LEASE, most=most)


def claimed(db: Database, world: World, worker: str = "a") -> Errand:
    with db.write() as session:
        [errand] = claim(session, world, worker)
    return errand


def stored(db: Database, errand: Errand) -> Errand:
    with db.read() as session:
        return errands.by_id(session, errand.id)


def test_errand_promised_twice_under_one_key_is_one(db: Database, world: World) -> None:
    first = promise(db, world, data={"rows": 3}, made_by=world.people["handler"])
    again = promise(db, world, data={"rows": 4})

    assert (again.id, again.data, again.made_by) == (first.id, {"rows": 3}, world.people["handler"])


def test_promised_at_once_under_one_key_it_is_one(db: Database, world: World) -> None:
    made = at_once([partial(promise, db, world) for _ in range(6)])

    assert len({errand.id for errand in made}) == 1


def test_kind_nobody_does_cannot_be_promised(db: Database, world: World) -> None:
    with pytest.raises(UnknownKind):
        promise(db, world, kind="wonders")


def test_claimed_errand_is_nobody_elses_until_its_lease_is_over(db: Database, world: World) -> None:
    promise(db, world)
    first = claimed(db, world)
    with db.write() as session:
        world.clock.advance(seconds=59)
        assert claim(session, world, "b") == []
        world.clock.advance(seconds=1)
        [taken] = claim(session, world, "b")

    assert (taken.id, taken.leased_by, taken.attempts, taken.state) == (first.id, "b", 2, "running")


def test_claimers_at_once_share_without_overlap(db: Database, world: World) -> None:
    for number in range(12):
        promise(db, world, key=str(number))

    def take(worker: str) -> list[Errand]:
        taken = []
        for _ in range(6):
            with db.write() as session:
                taken += claim(session, world, worker, most=1)
        return taken

    taken = [errand.id for share in at_once([partial(take, worker) for worker in "abc"]) for errand in share]

    assert len(taken) == len(set(taken)) == 12


def test_claim_keeps_to_the_kinds_it_was_asked_for(db: Database, world: World) -> None:
    promise(db, world, kind="sheets")

    with db.write() as session:
        assert claim(session, world) == []
        assert not errands.due(session, SOME, at=world.clock.now)
        assert errands.due(session, ["sheets"], at=world.clock.now)


def test_effect_and_settled_errand_are_there_together_or_not_at_all(db: Database, world: World) -> None:
    promise(db, world)
    errand = claimed(db, world)
    world.clock.advance(seconds=61)
    claimed(db, world, "b")

    def effect_of_the_slow_one() -> None:
        with db.write() as session:
            session.add(Heartbeat(part="effect", instance="a", at=world.clock.now))
            session.flush()
            errands.settle(session, errand, worker="a", at=world.clock.now, outcome={})

    with pytest.raises(LeaseLost):
        effect_of_the_slow_one()

    with db.read() as session:
        assert session.exec(select(Heartbeat)).all() == []
    assert stored(db, errand).leased_by == "b"


@pytest.mark.parametrize("finish", ["settle", "fail", "hold", "retry", "postpone", "give_back", "extend", "progress"])
@pytest.mark.parametrize("how", ["overtaken", "cancelled"])
def test_lost_lease_is_noticed_whatever_is_done(db: Database, world: World, finish: str, how: str) -> None:
    promise(db, world)
    errand = claimed(db, world)
    if how == "overtaken":
        world.clock.advance(seconds=61)
        claimed(db, world, "b")
    else:
        with db.write() as session:
            errands.cancel(session, errand.id, at=world.clock.now)
    now = world.clock.now
    finishes = {
        "settle": partial(errands.settle, at=now, outcome={}),
        "fail": partial(errands.fail, at=now, reason="x"),
        "hold": partial(errands.hold, at=now, reason="x"),
        "retry": partial(errands.retry, at=now, reason="x"),
        "postpone": partial(errands.postpone, until=now),
        "give_back": errands.give_back,
        "extend": partial(errands.extend, until=now),
        "progress": partial(errands.progress, done=1, total=2),
    }

    with pytest.raises(LeaseLost), db.write() as session:
        finishes[finish](session, errand, worker="a")

    assert stored(db, errand).state == ("running" if how == "overtaken" else "cancelled")


def test_tries_grow_apart_and_end_with_a_person_who_has_it_tried_again(db: Database, world: World) -> None:
    promise(db, world)
    waits = []
    for _ in range(GIVE_UP_AFTER):
        errand = claimed(db, world)
        with db.write() as session:
            errands.retry(session, errand, worker="a", at=world.clock.now, reason="The provider is busy.")
        kept = stored(db, errand)
        if kept.state == "held":
            break
        waits.append((kept.due_at - world.clock.now).total_seconds())
        world.clock.now = kept.due_at

    assert waits == [2, 10, 60, 300, 300]
    assert kept.outcome["reason"] == "The provider is busy."
    with db.write() as session:
        assert claim(session, world) == []
        errands.try_again(session, errand.id, at=world.clock.now)
    assert claimed(db, world).attempts == 1


def test_returned_and_postponed_errands_cost_no_try(db: Database, world: World) -> None:
    promise(db, world)
    with db.write() as session:
        errands.give_back(session, claim(session, world)[0], worker="a")
        errands.postpone(session, claim(session, world)[0], worker="a", until=world.clock.now)

        [again] = claim(session, world, "b")

    assert again.attempts == 1


def test_settled_errand_keeps_its_file_and_is_over(db: Database, world: World) -> None:
    promise(db, world)
    errand = claimed(db, world)
    with db.write() as session:
        file = Made("a" * 32, "场所.xlsx", "application/x")
        errands.settle(session, errand, worker="a", at=world.clock.now, outcome={"rows": 7}, file=file)

    kept = stored(db, errand)
    assert (kept.state, kept.storage_key, kept.file_name, kept.outcome) == ("done", "a" * 32, "场所.xlsx", {"rows": 7})
    with db.write() as session:
        world.clock.advance(days=365)
        assert claim(session, world) == []
        for decide in (errands.cancel, errands.try_again):
            with pytest.raises(ErrandOver):
                decide(session, errand.id, at=world.clock.now)


def test_reason_of_a_failure_is_read_in_both_languages(db: Database, world: World) -> None:
    promise(db, world)
    errand = claimed(db, world)
    with db.write() as session:
        reason = Sentence("A password has at least %(count)s characters.", count=10)
        errands.fail(session, errand, worker="a", at=world.clock.now, reason=reason)

    said = errands.reason_of(stored(db, errand))
    assert said.in_language("en") == "A password has at least 10 characters."
    assert "10" in said.in_language("zh_CN") != said.in_language("en")


def test_errand_is_only_its_makers(db: Database, world: World) -> None:
    mine = promise(db, world, made_by=world.people["handler"])
    systems = promise(db, world, key="two")
    with db.read() as session:
        assert errands.of_maker(session, world.people["handler"], mine.id).id == mine.id
        for person, errand_id in ((world.people["warden"], mine.id), (world.people["handler"], systems.id),
                                  (world.people["handler"], new_id())):  # fmt: skip
            with pytest.raises(UnknownErrand):
                errands.of_maker(session, person, errand_id)


def test_list_goes_back_page_by_page_without_gaps(db: Database, world: World) -> None:
    mine = [promise(db, world, key=str(number), made_by=world.people["handler"]).id for number in range(5)]
    seen, before = [], None
    with db.read() as session:
        while page := errands.made_by(session, world.people["handler"], before=before, most=2):
            seen += [errand.id for errand in page]
            before = (page[-1].made_at, page[-1].id)

    assert seen == mine[::-1]


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(db: Database, world: World) -> None:
    old = promise(db, world, key="old")
    promise(db, world, key="waiting", kind="sheets")
    with db.write() as session:
        errands.settle(session, claim(session, world)[0], worker="a", at=world.clock.now, outcome={})
    later = world.clock.advance(days=91)

    with db.write() as session:
        counts = tidying.tidy(session, at=later).counts

    assert counts["errands"] == 1
    with db.read() as session:
        assert [errand.key for errand in session.exec(select(Errand))] == ["waiting"]
        with pytest.raises(UnknownErrand):
            errands.by_id(session, old.id)


def test_health_counts_the_wait_of_short_errands_only(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "sums", ErrandKind(Label("算账", "Sums"), is_long=False))
    promise(db, world, key="long", kind="sheets")
    later = world.clock.advance(seconds=9)
    with db.read() as session:
        assert standing.standing(session, at=later).oldest_due_seconds == 0
    promise(db, world, key="short")
    later = world.clock.advance(seconds=7)

    with db.read() as session:
        assert standing.standing(session, at=later).oldest_due_seconds == 7


def test_a_name_in_both_languages_is_kept_in_both() -> None:
    kept = errands.complaint("B1", Sentence("“%(name)s” has to be filled in.", name=Label("地址", "Address")))
    errand = Errand(outcome={"errors": [kept], "reason": kept["reason"], "reason_params": kept["reason_params"]})

    (found,) = errands.complaints_of(errand)

    assert "地址" in found.reason.in_language("zh_CN")
    assert "Address" in found.reason.in_language("en")
    assert errands.reason_of(errand).in_language("zh_CN") == found.reason.in_language("zh_CN")
