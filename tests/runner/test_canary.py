"""A reporter nobody else is like, driven through a whole case of a running city, is found nowhere they should not be.

Looked through are the dump of the database, the live files of SQLite with their journal, every log, Prefect's own
database, the stored photos, what errands made, and every page and every answer in JSON for every role. The telephone
provider (here the built-in exchange, with its journal) has to know the number it sends messages to; nothing else does.
"""

from __future__ import annotations

import itertools
import re
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from api.app import create_app
from api.routes import endpoints
from domain import people
from domain.demo import city, roster
from domain.exports import asked
from domain.identifiers import show_receipt
from domain.models import Attempt, Case, Errand, Person, Photo, VaultItem
from domain.queries import case_list
from domain.settings import Settings
from tests.canaries import Hunt, Leak, ways_to_write
from tests.cluster import Cluster
from tests.pictures import jpeg, taken_at
from tests.runner.city_site import ROLES, Site, site_of
from tests.runner.running import eventually, free_port, running
from tests.staff_member import hidden_fields, seen
from tests.visitor import hidden_fields as public_fields

NAME, PHONE = "欧阳金丝雀", "13912340987"
WORDS, PLACE = "第七根立柱旁的常闭门被麻绳拴住", "金丝雀里九号院西厢"
OBJECTION, RATING = "验收之后麻绳又被拴回原处", "接线的人很耐心金丝雀"
LAT, LON = 24.738291, 102.917253
EXIF_LAT, EXIF_LON = 24.913577, 102.864213
RELEASED = "常闭式防火门被固定"
"""What the handler makes of the reporter's words for the venue."""

READS = {"handler", "inspector1", "inspector2", "supervisor", "leader", "warden"}
"""Who reads what was reported: words, place and position are theirs to see, who it was is not."""
READ_BY_THEM = ("words", "place", "position", "objection", "rating")
NEVER_ASKED = ("/exchange", "/static", "/login", "/r/", "/kept", "/photos", "/logout")
"""The exchange is the provider; the rest is asked for by itself, or is nobody's of the staff."""

TRIES, TOO_LATE = 5, 409

_NUMBER = itertools.count(1)


@dataclass
class Stage:
    """Where the city runs: its arguments, its database, how that is dumped."""

    arguments: list[str]
    url: str
    roles: tuple[str, ...]
    """Who opens every page: every day those who see least and most, at night everybody, then on SQLite's files."""
    dump: list[str] = field(default_factory=list)
    """A command; empty: the files are the database."""


LEAST_AND_MOST = ("handler", "owner", "auditor")
STAGES = [
    pytest.param(("postgresql", LEAST_AND_MOST), id="postgresql"),
    pytest.param(("sqlite", ROLES), id="sqlite, everybody", marks=pytest.mark.nightly),
]


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    kind, roles = request.param
    if kind == "sqlite":
        yield Stage([], f"sqlite:///{tmp_path / 'data' / 'fireline.db'}", roles)
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"canary_{next(_NUMBER)}"
    url = cluster.create_database(name)
    command = [str(cluster.binaries / "pg_dump"), "-h", str(cluster.directory), "-U", "fireline", name]
    yield Stage(["--database", url], url, roles, command)
    cluster.drop_database(name)


def cut(degrees: float) -> str:
    """Return the digits that stand in every way of writing these degrees, however many of them are shown."""
    return str(degrees)[:-2]


def hunt_for(receipt: str) -> Hunt:
    """Return what is looked for, in every way it may be written."""
    return Hunt({
        "name": (NAME,), "phone": ways_to_write(PHONE), "words": (WORDS,), "place": (PLACE,),
        "position": (cut(LAT), cut(LON)), "exif": (cut(EXIF_LAT), cut(EXIF_LON)),
        "objection": (OBJECTION,), "rating": (RATING,), "receipt": (receipt, show_receipt(receipt)),
    })  # fmt: skip


