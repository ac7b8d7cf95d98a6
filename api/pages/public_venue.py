"""What a venue's code opens, and the page on which a code is typed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, public
from api.deps import locale_of
from api.field_errors import FieldError
from api.rendering import in_words, render
from domain import articles
from domain.identifiers import LONGEST_TYPED
from domain.language import CHINESE, Sentence
from domain.models import Venue
from domain.opening_hours import say_hours
from domain.queries.venue_notice import VenueNotice, venue_notice
from domain.venues import CodeReplaced, UnknownVenue, VenueClosed, cleaned_code

router = Router(include_in_schema=False)


@router.get("/")
@public
def start(request: Request) -> Response:
    """Show where to type a venue's code or a receipt."""
    return start_page(request, title=Sentence("Fire safety"))


@router.get("/v")
@public
def typed(request: Request, code: str = "") -> Response:
    """Go to the venue whose code was typed."""
    try:
        return RedirectResponse(f"/v/{cleaned_code(code)}", status_code=303)
    except UnknownVenue:
        return unknown_venue(request, code)


@router.get("/v/{code}")
@public
def venue(request: Request, code: str) -> Response:
    """Show what the public may know of a venue."""
    state = request.app.state
    try:
        with state.database.read() as session:
            notice = venue_notice(session, code, at=state.clock())
    except CodeReplaced as replaced:
        return replaced_code(request, replaced)
    except UnknownVenue:
        return unknown_venue(request, code)
    except VenueClosed as closed:
        return closed_venue(request, closed)
    locale = locale_of(request)
    return render(
        request,
        "pages/public/venue.html",
        venue=notice,
        name=name_of(notice, locale),
        kind=in_words(notice.kind, locale),
        hours=say_hours(notice.hours, locale),
        area=notice.area if locale == CHINESE else notice.area_en or notice.area,
        correct_by_basis=articles.of_rule("COR-30").words,
    )


def name_of(venue: Venue | VenueNotice, locale: str) -> str:
    """Return a venue's name in the reader's language; its Chinese one when it has no other."""
    return venue.name if locale == CHINESE else venue.name_en or venue.name


def unknown_venue(request: Request, code: str) -> Response:
    """Answer a code no venue has with a field to type it again."""
    wrong = FieldError("code", Sentence("No venue has this code. Check the eight characters and type them again."))
    title = Sentence("No venue has this code")
    return start_page(request, title=title, status=404, refused="venue", errors=[wrong], code=code)


def replaced_code(request: Request, replaced: CodeReplaced) -> Response:
    """Answer a code that its venue has no more: old, or forged. The venue is suggested, never taken for granted."""
    return render(
        request,
        "pages/public/replaced.html",
        status=410,
        name=name_of(replaced.venue, locale_of(request)),
        place=place_of(replaced.venue),
        replaced_at=replaced.ended_at,
    )


def place_of(venue: Venue) -> str:
    """Return where a venue is, as a reporter would write it."""
    return " ".join(dict.fromkeys((venue.name, venue.address)))


def closed_venue(request: Request, closed: VenueClosed) -> Response:
    """Answer the code of a venue that exists no more; one that was replaced before names none, as a copy may hang."""
    name = "" if closed.by_former_code else name_of(closed.venue, locale_of(request))
    return render(request, "pages/public/closed.html", status=410, name=name)


def start_page(
    request: Request,
    *,
    title: Sentence,
    status: int = 200,
    refused: str = "",
    errors: list[FieldError] | None = None,
    code: str = "",
    receipt: str = "",
) -> Response:
    """Return the page with the fields for a venue's code and a receipt; `refused` leaves only the wrong one."""
    return render(
        request,
        "pages/public/start.html",
        status=status,
        title=title,
        refused=refused,
        errors=errors or [],
        code=code[:LONGEST_TYPED],
        receipt=receipt[:LONGEST_TYPED],
    )
