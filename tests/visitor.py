"""A member of the public at the web part, without a browser: opens pages, sends forms, sees what stands there."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image
from starlette.testclient import TestClient

from api.app import create_app
from domain import cases, rectifications, reports
from domain.database import Database
from domain.models import Case
from domain.settings import get_settings
from tests.world import World


class Visitor:
    """One person with one browser; `language` is what their pages are in."""

    def __init__(self, client: TestClient, world: World) -> None:
        self.client = client
        self.world = world

    def speaks(self, language: str) -> None:
        """Choose the language as the switch on every page does."""
        self.client.get("/", params={"lang": language})

    def opens(self, path: str) -> Any:
        """Open a page."""
        return self.client.get(path)

    def report_path(self, venue: str = "kuancheng") -> str:
        """Return where a hazard at a venue of the world is reported."""
        return f"/v/{self.world.codes[venue]}/report"

    def sends(self, path: str, *, photos: list[tuple[str, bytes]] | None = None, **fields: Any) -> Any:
        """Open the page with the form, fill it in and send it; the answer is not followed."""
        filled = {**hidden_fields(self.opens(path).text), **fields}
        return self.posts(path, photos=photos, **filled)

    def posts(self, path: str, *, photos: list[tuple[str, bytes]] | None = None, **fields: Any) -> Any:
        """Send a form as a browser does: with files, empty choice of files included."""
        files = [("photos", (name, data, "image/jpeg")) for name, data in photos or [("", b"")]]
        return self.client.post(path, data=fields, files=files, follow_redirects=False)

    def reports(self, **fields: Any) -> str:
        """Report a hazard at the first venue and return the receipt code."""
        answer = self.sends(self.report_path(), **{"hazard": "escape", "description": "出口锁着", **fields})
        assert answer.status_code == 303, seen(answer)
        return answer.headers["location"].removeprefix("/r/").partition("?")[0]


@contextmanager
def visitor_of(db: Database, world: World) -> Iterator[Visitor]:
    """Give a visitor of the web part on this database, whose clock is the world's."""
    app = create_app(db, get_settings())
    app.state.clock = lambda: world.clock.now
    with TestClient(app, base_url="http://fireline.test") as client:
        yield Visitor(client, world)


def case_of(db: Database, receipt: str) -> Case:
    with db.read() as session:
        return reports.by_receipt(session, receipt)


def staff_does(db: Database, world: World, receipt: str, *steps: tuple[str, str, dict[str, object]]) -> None:
    case_id = case_of(db, receipt).id
    for who, name, data in steps:
        with db.write() as session:
            case = cases.reload(session, case_id)
            cases.fire(session, case, name, actor=world.actor(session, who), at=world.clock.advance(hours=1), data=data)


def answered(db: Database, world: World, receipt: str) -> None:
    with db.write() as session:
        reports.triage(session, reports.by_receipt(session, receipt).id, at=world.clock.now)
    staff_does(
        db, world, receipt,
        ("warden", "start_check", {"venue_code": world.codes["kuancheng"]}),
        ("warden", "record_finding", {"outcome": "substantiated", "description": "内部：两处上锁",
                                      "hazards": ["EVA-02"], "no_photo_reason": "测试"}),
    )  # fmt: skip
    finding = case_of(db, receipt).version
    staff_does(db, world, receipt, ("handler", "reply", {"text": "经核查属实，已责令整改。"}))
    with db.write() as session:
        rectifications.open_from_finding(session, case_of(db, receipt).id, finding, at=world.clock.now)


def seen(answer: Any) -> str:
    """Return the words of a page, without its tags."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's form and the photos it keeps."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def kept_photos(page: str) -> list[str]:
    """Return the signed notes of the photos a page keeps."""
    return re.findall(r'name="kept" value="([^"]+)"', page)


def photo(colour: str = "red", *, size: tuple[int, int] = (640, 480)) -> bytes:
    """Return a small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()
