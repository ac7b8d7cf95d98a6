"""The keys of the vault are changed while people report, add, read and answer, and nothing is lost."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import LargeBinary, select, update
from sqlmodel import SQLModel, col

from domain import audit, cases, places, reports, resealing, sealed
from domain.database import Database
from domain.models import Case, TimelineEntry, VaultItem
from domain.queries.case_page import case_page
from domain.receipts import WrongReceipt
from domain.reports import Intake
from domain.resealing import BOXES, MARKS, NotAllResealed
from domain.vault import VaultError, WrongKey
from tests.at_once import at_once
from tests.journeys import REPORTER, press
from tests.keys import NEW, OLD, use_keys
from tests.world import PEOPLE, World

ROOT = Path(__file__).resolve().parents[2]
PLACE = "枫林路 88 号地下室"
AT_LEAST = 12
"""Rounds of every kind of traffic, however quick the change of keys is."""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_keys(monkeypatch, OLD)
    yield
    monkeypatch.undo()
    sealed.keyring.cache_clear()


def rotate(db: Database) -> int:
    """Change everything to the current key and return how many values were changed."""
    return sum(done.changed for done in resealing.passes(db))


def opened(db: Database, world: World, **intake: Any) -> tuple[UUID, str]:
    said = {
        "place": PLACE,
        "hazard": "other",
        "description": "有焦味",
        "phone": "13912345678",
        "lat": 24.5,
        "lon": 102.5,
    }
    with db.write() as session:
        made = reports.open_report(session, Intake(**{**said, **intake}), actor=REPORTER, at=world.clock.now)
    return made.case.id, made.receipt


def everything_opens(db: Database) -> dict[UUID, str]:
    """Open every item with the keys of now; raises when one does not."""
    with db.read() as session:
        ids = list(session.execute(select(col(VaultItem.id))).scalars())
        return {item: sealed.get(session, item) for item in ids}


def test_everything_opens_under_the_new_key_alone(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [opened(db, world)[0] for _ in range(3)]
    before = everything_opens(db)
    use_keys(monkeypatch, NEW, OLD)

    rotate(db)

    with db.read() as session:
        assert resealing.holdings(session)["old"] == resealing.remaining(session) == 0
    use_keys(monkeypatch, NEW)
    assert everything_opens(db) == before
    with db.read() as session:
        first, second, _ = (cases.by_id(session, case_id) for case_id in ids)
        assert places.are_same(session, first, second)
        assert sealed.mark("+8613912345678") == first.facts["reporter_mark"]
        kept = session.execute(select(VaultItem).where(col(VaultItem.blind_index).is_not(None))).scalars()
        assert {item.blind_index for item in kept} == {sealed.keyring().blind_index("+8613912345678", context="phone")}
        assert audit.verify(session).whole


def test_changing_twice_or_with_nothing_to_do_changes_nothing(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(db, world)
    use_keys(monkeypatch, NEW, OLD)
    rotate(db)
    with db.read() as session:
        before = session.execute(select(col(VaultItem.id), col(VaultItem.box)).order_by(col(VaultItem.id))).all()

    assert rotate(db) == 0
    with db.read() as session:
        after = session.execute(select(col(VaultItem.id), col(VaultItem.box)).order_by(col(VaultItem.id))).all()
    assert after == before


def dies_before_its_commit(db: Database) -> None:
    with db.write() as session:
        resealing.reseal_items(session, most=3)
        raise InterruptedError


def test_change_that_was_interrupted_goes_on_where_it_stood(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        opened(db, world)
    use_keys(monkeypatch, NEW, OLD)
    with db.write() as session:
        resealing.reseal_items(session, most=3)
    with pytest.raises(InterruptedError):
        dies_before_its_commit(db)

    rotate(db)

    use_keys(monkeypatch, NEW)
    assert len(everything_opens(db)) == 10


def test_marks_of_earlier_versions_are_made_anew(db: Database, world: World) -> None:
    case_id, _ = opened(db, world)
    with db.write() as session:
        case = cases.by_id(session, case_id)
        bare = {name: case.facts[name].partition(":")[2] for name in ("reporter_mark", "place_mark")}
        session.execute(update(Case).where(col(Case.id) == case_id).values(facts={**case.facts, **bare}))
    with db.read() as session:
        assert bare["reporter_mark"] in sealed.marks("+8613912345678")
        assert resealing.holdings(session)["-"] == 2

    rotate(db)

    with db.read() as session:
        assert cases.by_id(session, case_id).facts["reporter_mark"] == sealed.mark("+8613912345678")


def test_own_report_is_known_before_and_after(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id, _ = opened(db, world, phone=PEOPLE["handler"][1])

    def refused() -> bool:
        with db.read() as session:
            case, actor = cases.by_id(session, case_id), world.actor(session, "handler")
            offers = {o.transition.name: o for o in cases.offers(session, case, actor=actor, at=world.clock.now)}
        return not offers["accept"].enabled

    before = refused()
    use_keys(monkeypatch, NEW, OLD)
    between = refused()
    rotate(db)
    use_keys(monkeypatch, NEW)

    assert before
    assert between
    assert refused()


def test_what_no_key_opens_is_left_and_named(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(db, world)
    with db.write() as session:
        lost = session.execute(select(VaultItem).where(col(VaultItem.kind) == "phone")).scalar_one()
        session.execute(update(VaultItem).where(col(VaultItem.id) == lost.id).values(box=lost.box[:-1] + b"x"))
    use_keys(monkeypatch, NEW, OLD)

    with pytest.raises(NotAllResealed) as refused:
        rotate(db)

    assert refused.value.count == 2, "the number and the mark made of it"
    with pytest.raises(VaultError):
        everything_opens(db)
    with db.read() as session:
        assert resealing.holdings(session)["old"] == 2


def test_mark_of_what_no_key_opens_stays_until_its_key_is_back(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id, _ = opened(db, world)
    before = fact(db, case_id, "reporter_mark"), fact(db, case_id, "place_mark")
    use_keys(monkeypatch, NEW)
    with pytest.raises(NotAllResealed):
        rotate(db)
    assert (fact(db, case_id, "reporter_mark"), fact(db, case_id, "place_mark")) == before

    use_keys(monkeypatch, NEW, OLD)
    rotate(db)

    assert fact(db, case_id, "reporter_mark") == sealed.mark("+8613912345678")


def fact(db: Database, case_id: UUID, name: str) -> str:
    with db.read() as session:
        return str(cases.by_id(session, case_id).facts[name])


def test_key_that_is_taken_away_too_early_is_missed(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(db, world)
    use_keys(monkeypatch, NEW)

    with db.read() as session:
        assert resealing.holdings(session)["?"] == 5
    with pytest.raises(WrongKey):
        everything_opens(db)


class Traffic:
    """People who go on with their work until the keys are changed, and remember what they wrote."""

    def __init__(self, db: Database, world: World) -> None:
        self.db, self.world = db, world
        self.over = Event()
        self.written: dict[str, str] = {}
        """receipt → the words of the report."""
        self.added: list[tuple[UUID, str]] = []
        self.trouble: list[str] = []

    def until_over(self, work: Callable[[int], object]) -> int:
        rounds = 0
        while rounds < AT_LEAST or not self.over.is_set():
            work(rounds)
            rounds += 1
        return rounds

    def reports(self, who: int, number: int) -> None:
        words = f"第 {who} 人第 {number} 次：楼道有焦味"
        _, receipt = opened(self.db, self.world, description=words)
        self.written[receipt] = words

    def adds(self, case_id: UUID, number: int) -> None:
        text = f"补充 {number}"
        with self.db.write() as session:
            case = cases.reload(session, case_id)
            press(session, self.world, case, "reporter", "add_information", text=text, photos=[])
        self.added.append((case_id, text))

    def answers(self, case_id: UUID, number: int) -> None:
        """Take steps without holding the row first: they may be too late, and then they say so."""
        with self.db.read() as session:
            case = cases.by_id(session, case_id)
        try:
            with self.db.write() as session:
                actor = self.world.actor(session, "handler")
                cases.fire(
                    session, case, "comment", actor=actor, at=self.world.clock.now, data={"text": f"备注 {number}"}
                )
        except cases.CaseChanged:
            return
        self.added.append((case_id, f"备注 {number}"))

    def reads(self, receipt: str, _: int) -> None:
        try:
            with self.db.read() as session:
                case = reports.by_receipt(session, receipt)
                actor = self.world.actor(session, "handler")
                page = case_page(session, case, actor=actor, at=self.world.clock.now)
        except (WrongReceipt, VaultError, LookupError) as failed:
            self.trouble.append(repr(failed))
            return
        if page.reporter is None or page.reporter.words != "有焦味" or page.reporter.place != PLACE:
            self.trouble.append(repr(page.reporter))


def test_nothing_is_lost_while_people_go_on(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [opened(db, world) for _ in range(40)]
    use_keys(monkeypatch, NEW, OLD)
    traffic = Traffic(db, world)

    def change() -> int:
        try:
            return rotate(db)
        finally:
            traffic.over.set()

    _, receipt = old[0]
    works = [
        *(partial(traffic.until_over, partial(traffic.reports, who)) for who in range(2)),
        *(partial(traffic.until_over, partial(traffic.adds, case)) for case, _ in old[1:3]),
        *(partial(traffic.until_over, partial(traffic.answers, case)) for case, _ in old[1:3]),
        partial(traffic.until_over, partial(traffic.reads, receipt)),
    ]
    results = at_once([change, *works])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert traffic.trouble == []
    rotate(db)  # what a step that was under way wrote back as it was
    use_keys(monkeypatch, NEW)
    texts = set(everything_opens(db).values())
    with db.read() as session:
        assert resealing.remaining(session) == 0
        for code, words in traffic.written.items():
            report = reports.by_receipt(session, code)
            assert sealed.get(session, UUID(report.facts["description"]["sealed"])) == words
        for added_to, text in traffic.added:
            said = [e.data.get("text") for e in session.execute(
                select(TimelineEntry).where(col(TimelineEntry.case_id) == added_to)).scalars()]  # fmt: skip
            assert text in said or text in texts
        assert audit.verify(session).whole


# What there is to change is known.

PLAIN = {
    "hash", "chain_head", "token_hash", "digest", "root",  # hashes, nothing sealed
    "blind_index",  # goes with its box
    "cases", "ids", "runs",  # a day's measures, packed: numbers and ids
}  # fmt: skip


def test_every_sealed_column_is_known() -> None:
    known = {(table.name, column) for table, column in BOXES}
    binary = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name not in PLAIN
    }

    assert binary == known


def test_every_kept_mark_is_known() -> None:
    """Whoever writes `sealed.mark` somewhere new decides whether it is kept, and then registers it."""
    kept = {"domain/reports.py", "domain/places.py", "domain/enrolments.py", "domain/resealing.py"}
    forgotten_soon = {"api/rest/opening.py", "domain/sign_in_codes.py"}
    never_compared = {"domain/exports/asked.py"}  # it stands in the record of an export, for ever as it was
    found = set()
    for package in ("domain", "api", "flows", "notifications"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Attribute)
                    and node.attr == "mark"
                    and getattr(node.value, "id", "") == "sealed"
                ):
                    found.add(str(path.relative_to(ROOT)))

    assert found <= kept | forgotten_soon | never_compared
    assert {mark.fact for mark in MARKS} == {"reporter_mark", "place_mark", "applicant_mark"}
