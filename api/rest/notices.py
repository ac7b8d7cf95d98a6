"""One's own notices by program."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query, Request

from api.access import Router, programs_may, staff_only
from api.deps import CurrentStaff, Db, Now, locale_of
from api.rendering import in_words
from api.rest.answers import moment
from domain import notices
from domain.access import OutOfReach
from domain.queries import notice_list
from domain.queries.notice_list import Line
from domain.tokens import Scope

router = Router(prefix="/api/v1/notices", tags=["notices"])


@router.get("")
@staff_only
@programs_may(Scope.CASES_READ)
def list_notices(
    request: Request,
    *,
    db: Db,
    staff: CurrentStaff,
    unread: bool = False,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=notice_list.LARGEST_PAGE)] = notice_list.PAGE_SIZE,
) -> dict[str, Any]:
    """List what the caller was told, the newest first; `unread` at most 100 says how many wait."""
    with db.read() as session:
        page = notice_list.page(session, staff.actor, only_unread=unread, after=cursor, size=limit)
        waiting = notices.unread(session, staff.person.id)
    locale = locale_of(request)
    rows = [_shown(line, locale) for line in page.lines]
    following = str(page.next_cursor) if page.next_cursor else None
    return {"notices": rows, "unread": waiting, "next_cursor": following}


@router.post("/read")
@staff_only
@programs_may(Scope.CASES_WRITE)
def read_all(db: Db, at: Now, staff: CurrentStaff, up_to: Annotated[UUID, Body(embed=True)]) -> dict[str, int]:
    """Mark everything up to one notice as read; what came later stays unread."""
    with db.write() as session:
        marked = notices.read_all(session, staff.person.id, up_to=up_to, at=at)
    return {"read": marked}


@router.post("/{notice_id}/read")
@staff_only
@programs_may(Scope.CASES_WRITE)
def read_one(notice_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> dict[str, int]:
    """Mark one notice as read; again changes nothing."""
    with db.write() as session:
        if not notices.read(session, staff.person.id, notice_id, at=at):
            raise OutOfReach(str(notice_id))
        waiting = notices.unread(session, staff.person.id)
    return {"unread": waiting}


def _shown(line: Line, locale: str) -> dict[str, Any]:
    about = line.about
    return {
        "id": str(line.id),
        "kind": line.kind if about or line.link else None,
        "link": line.link,
        "words": in_words(line.title, locale),
        "at": moment(line.at),
        "read_at": moment(line.read_at),
        "case": {
            "number": about.number,
            "process": in_words(about.process, locale),
            "place": about.place,
            "step": in_words(about.step, locale),
            "clock": in_words(about.clock, locale) or None,
            "due_at": moment(about.due_at),
        }
        if about
        else None,
    }
