"""What the public pages weigh on the wire, gzip'ed: HTML, style and scripts together, and who may be asked for them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest

from api.static_files import FOLDER
from domain.database import Database
from tests.visitor import Visitor, photo, visitor_of
from tests.world import World

PAGE = 15 * 1024
STYLE = 6 * 1024
ISLAND = 1024


@pytest.fixture
def visitor(db: Database, world: World) -> Iterator[Visitor]:
    with visitor_of(db, world) as somebody:
        yield somebody


def parts_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', page)


def weight(visitor: Visitor, answer: object) -> int:
    """Return what arrives for a page that nothing is cached of."""
    sizes = [int(answer.headers["content-length"])]  # type: ignore[attr-defined]
    for part in parts_of(answer.text):  # type: ignore[attr-defined]
        file = visitor.opens(part)
        assert (file.status_code, file.headers["content-encoding"]) == (200, "gzip")
        sizes.append(int(file.headers["content-length"]))
    return sum(sizes)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_public_page_weighs_at_most_15_kb(visitor: Visitor, language: str) -> None:
    visitor.speaks(language)
    receipt = visitor.reports(photos=[("a.jpg", photo())])
    visitor.posts(f"/r/{receipt}/add_information", version="1", text="二楼也锁着")
    code = visitor.world.codes["kuancheng"]
    pages = [
        visitor.opens(path)
        for path in (f"/v/{code}", f"/v/{code}/report", "/report", f"/r/{receipt}?new=1", f"/r/{receipt}", "/r", "/",
                     "/r/AAAA", "/v/AAAA", "/enrol", f"/v/{visitor.world.codes['closed']}", "/nowhere")
    ]  # fmt: skip
    pages.append(visitor.sends(f"/v/{code}/report", phone="1", photos=[(f"{n}.jpg", photo()) for n in range(9)]))

    weights = {str(page.request.url): weight(visitor, page) for page in pages}

    assert max(weights.values()) <= PAGE, weights


def test_style_and_islands_stay_small() -> None:
    zipped = {
        name: len(gzip.compress((FOLDER / name).read_bytes(), 9)) for name in ("public.css", "photos.js", "place.js")
    }

    assert zipped["public.css"] <= STYLE
    assert zipped["photos.js"] <= ISLAND
    assert zipped["place.js"] <= ISLAND


@pytest.mark.parametrize("path", ["/", "/report", "/r", "/enrol", "venue", "form"])
def test_page_needs_no_other_site_and_no_inline_code(visitor: Visitor, path: str) -> None:
    code = visitor.world.codes["kuancheng"]
    page = visitor.opens({"venue": f"/v/{code}", "form": f"/v/{code}/report"}.get(path, path))

    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
