"""The works on the vault as the worker does them: asked for on a page, or by the night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select, update

from domain import papers, resealing, sealed, vault_keeping
from domain.database import Database
from domain.models import Case, Errand, VaultItem
from domain.settings import city_zone, get_settings
from flows import timetable
from flows.provider import provider_of
from flows.shift import Shift
from tests.flows.conftest import Desk
from tests.keys import NEW, OLD, use_keys
from tests.telephony import eventually


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_keys(monkeypatch, NEW, OLD)
    yield
    monkeypatch.undo()
    sealed.keyring.cache_clear()


def ask(db: Database, desk: Desk, kind: str) -> Errand:
    with db.write() as session:
        return vault_keeping.ask(session, kind, actor=desk.world.actor(session, "admin"), at=datetime.now(UTC))


def ended(db: Database, errand: Errand) -> Errand:
    def over() -> Errand | None:
        with db.read() as session:
            found = session.get(Errand, errand.id)
        return found if found is not None and found.state not in ("pending", "running") else None

    return eventually(over, what="the errand's end")


@pytest.mark.usefixtures("at_work")
def test_worker_changes_the_keys_while_it_sends_messages(
    db: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keys(monkeypatch, OLD)
    opened = desk.report()
    use_keys(monkeypatch, NEW, OLD)

    done = ended(db, ask(db, desk, vault_keeping.ROTATE))

    assert done.state == "done", done.outcome
    with db.read() as session:
        left = resealing.holdings(session)["old"]
    assert left == 0
    desk.settled(opened.case.id, "triage_report")


@pytest.mark.usefixtures("at_work")
def test_value_no_key_opens_fails_the_errand_with_words(db: Database, desk: Desk) -> None:
    desk.report()
    with db.write() as session:
        session.execute(update(VaultItem).where(col(VaultItem.kind) == "description").values(box=b"\x01\x01x"))

    failed = ended(db, ask(db, desk, vault_keeping.ROTATE))

    assert failed.state == "failed"
    assert failed.outcome["reason_params"] == {"count": "1"}


@pytest.mark.usefixtures("at_work")
def test_night_removes_what_has_served_its_time(db: Database, desk: Desk) -> None:
    opened = desk.report()
    desk.settled(opened.case.id, "triage_report")
    now = datetime.now(UTC)
    directory = papers.folder(get_settings())
    unsent = papers.keep(
        db, b"%PDF-1.7\n%%EOF", "a", kind=papers.APPLICATION, at=now - timedelta(days=2), directory=directory
    )
    long_ago = now - timedelta(days=get_settings().identity_days + 1)
    with db.write() as session:
        over = {"state": "withdrawn", "closed_at": long_ago}
        session.execute(update(Case).where(col(Case.id) == opened.case.id).values(**over))
    [job] = [job for job in timetable.JOBS if job.name == "redact"]

    # 02:31 in the city, a night before the one the worker of this test has caught up with.
    night = datetime(now.year, now.month, now.day, 18, 31, tzinfo=UTC) - timedelta(days=3)
    shift = Shift(db, provider_of(get_settings()), now=lambda: night)
    assert timetable.run(shift, job)
    assert not timetable.run(shift, job), "once a night"

    with db.read() as session:
        day = night.astimezone(city_zone()).date().isoformat()
        errand = session.exec(select(Errand).where(Errand.key == f"{vault_keeping.REDACT}:{day}")).one()
    assert ended(db, errand).state == "done"
    assert not (directory / unsent.storage_key).exists()
    assert "identity_removed_at" in desk.case(opened.case.id).facts