@dataclass
class Story:
    """The case as it goes, and what the reporter and the revealed view were shown."""

    site: Site
    receipt: str = ""
    number: str = ""
    rectification: str = ""
    typed_again: str = ""
    revealed: str = ""

    def report(self) -> None:
        """Fill in the page wrongly, then report through the desk's own door, with everything one can leave."""
        public = self.site.browser()
        page = f"/v/{roster.venue_code(city.SEED_VENUE)}/report"
        wrong = {**public_fields(public.get(page).text), "hazard": "escape", "description": WORDS, "phone": f"{PHONE}x"}
        self.typed_again = public.post(page, data=wrong, headers={"origin": str(public.base_url)}).text
        picture = ("file", ("IMG_0001.jpg", jpeg(exif=taken_at(EXIF_LAT, EXIF_LON)), "image/jpeg"))
        photo = public.post("/api/v1/uploads", files=[picture]).json()["id"]
        intake = {"venue_code": roster.venue_code(city.SEED_VENUE), "hazard": "escape", "description": WORDS,
                  "place": PLACE, "name": NAME, "phone": PHONE, "lat": LAT, "lon": LON, "photos": [photo]}  # fmt: skip
        headers = {"Idempotency-Key": "canary-00000000000000000001"}
        answers = [public.post("/api/v1/hazard-reports", json=intake, headers=headers) for _ in range(2)]
        made = answers[0].json()
        assert answers[0].status_code == answers[1].status_code == 201, made
        self.number, self.receipt = made["number"], made["receipt"]

    def takes(self, who: str, number: str, step: str, **fields: Any) -> None:
        for _ in range(TRIES):
            answer = self.site.member(who).takes(number, step, **fields)
            if answer.status_code != TOO_LATE:  # the worker moved the case meanwhile: look again, send again
                break
        assert answer.status_code == 303, (who, step, seen(answer)[-600:])

    def check(self, who: str, **finding: Any) -> None:
        self.takes(who, self.number, "start_check", venue_code=roster.venue_code(city.SEED_VENUE))
        files = [("site.jpg", jpeg(seed=7, exif=taken_at(EXIF_LAT, EXIF_LON)))]
        self.takes(who, self.number, "record_finding", files=files, description="现场看过", **finding)

    def reporter(self, step: str, **fields: str) -> None:
        public = self.site.browser()
        page = public.get(f"/r/{self.receipt}").text
        version = re.search(rf'action="/r/{self.receipt}/{step}".*?name="version" value="(\d+)"', page, re.DOTALL)
        assert version, f"the reporter cannot {step}"
        data = {"version": version.group(1), **fields}
        answer = public.post(f"/r/{self.receipt}/{step}", data=data, headers={"origin": str(public.base_url)})
        assert answer.status_code == 303, answer.text[-500:]

    def handled(self) -> None:
        """Check, answer, reveal, release, object, check again, correct, close."""
        site = self.site
        site.in_state(self.number, "assigned")
        self.check("warden", outcome="substantiated", hazards=["EVA-02"])
        self.takes("handler", self.number, "reply", text="经核查属实，已责令整改。")
        self.reveal()
        self.takes("handler", self.number, "release_words", text=RELEASED)
        self.rectification = site.led_to(self.number)
        self.takes("inspector1", self.rectification, "serve", correct_by="2030-01-01", served_to="责任人")
        self.takes("owner", self.rectification, "submit", description="已拆除", files=[("b.jpg", jpeg(seed=3))])
        self.takes("inspector2", self.rectification, "confirm", description="已改", files=[("c.jpg", jpeg(seed=4))])
        self.reporter("object", text=OBJECTION)
        people = {"assignee": str(site.person("inspector1")), "second": str(site.person("inspector2"))}
        self.takes("supervisor", self.number, "assign", **people)
        self.check("inspector1", outcome="not_substantiated")
        self.takes("handler", self.number, "reply", text="再次核查，未见异常。")
        site.everything_is_done()
        self.reporter("rate", rating="5", comment=RATING)

    def reveal(self) -> None:
        site, page = self.site, f"/cases/{self.number}/identity"
        self.takes("handler", self.number, "request_identity", reason="需要举报人指认")
        self.takes("supervisor", self.number, "grant_identity")
        self.revealed = seen(site.member("handler").sends(page, page, reason="请举报人指认楼层"))

    def go_wrong(self) -> None:
        """Type the canaries where they do not belong: searches, addresses, fields there are none of."""
        handler, public = self.site.member("handler"), self.site.browser()
        for words in (NAME, PHONE, WORDS):
            assert handler.opens("/cases", q=words).status_code == 200
            assert public.get(f"/cases/{words}", headers={"accept": "text/html"}).status_code in (303, 404)
            assert handler.opens(f"/cases/{words}").status_code == 404
            wrong = public.post("/api/v1/hazard-reports", json={"description": words, "nope": words, "phone": words})
            assert wrong.status_code == 422
        csrf = hidden_fields(handler.opens("/cases/new").text)["csrf"]
        again = handler.posts("/cases/new", csrf=csrf, name=NAME, phone="12", description=WORDS, place=PLACE)
        assert again.status_code in (404, 405, 422)


