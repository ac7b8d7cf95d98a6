"""What one was told within the product: read one, read all; for nobody else's eyes."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import CurrentStaff, Db, Now, Posted
from api.middleware.limits import takes_little
from api.pages.staff_frame import staff_page
from domain import notices
from domain.access import OutOfReach
from domain.queries import notice_list

router = Router(include_in_schema=False)


@router.get("/notices")
@staff_only
def show_notices(  # noqa: PLR0917 - two of them are the query
    request: Request, db: Db, at: Now, staff: CurrentStaff, show: str = "", cursor: str = ""
) -> Response:
    """Show one's own notices, the newest first."""
    only_unread = show == "unread"
    with db.read() as session:
        page = notice_list.page(session, staff.actor, only_unread=only_unread, after=_id(cursor))
    return staff_page(
        request, "pages/staff/notices.html", staff=staff, at=at, here="notices", lines=page.lines,
        next_cursor=page.next_cursor, is_first=not cursor, only_unread=only_unread,
        newest=page.lines[0].id if page.lines else None,
    )  # fmt: skip


@router.post("/notices/read")
@staff_only
@takes_little
def read_all(db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Mark all as read up to the newest that the page showed."""
    up_to = _id(str(form.get("up_to") or ""))
    if up_to is not None:
        with db.write() as session:
            notices.read_all(session, staff.person.id, up_to=up_to, at=at)
    return RedirectResponse("/notices", status_code=303)


@router.post("/notices/{notice_id}/read")
@staff_only
@takes_little
def read_one(notice_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Mark one as read; with `open`, go on to its case."""
    with db.write() as session:
        if not notices.read(session, staff.person.id, notice_id, at=at):
            raise OutOfReach(str(notice_id))
        number = notice_list.case_of(session, staff.actor, notice_id)
    return RedirectResponse(f"/cases/{number}" if number and form.get("open") else "/notices", status_code=303)


def _id(text: str) -> UUID | None:
    """Return the id a page was given; None for what is none: the list then begins at its start."""
    try:
        return UUID(text)
    except ValueError:
        return None
