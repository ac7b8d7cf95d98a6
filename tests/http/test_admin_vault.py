"""The vault's page: which key is needed for how much, and the two works that are begun there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from domain import resealing, sealed
from domain.database import Database
from domain.models import Errand, RegisterEntry
from tests.keys import NEW, OLD, use_keys
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    use_keys(monkeypatch, OLD)
    with office_of(db, world) as opened:
        yield opened
    monkeypatch.undo()
    sealed.keyring.cache_clear()


def test_page_says_which_key_is_still_needed_and_then_that_it_is_not(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.report()
    use_keys(monkeypatch, NEW, OLD)
    admin = office.member("admin")
    before = seen(admin.opens("/admin/vault"))

    list(resealing.passes(office.db))

    after = seen(admin.opens("/admin/vault"))
    assert "old 5 仍需要" in before
    assert "new 0 当前用于加密" in before
    assert "old 0 已不再需要" in after
    assert "new 5 当前用于加密" in after
    assert not any(key.partition(":")[2] in before + after for key in (OLD, NEW))


def test_missing_key_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.report()
    use_keys(monkeypatch, NEW)

    page = seen(office.member("admin").opens("/admin/vault"))

    assert "没有能打开这些数据的密钥" in page


@pytest.mark.parametrize(("button", "kind"), [("rotate", "rotate_keys"), ("redact", "redact_reports")])
def test_button_begins_the_work_once_and_it_stands_in_the_record(office: Office, button: str, kind: str) -> None:
    admin = office.member("admin")

    first = admin.sends("/admin/vault", f"/admin/vault/{button}")
    again = admin.posts(f"/admin/vault/{button}", csrf=admin.csrf("/admin/vault"))

    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    assert admin.opens(first.headers["location"]).status_code == 200
    with office.db.read() as session:
        assert [errand.kind for errand in session.exec(select(Errand))] == [kind]
        [entry] = session.exec(select(RegisterEntry).where(RegisterEntry.kind == "vault"))
    assert (entry.action, entry.actor_id) == (kind, office.world.people["admin"])


@pytest.mark.parametrize("who", ["supervisor", "leader", "auditor", "handler", "owner"])
def test_only_who_keeps_the_vault_comes_in(office: Office, who: str) -> None:
    member = office.member(who)

    assert member.opens("/admin/vault").status_code == 403
    assert member.posts("/admin/vault/rotate", csrf=member.csrf()).status_code == 403
