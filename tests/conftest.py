"""Databases for the tests: a fresh SQLite file and a fresh PostgreSQL database for each, from a migrated template."""

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import domain.companions
import domain.patrols.decisions
import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from domain import schema
from domain.database import Database, open_database
from domain.settings import get_settings
from tests import connections
from tests.cluster import Cluster, running_cluster
from tests.world import World, build_world

SLOWEST_FIRST = ("runner", "faults", "flows", "db", "browser", "http", "bdd", "unit")
"""Folders in the order of their longest files: what comes last keeps nobody waiting."""

_NUMBER = itertools.count(1)

connections.watch()
gc.disable()  # until everything is collected: nothing of it can go


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    here = Path(__file__).parent
    place = {folder: number for number, folder in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.relative_to(here).parts[0], 0))


def pytest_collection_finish() -> None:
    """Leave out of every collection of garbage what stays to the end: it cost a sixth of the suite's time."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster of our own, with a migrated database `template_fireline`."""
    with running_cluster() as running:
        _migrate(running.create_database("template_fireline"))
        yield running


@pytest.fixture(scope="session")
def cluster_world(cluster: Cluster) -> World:
    """The small city in a second template, `template_world`, of that cluster."""
    return _settle(cluster.create_database("template_world", template="template_fireline"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "fireline.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def sqlite_world(sqlite_template: Path) -> tuple[Path, World]:
    """A copy of it with the small city in it."""
    path = sqlite_template.with_name("world.db")
    shutil.copy(sqlite_template, path)
    return path, _settle(f"sqlite:///{path}")


def _migrate(url: str) -> None:
    with _opened(url) as database:
        schema.upgrade(database)


def _settle(url: str) -> World:
    with _opened(url) as database, database.write() as session:
        return build_world(session)


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url, synchronous="OFF")
    try:
        yield database
        if database.is_sqlite:
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # the file alone is copied
    finally:
        database.dispose()


def _has_world(request: pytest.FixtureRequest) -> bool:
    """Whether the test asks for the small city: then its database is a copy of one that has it."""
    return "world" in request.fixturenames


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated SQLite file of the test's own."""
    if _has_world(request):
        template, _ = request.getfixturevalue("sqlite_world")
    else:
        template = request.getfixturevalue("sqlite_template")
    path = tmp_path / "fireline.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database of the test's own; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    template = "template_fireline"
    if _has_world(request):
        request.getfixturevalue("cluster_world")
        template = "template_world"
    name = f"test_{next(_NUMBER)}"
    yield cluster.create_database(name, template=template)
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
def world(db: Database, request: pytest.FixtureRequest) -> World:
    """A small city: two areas, three venues, a person in every role. See `tests/world.py`."""
    if db.is_sqlite:
        _, there = request.getfixturevalue("sqlite_world")
    else:
        there = request.getfixturevalue("cluster_world")
    return copy.deepcopy(there)


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep every test's files in its own folder."""
    monkeypatch.setenv("FIRELINE_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
