"""Debian's Chromium against the real web part: one browser for all tests, an app and a database for each."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Request, sync_playwright

from api.app import create_app
from domain.database import Database
from domain.settings import get_settings
from tests.world import World

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
PHONE_WIDTH = 320
DESKTOP_WIDTH = 1280
HEIGHT = 800
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What Chromium notes when it shows a page of ours with a status of 4xx."""


@dataclass
class Site:
    """The web part as a browser reaches it."""

    url: str
    db: Database
    world: World


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database is enough here: what differs between the two is tested without a browser."""
    return sqlite_url


@pytest.fixture
def site(db: Database, world: World) -> Iterator[Site]:
    """The web part on a free port, its clock the world's."""
    app = create_app(db, get_settings())
    app.state.clock = lambda: world.clock.now
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, access_log=False, log_level="error"))
    thread = threading.Thread(target=server.run, name="fireline-web")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", db, world)
    server.should_exit = True
    thread.join()


def _note_failure(complaints: list[str], failed: Request) -> None:
    """Note a request that failed; one the browser gave up because its page was left, or closed, is no fault."""
    if failed.failure != "net::ERR_ABORTED":
        complaints.append(f"{failed.url}: {failed.failure}")


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a page of the site in a browser of its own: `open_page(width=, language=, javascript=, **context)`.

    `page.complaints` collects what went wrong in the page; the test ends with a failure when there is anything.
    """
    contexts, complaints = [], []

    def opened(*, width: int = PHONE_WIDTH, language: str = "zh_CN", javascript: bool = True, **more: Any) -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": HEIGHT},
            locale=language.replace("_", "-"),
            java_script_enabled=javascript,
            **more,
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda failed: _note_failure(complaints, failed))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.startswith(REFUSED)] == []
