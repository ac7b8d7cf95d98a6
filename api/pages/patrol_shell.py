"""The app of patrols as a phone keeps it: its frame, the service worker that holds it, its manifest.

The frame names nobody: what a phone keeps of a person it keeps in its own database, which signing out clears.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import JSONResponse, Response

from api.access import Router, public
from api.deps import Db, MaybeStaff, Now, locale_of
from api.pages.patrol_words import WORDS
from api.rendering import STATIC, TEMPLATES, local_due, render
from domain.accounts import Identity
from domain.actors import VENUE_SIDE, Actor
from domain.database import Database
from domain.language import CHINESE, translate
from domain.patrols import today
from domain.patrols.schedule import VISITS
from domain.processes.patrol_task import MISSED, OPEN, UNDER_WAY
from domain.settings import city_zone

router = Router(include_in_schema=False)
ASK_FIRST = {"cache-control": "no-cache"}
SCOPE = "/patrol/"
SHELL = "/patrol/shell"
"""The frame without anybody's list: the only page the service worker keeps."""
FOLDER = "patrol/phone/"
WORKER = f"{FOLDER}worker.js"
DECODER = "vendor/jsqr/jsQR.js"
TEMPLATE = "pages/staff/patrols/phone.html"
RED, PAPER = "#b3261e", "#f4f6f8"


@router.get("/patrol/")
@public
def show_phone(request: Request, db: Db, at: Now, staff: MaybeStaff) -> Response:
    """Show the app; to a browser without scripts the list of today's tasks, or where to sign in."""
    begun = None if staff is None else _listed(db, staff, at=at, locale=locale_of(request))
    return _page(request, begun=begun, headers={})


@router.get(SHELL)
@public
def show_shell(request: Request) -> Response:
    """Show the app's frame as the service worker keeps it."""
    return _page(request, begun=None, headers=ASK_FIRST)


@router.get("/patrol/sw.js")
@public
def send_worker() -> Response:
    """Send the service worker with the list of what it keeps; another list is another worker."""
    told = {"version": version(), "page": SHELL, "files": [_prefix() + name for name in files()]}
    body = f"const SHELL = {json.dumps(told)};\n".encode() + STATIC.plain(WORKER)
    return Response(
        body, media_type="text/javascript; charset=utf-8", headers={**ASK_FIRST, "service-worker-allowed": SCOPE}
    )


@router.get("/patrol/manifest.webmanifest")
@public
def send_manifest(request: Request) -> Response:
    """Send what a phone needs to install the app."""
    locale = locale_of(request)
    icons = [
        {
            "src": f"{_prefix()}patrol/phone/icon-{size}.png",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in ((192, "any"), (512, "any"), (512, "maskable"))
    ]
    return JSONResponse(
        {
            "id": SCOPE,
            "name": translate("Fire safety patrols", locale),
            "short_name": translate("Patrols", locale),
            "lang": locale.replace("_", "-"),
            "start_url": SCOPE,
            "scope": SCOPE,
            "display": "standalone",
            "orientation": "any",
            "theme_color": RED,
            "background_color": PAPER,
            "icons": icons,
        },
        media_type="application/manifest+json",
        headers=ASK_FIRST,
    )


@cache
def files() -> tuple[str, ...]:
    """Return the names of the static files the app is made of."""
    return (*(name for name in STATIC.names(FOLDER) if name != WORKER), DECODER)


@cache
def version() -> str:
    """Return the digest of everything the app is made of: one changed file or word is another version."""
    made = hashlib.sha256(STATIC.plain(WORKER))
    made.update((TEMPLATES / TEMPLATE).read_bytes())
    for name in files():
        made.update(STATIC.plain(name))
    made.update(json.dumps(_words(), sort_keys=True).encode())
    return made.hexdigest()[:10]


def _prefix() -> str:
    # One prefix for all, so that modules import each other within their own version.
    return f"/static/{version()}/"


@cache
def _words() -> dict[str, str]:
    return {words: translate(words, CHINESE) for words in WORDS}


def _page(request: Request, *, begun: list[dict[str, Any]] | None, headers: dict[str, str]) -> Response:
    return render(
        request, TEMPLATE, headers=headers, assets=_prefix(), words=_words(), begun=begun, zone=city_zone().key
    )


def _listed(db: Database, staff: Identity, *, at: datetime, locale: str) -> list[dict[str, Any]]:
    with db.read() as session:
        work = today.work_of(session, staff.actor, at=at, locale=locale)
    return [
        {
            "number": task["number"],
            "title": task["title"],
            "venue": task["venue"]["name"],
            "address": task["venue"]["address"],
            "due": local_due(datetime.fromisoformat(task["due_at"])),
            "missed": _missed(task, locale),
            "href": _page_of(task, work["versions"][task["version"]], staff.actor),
        }
        for task in work["tasks"]
    ]


def _missed(task: Mapping[str, Any], locale: str) -> str:
    if task["state"] != MISSED.name:
        return ""
    return translate("Missed, may be done late" if task["late_allowed"] else "Missed", locale)


def _page_of(task: Mapping[str, Any], version: Mapping[str, Any], actor: Actor) -> str:
    """Return where it is carried out without scripts; what cannot be has its page to read."""
    is_form = not task["points"] and all(item["answer"] == "pass_fail_na" for item in version["items"])
    is_open = task["state"] in (OPEN.name, UNDER_WAY.name) or (task["state"] == MISSED.name and task["late_allowed"])
    is_theirs = actor.plays(*VENUE_SIDE) and UUID(task["venue"]["id"]) in actor.venue_ids
    if is_form and is_open and is_theirs and task["kind"] == VISITS:
        return f"/my-place/{task['number']}"
    return f"/patrols/{task['number']}"