def pages(site: Site, story: Story) -> list[str]:
    """Return every address that can be opened, filled in with what there is."""
    numbers = (story.number, story.rectification)
    with site.db.read() as session:
        photos = [str(photo) for photo in session.exec(select(Photo.id).where(col(Photo.case_id).is_not(None)))]
    venue = roster.venue_code(city.SEED_VENUE)
    known = {"code": (venue,), "number": numbers, "size": ("full",), "name": ("reply", "submit"), "photo_id": photos}
    found = {f"/photos/{photo}/{size}" for photo in photos for size in ("full", "thumbnail")}
    for route in endpoints(create_app(site.db, Settings())):
        if "GET" not in route.methods or route.path.startswith(NEVER_ASKED):
            continue
        names = re.findall(r"\{(\w+)(?::\w+)?\}", route.path)
        for values in itertools.product(*(known.get(name, ("none",)) for name in names)):
            path = route.path
            for name, value in zip(names, values, strict=True):
                path = re.sub(rf"\{{{name}(:\w+)?\}}", value, path)
            found.add(path)
    listed = {"/cases?view=open", "/cases?view=closed", "/cases?view=waiting", "/cases?view=asked", "/api/v1/cases"}
    return sorted(found | listed)


def leaks_on_pages(site: Site, story: Story, hunt: Hunt, roles: tuple[str, ...]) -> tuple[list[Leak], int]:
    """Open every page as everybody and return what leaked, and how many were really shown."""
    everything = pages(site, story)
    leaks, shown = [], 0
    of_readers = hunt.besides(*READ_BY_THEM)
    for who in (*roles, None):
        client = site.member(who).client if who else site.browser()
        wanted = of_readers if who in READS else hunt
        for path in everything:
            for accept in ("text/html", "application/json") if path == f"/cases/{story.number}" else ("*/*",):
                answer = client.get(path, headers={"accept": accept})
                shown += answer.status_code == 200
                leaks += wanted.in_bytes(answer.content, f"{who} {path}")
                leaks += wanted.in_bytes(str(answer.headers).encode(), f"{who} {path} (headers)")
    return leaks, shown


def dumped(stage: Stage, data: Path, copy: Path) -> list[tuple[str, bytes]]:
    """Return the whole database as it is at this moment: its dump, or its files with the journal that is not in yet."""
    if stage.dump:
        return [("pg_dump", subprocess.run(stage.dump, check=True, capture_output=True).stdout)]
    copy.mkdir()
    for path in data.glob("fireline.db*"):
        shutil.copy(path, copy)
    return [(path.name, path.read_bytes()) for path in sorted(copy.iterdir())]


def leaks_in_database(stage: Stage, data: Path, copy: Path, hunt: Hunt) -> list[Leak]:
    return [leak for name, text in dumped(stage, data, copy) for leak in hunt.in_bytes(text, name)]


