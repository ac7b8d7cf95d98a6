"""The schema: which revision is the newest, and bringing a database there."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from domain import schema
from domain.database import Database, open_database


def test_newest_is_what_alembic_takes_for_the_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))

    assert schema.newest() == ScriptDirectory.from_config(config).get_current_head()


def test_two_newest_revisions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "versions").mkdir()
    for name in ("0001", "0002"):
        text = f"revision: str = '{name}'\ndown_revision: str | None = None\n"
        (tmp_path / "versions" / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path)

    with pytest.raises(schema.BrokenMigrations):
        schema.newest()


def test_a_migrated_database_is_at_the_newest_revision(db: Database) -> None:
    assert schema.current(db) == schema.newest()


def test_an_empty_database_has_no_revision_and_several_may_bring_it_there_at_once(tmp_path: Path) -> None:
    databases = [open_database(f"sqlite:///{tmp_path / 'new.db'}") for _ in range(3)]
    assert schema.current(databases[0]) is None

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(schema.upgrade, databases))

    assert {schema.current(database) for database in databases} == {schema.newest()}
    for database in databases:
        database.dispose()


def test_nothing_of_alembic_is_loaded_when_there_is_nothing_to_migrate(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "alembic", None)  # importing it fails from now on

    schema.upgrade(db)
