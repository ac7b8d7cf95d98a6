"""What the code on a facility's label opens: what it is and where, for anybody; its history for staff."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, public
from api.deps import Db, MaybeStaff, locale_of
from api.pages.public_venue import name_of
from api.rendering import in_words, render
from domain.facilities import UnknownFacility
from domain.language import Sentence
from domain.queries import facility_label

router = Router(include_in_schema=False)


@router.get("/f/{code}")
@public
def show_label(request: Request, code: str, db: Db, staff: MaybeStaff) -> Response:
    """Show what stands behind a label's code."""
    try:
        with db.read() as session:
            found = facility_label.label(session, code)
            cursor = request.query_params.get("cursor")
            inside = facility_label.inside(session, code, actor=staff.actor, cursor=cursor) if staff else None
    except UnknownFacility:
        title = Sentence("No facility has this code")
        return render(request, "pages/public/no_facility.html", status=404, title=title)
    if found.code != code:
        return RedirectResponse(f"/f/{found.code}", status_code=303)
    locale = locale_of(request)
    return render(
        request, "pages/public/facility.html", found=found, inside=inside, kind=in_words(found.kind, locale),
        where=" ".join(part for part in (in_words(found.where, locale), found.location) if part),
        venue=name_of(found.venue, locale),
        report=f"/v/{found.venue.code}/report?{urlencode({'facility': found.code})}",
    )  # fmt: skip
