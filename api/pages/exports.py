"""Exports of the lists of venues, facilities, cases and patrols: what the page shows, as a table, in time."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted, locale_of
from api.middleware.limits import takes_little
from api.pages import patrols, staff_queue, venues
from domain.errands import UnknownErrand
from domain.exports import asked
from domain.exports.asked import TABLES, Asked, Wanted
from domain.rights import Right

router = Router(include_in_schema=False)
LONGEST_ADDRESS = 2_000


@router.post("/exports")
@needs(Right.EXPORT)
@takes_little
def export(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Have a list made into a table, by the filters of the page it was asked for on."""
    table, address = form.get("table"), form.get("address")
    if table not in TABLES or not isinstance(table, str):
        raise UnknownErrand("export")
    # The whole address of the page: filters that a page gets later are exported by without a change here.
    query = dict(parse_qsl(urlsplit(address[:LONGEST_ADDRESS]).query)) if isinstance(address, str) else {}
    if table == "patrols":
        try:
            with db.read() as session:
                wanted: Wanted = patrols.read(session, patrols.typed_in(query), actor=staff.actor, at=at)
        except patrols.NotAsked:
            raise UnknownErrand("export") from None
    else:
        wanted = staff_queue.wanted_by(query, staff.actor, at) if table == "cases" else venues.wanted_of(query)
    found = Asked(table, wanted, locale_of(request))
    # Pressed twice within a minute it is one export; a minute later it may well be another one.
    digest = hashlib.sha256(f"{found.as_data()} {at:%Y-%m-%d %H:%M}".encode()).hexdigest()
    with db.write() as session:
        errand = asked.promise(session, found, actor=staff.actor, at=at, key=digest)
    return RedirectResponse(f"/errands/{errand.id}", status_code=303)
