"""What went wrong, as one value: the problem+json of programs and the page of people are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.deps import locale_of
from api.field_errors import FieldError
from api.pages.staff_frame import frame_of
from api.rendering import in_words, render
from domain.language import Sentence

JSON_PATHS = ("/api", "/webhooks", "/gateway", "/healthz", "/metrics",
              "/patrol/work", "/patrol/sync", "/patrol/photos")  # fmt: skip
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal or failure. `kept` and `next_step` are for people: was anything stored, and what now."""

    status: int
    kind: str
    title: Sentence
    detail: Sentence
    kept: Sentence
    next_step: Sentence
    errors: tuple[FieldError, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the JSON: `state`, `version`, `changes`."""
    headers: Mapping[str, str] = field(default_factory=dict)


def wants_json(request: Request) -> bool:
    """Return whether the caller is a program: by the address, else by what it accepts."""
    if request.scope["path"].startswith(JSON_PATHS):
        return request.scope["path"] != "/api/docs"
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def answer(request: Request, problem: Problem) -> Response:
    """Return the problem in the shape and language of whoever asked."""
    if wants_json(request):
        return as_json(request, problem)
    staff = request.scope["state"].get("staff")
    if staff is None:
        return render(request, "pages/error.html", status=problem.status, headers=problem.headers, problem=problem)
    frame = frame_of(staff, here="")  # without the state of the engine: the database may be what failed
    return render(
        request, "pages/staff/error.html", status=problem.status, headers=problem.headers, problem=problem, frame=frame
    )


def as_json(request: Request, problem: Problem) -> JSONResponse:
    """Return the problem as problem+json (RFC 9457)."""
    locale = locale_of(request)
    body: dict[str, Any] = {
        "type": f"/problems/{problem.kind}",
        "title": in_words(problem.title, locale),
        "status": problem.status,
        "detail": in_words(problem.detail, locale),
    }
    if problem.errors:
        body["errors"] = [{"field": e.field, "message": in_words(e.message, locale)} for e in problem.errors]
    body |= {name: value(locale) if callable(value) else value for name, value in problem.more.items()}
    headers = {**problem.headers, "content-language": locale.replace("_", "-")}
    return JSONResponse(body, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)
