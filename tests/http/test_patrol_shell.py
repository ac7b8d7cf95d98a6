"""What a phone keeps of the patrols' app: the same for everybody, whole, its words in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from api.pages.patrol_words import WORDS
from api.static_files import FOLDER
from domain.database import Database
from domain.models import Case
from tests.patrols import make_task
from tests.staff_member import Office, office_of
from tests.world import World

SAID = re.compile(r'(?<![\w.])t\(\s*"((?:[^"\\]|\\.)*)"')
IMPORTED = re.compile(r'from "\./([a-z]+\.js)"')
SCRIPTS = FOLDER / "patrol" / "phone"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database is enough: nothing here is read from it but a list tested elsewhere."""
    return sqlite_url


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as office:
        yield office


def test_scripts_say_nothing_that_the_catalogue_does_not_know() -> None:
    said = {words for script in SCRIPTS.glob("*.js") for words in SAID.findall(script.read_text("utf-8"))}

    assert set(WORDS) == said


def test_worker_keeps_every_file_the_app_asks_for(office: Office) -> None:
    browser = office.nobody()
    worker = browser.opens("/patrol/sw.js")
    kept = json.loads(worker.text.partition(";\n")[0].removeprefix("const SHELL = "))
    shell = browser.opens(kept["page"]).text

    assert worker.headers["service-worker-allowed"] == "/patrol/"
    assert worker.headers["cache-control"] == "no-cache"
    asked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', shell))
    prefix = next(address for address in asked if address.endswith("app.js")).removesuffix("app.js")
    asked |= {prefix + name for script in SCRIPTS.glob("*.js") for name in IMPORTED.findall(script.read_text("utf-8"))}
    assert asked <= set(kept["files"])
    assert {browser.opens(address).status_code for address in kept["files"]} == {200}


def test_kept_page_names_nobody_and_the_live_one_lists_the_reader_s_tasks(office: Office, world: World) -> None:
    with office.db.write() as session:
        task = make_task(session, world)
        plain = make_task(session, world, points=0)
        missed = make_task(session, world, points=0)
        session.get_one(Case, missed.task_id).state = "missed"
    officer, nobody = office.member("officer"), office.nobody()

    assert task.number in officer.opens("/patrol/").text
    listed = officer.opens("/patrol/").text
    assert f'href="/patrols/{task.number}"' in listed  # its points are gone to with a phone
    assert f'href="/my-place/{plain.number}"' in listed
    assert "漏查，可补查" in listed.partition("<body>")[2]
    assert task.codes[1] not in listed
    assert officer.opens("/patrol/").headers["cache-control"] == "no-store"
    assert task.number not in officer.opens("/patrol/shell").text
    assert "/login?next=/patrol/" in nobody.opens("/patrol/").text


def test_manifest_speaks_the_reader_s_language(office: Office) -> None:
    browser = office.nobody()
    chinese, english = (browser.opens("/patrol/manifest.webmanifest", lang=lang).json() for lang in ("zh_CN", "en"))

    assert (chinese["short_name"], english["short_name"]) == ("巡查", "Patrols")
    assert (chinese["scope"], chinese["start_url"], chinese["id"]) == ("/patrol/", "/patrol/", "/patrol/")
    assert {browser.opens(icon["src"]).status_code for icon in chinese["icons"]} == {200}
