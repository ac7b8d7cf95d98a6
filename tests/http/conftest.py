"""The web part on a test's own database and clock, and callers of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from domain import accounts
from domain.database import Database
from domain.settings import Settings, get_settings
from tests import reach
from tests.reach import Stage
from tests.world import World

PASSWORD = "fireline-demo"
ORIGIN = "http://testserver"


@pytest.fixture
def settings() -> Settings:
    return get_settings()


@pytest.fixture
def app(db: Database, world: World, settings: Settings) -> FastAPI:
    """The web part; its clock is the world's."""
    made = create_app(db, settings)
    made.state.clock = lambda: world.clock.now
    return made


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[TestClient]:
    """A browser or program nobody is signed in with; a crash is answered, not raised."""
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def program(db: Database, world: World) -> Callable[[str], dict[str, str]]:
    """The headers of a program with a token of somebody's: `anybody.get(url, headers=program("handler"))`."""

    def headers(who: str) -> dict[str, str]:
        with db.write() as session:
            try:
                accounts.by_username(session, who)
            except accounts.UnknownAccount:
                accounts.add_account(session, username=who, password=PASSWORD, person_id=world.people[who])
            token = accounts.add_token(session, who, at=world.clock.now)
        return {"authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
def account(db: Database, world: World) -> Callable[[str], str]:
    """Make the account of a person of the world; the password is `PASSWORD`."""

    def make(who: str) -> str:
        with db.write() as session:
            accounts.add_account(session, username=who, password=PASSWORD, person_id=world.people[who])
        return who

    return make


@pytest.fixture
def stage(db: Database, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Two districts with the same things in each (`tests/reach.py`)."""
    monkeypatch.setenv("FIRELINE_STORAGE_DIR", str(tmp_path))
    get_settings.cache_clear()
    stage = reach.build(db, world)
    with start_blocking_portal() as stage.portal:
        yield stage
    get_settings.cache_clear()


@pytest.fixture
def site(stage: Stage) -> FastAPI:
    """The web part of the two districts."""
    app = create_app(stage.db, get_settings())
    app.state.clock = lambda: stage.world.clock.now
    return app
