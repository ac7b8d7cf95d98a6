"""`fireline vault …`: a new key, how much needs which, everything sealed anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import col, select, update

from api import vault_commands
from domain import sealed
from domain.database import Database
from domain.models import RegisterEntry, VaultItem
from tests.journeys import report
from tests.keys import NEW, OLD, use_keys
from tests.world import World


@pytest.fixture(autouse=True)
def _keys(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    use_keys(monkeypatch, OLD)
    yield
    monkeypatch.undo()
    sealed.keyring.cache_clear()


@pytest.fixture(autouse=True)
def _reported(db: Database, world: World) -> None:
    with db.write() as session:
        report(session, world, phone="13912345678")


def test_old_key_is_needed_until_everything_is_sealed_anew(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch, NEW, OLD)
    before = vault_commands.status()
    shown: list[str] = []

    said = vault_commands.rotate(show=shown.append)

    assert before == (True, "new: 0 values, seals now.\nold: 4 values still need it: `fireline vault rotate`.")
    assert said.startswith("4 values are under the key new now.")
    assert "4 of 4" in shown
    assert vault_commands.status() == (
        True, "new: 4 values, seals now.\nold: no longer needed; take it out of FIRELINE_VAULT_KEY."
    )  # fmt: skip
    with db.read() as session:
        [entry] = session.exec(select(RegisterEntry).where(RegisterEntry.kind == "vault"))
    assert (entry.action, entry.data) == ("rotate_keys_done", {"key": "new", "count": 4})


def test_key_that_is_missing_is_said_with_a_failing_status(monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch, NEW)

    is_well, text = vault_commands.status()

    assert not is_well
    assert "3 values open with no key" in text


def test_value_that_was_tampered_with_is_counted_and_the_rest_is_done(
    db: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.write() as session:
        box = session.exec(select(VaultItem).where(VaultItem.kind == "receipt")).one().box
        broken = update(VaultItem).where(col(VaultItem.kind) == "receipt").values(box=box[:-1] + bytes([box[-1] ^ 1]))
        session.execute(broken)
    use_keys(monkeypatch, NEW, OLD)

    with pytest.raises(SystemExit) as ended:
        vault_commands.rotate(show=lambda _: None)

    assert ended.value.code == 1
    assert "1 values open with no key" in capsys.readouterr().err
    assert "old: 1 values still need it" in vault_commands.status()[1]


def test_new_key_is_one_the_setting_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    key = vault_commands.new_key("k2026")
    use_keys(monkeypatch, key, OLD)

    assert sealed.keyring().current_id == "k2026"
    assert key != vault_commands.new_key("k2026")


def test_name_with_a_comma_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        vault_commands.new_key("a,b")

    assert "letters, digits" in capsys.readouterr().err
