"""Scripts of others are what was published, or built as the README says; and the two style sheets share colours."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parent.parent.parent / "api" / "static"
PUBLISHED = {
    "echarts/echarts.min.js": "e746d82f8c3560d606e60c5ad17909d804f339e0dc08c64a49de70800d41f630",
    "htmx/htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "jsqr/jsQR.js": "bc40c8a15196236b2314db0856f72ca0b49980cd5413b8c852a7349f5fee0859",
    "leaflet.heat/leaflet-heat.js": "eb952aae5806a1102729f291bab887dde783ace859819a354827a776e73e486a",
    "leaflet/leaflet.css": "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6",
    "leaflet/leaflet.js": "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_vendored_script_is_byte_for_byte_what_was_published(name: str) -> None:
    content = (STATIC / "vendor" / name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == PUBLISHED[name]
    assert (STATIC / "vendor" / name).with_name("LICENSE").read_text("utf-8")


def test_every_vendored_script_is_listed() -> None:
    files = [path for path in (STATIC / "vendor").rglob("*") if path.suffix in (".js", ".css")]
    there = {path.relative_to(STATIC / "vendor").as_posix() for path in files}

    assert there == set(PUBLISHED)


def test_staff_and_public_pages_share_their_colours() -> None:
    public, staff = (
        dict(re.findall(r"(--\w+): (#\w+);", (STATIC / name).read_text("utf-8")))
        for name in ("public.css", "staff.css")
    )

    assert len(public) > 10
    assert public.items() <= staff.items()
