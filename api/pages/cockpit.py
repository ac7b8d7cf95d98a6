"""The cockpit: numbers, charts with their tables, alarms; and the same for a screen on the wall, without links."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from api import cockpit_answer
from api.access import Router, needs, programs_may, public
from api.deps import CurrentStaff, Db, Now, locale_of
from api.pages.staff_frame import staff_page
from api.rendering import render
from domain.access import may
from domain.queries import map_shapes
from domain.reporting import cockpit, targets
from domain.rights import Right
from domain.tokens import Scope

router = Router(include_in_schema=False)
LOOKS = ("dark", "light")


@router.get("/cockpit")
@needs(Right.SEE_FIGURES)
@programs_may(Scope.FIGURES_READ)
def show_cockpit(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the cockpit; `kiosk=1`: for a screen on the wall, where nobody clicks and nobody is named."""
    kiosk = request.query_params.get("kiosk") == "1"
    with db.read() as session:
        found = cockpit.cockpit(session, staff.actor, at=at)
        wanted = targets.targets(session)
        work = None if kiosk or staff.via == "token" else targets.work_of_each(session, staff.actor, at=at)
    data = cockpit_answer.answer(found, wanted, work, locale_of(request))
    links = _links(data, reports=may(staff.actor, Right.SEE_REPORTS))
    return staff_page(
        request, "pages/staff/cockpit.html", staff=staff, at=at, here="cockpit", kiosk=kiosk, look=_look(request),
        data=data, links={} if kiosk or not map_shapes.opens_cases(staff.actor) else links, quiet=found.now is None,
    )  # fmt: skip


@router.get("/cockpit/screen")
@public
async def show_screen(request: Request) -> Response:
    """Show an empty screen that fetches its numbers with the token behind the `#` of its address.

    What stands there never reaches the server, its log or a proxy; the page itself holds nothing.
    """
    return render(request, "pages/staff/cockpit_screen.html", kiosk=True, look=_look(request))


def _look(request: Request) -> str:
    asked = request.query_params.get("look", "")
    return asked if asked in LOOKS else LOOKS[0]


def _links(data: dict[str, Any], *, reports: bool) -> dict[str, str]:
    """Return where the numbers lead; areas, hazards and days are added to these addresses."""
    period = {"from": data["from"], "to": data["today"]}
    found = {
        "today": "/cases?" + urlencode({"view": "all", "from": data["today"], "to": data["today"]}),
        "all": "/cases?view=all",
        "period": "/cases?" + urlencode({"view": "all", **period}),
        "reported": "/cases?" + urlencode({"view": "all", "process": "hazard_report", **period}),
        "open": "/cases?view=open",
        "overdue": "/cases?view=overdue",
        "due_today": "/cases?view=today",
    }
    if reports:
        days = {"from": data["from"], "until": data["today"]}
        found["report"] = "/reports/sla?" + urlencode(days)
        found["tasks"] = f"/reports/sla/cases?{urlencode(days)}&figure="
    return found
