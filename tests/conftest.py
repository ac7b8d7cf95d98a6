"""Databases for the tests: a fresh SQLite file and a fresh PostgreSQL database for each, from a migrated template."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import domain.companions  # noqa: F401 - registers what happens beside a step
from domain import schema
from domain.database import Database, open_database
from domain.settings import get_settings
from tests import connections
from tests.cluster import Cluster, running_cluster
from tests.world import World, build_world

connections.watch()
_NUMBER = itertools.count(1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster of our own, with a migrated database `template_fireline`."""
    with running_cluster() as running:
        url = running.create_database("template_fireline")
        database = open_database(url)
        try:
            schema.upgrade(database)
        finally:
            database.dispose()
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "fireline.db"
    database = open_database(f"sqlite:///{path}", synchronous="OFF")
    schema.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "fireline.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"test_{next(_NUMBER)}"
    yield cluster.create_database(name, template="template_fireline")
    left = connections.left_open(name)
    cluster.drop_database(name)
    if left:
        pytest.fail("\n".join(["connections that nobody closes, opened by", *left]))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An open, empty database."""
    database = open_database(database_url, synchronous="OFF")
    yield database
    database.dispose()


@pytest.fixture
def world(db: Database) -> World:
    """A small city: two areas, three venues, a person in every role. See `tests/world.py`."""
    with db.write() as session:
        return build_world(session)


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep every test's files in its own folder."""
    monkeypatch.setenv("FIRELINE_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