def test_reporter_is_found_nowhere_outside_the_vault(stage: Stage, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, "--prefect-port", str(free_port()), *stage.arguments) as run:
        eventually(lambda: run.health().get("prefect") == "joined", what="Prefect joining")
        eventually(run.is_healthy, what="a worker at work")
        with site_of(run, stage.url) as site:
            story = Story(site)
            story.report()
            story.handled()
            story.go_wrong()
            site.everything_is_done()
            hunt = hunt_for(story.receipt)

            tables = [export(site, who) for who in ("handler", "auditor")]
            on_pages, shown = leaks_on_pages(site, story, hunt, stage.roles)
            in_database = [
                leak for name, text in dumped(stage, data, tmp_path / "live") for leak in hunt.in_bytes(text, name)
            ]
            handlers_page = site.member("handler").opens(f"/cases/{story.number}").content
            read_by_the_handler = hunt.in_bytes(handlers_page, "the handler's page")
            masked, sealed_kinds = what_is_kept(site, story)
            planted = planted_leak(site, stage, tmp_path / "planted", hunt, story)
        run.process.send_signal(signal.SIGINT)
        run.process.wait(timeout=30)

    journal = data / "exchange.journal"
    in_files = hunt.in_files(data, besides=[journal, *data.glob("fireline.db*")])
    on_terminal = hunt.in_bytes(run.output.read_bytes(), "the terminal")

    assert (on_pages, in_database, in_files, on_terminal) == ([], [], [], [])
    # That nothing is found is worth something: everything was there, shown to whom it is for, and would be found.
    assert all(words in story.revealed for words in (NAME, "139 1234 0987", str(LAT)))
    assert WORDS in story.typed_again
    assert masked == {"139 **** 0987"}
    assert sealed_kinds >= {
        "name",
        "phone",
        "description",
        "place",
        "position",
        "objection",
        "rating",
        "photo_position",
    }
    assert hunt.only("phone").in_bytes(journal.read_bytes(), "the provider's journal")
    assert (data / "prefect").is_dir() or list(data.rglob("prefect.db"))
    assert list((data / "logs").glob("*.log"))
    assert all(zipfile.is_zipfile(data / "errands" / table) for table in tables)
    assert shown > len(stage.roles) * 10
    assert {leak.canary for leak in read_by_the_handler} >= {"words", "place", "position", "objection"}
    assert {leak.canary for leak in planted} == {"words"}


def export(site: Site, who: str) -> str:
    """Have somebody take the list of cases out as a workbook, and return the key of its file."""
    with site.db.write() as session:
        person = session.get(Person, site.person(who))
        actor, now = people.actor_of(session, person, at=datetime.now(UTC)), datetime.now(UTC)
        wanted = asked.Asked("cases", case_list.Wanted(), "zh_CN")
        errand_id = asked.promise(session, wanted, actor=actor, at=now, key=f"canary-{who}").id

    def made() -> str | None:
        with site.db.read() as session:
            return session.get(Errand, errand_id).storage_key

    return eventually(made, what="the exported table")


def what_is_kept(site: Site, story: Story) -> tuple[set[str], set[str]]:
    """Return how the number stands with the messages to the reporter, and what the vault holds."""
    with site.db.read() as session:
        case = session.exec(select(Case).where(Case.number == story.number)).one()
        masked = select(Attempt.to_masked).where(Attempt.case_id == case.id, col(Attempt.recipient_id).is_(None))
        return set(session.exec(masked)), set(session.exec(select(VaultItem.kind)))


def planted_leak(site: Site, stage: Stage, copy: Path, hunt: Hunt, story: Story) -> list[Leak]:
    """Put the reporter's words where they must not stand, and return what the hunt finds."""
    with site.db.write() as session:
        session.execute(update(Case).where(col(Case.number) == story.number).values(place=WORDS))
    found = leaks_in_database(stage, site.run.data_dir, copy, hunt)
    with site.db.write() as session:
        session.execute(update(Case).where(col(Case.number) == story.number).values(place=city.SEED_VENUE))
    return found
