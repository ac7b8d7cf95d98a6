"""The audit log: the register's record with filters, and whether all records hold together."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now
from api.pages.admin_frame import admin_page
from domain.language import Sentence
from domain.queries import record_labels, record_words
from domain.queries.record_words import BadCursor, Wanted
from domain.rights import Right
from domain.settings import city_zone

router = Router(include_in_schema=False)
HERE = "audit"


@router.get("/admin/audit")
@needs(Right.SEE_AUDIT, everywhere=True)
def show_audit(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one page of the record, the newest first."""
    asked = {name: request.query_params.get(name, "").strip()[:100] for name in FILTERS}
    wanted, wrong = _wanted(asked)
    with db.read() as session:
        try:
            page = record_words.page(session, wanted, cursor=request.query_params.get("cursor"))
        except BadCursor:
            return RedirectResponse("/admin/audit", status_code=303)
    return admin_page(
        request, "pages/staff/admin/audit.html", staff=staff, at=at, here=HERE, page=page, filters=asked, wrong=wrong,
        kinds=record_labels.KINDS, actions=record_labels.ACTIONS, filtered=any(asked.values()),
    )  # fmt: skip


FILTERS = ("kind", "action", "who", "subject", "since", "until")


def _wanted(asked: dict[str, str]) -> tuple[Wanted, tuple[Sentence, ...]]:
    """Return what the filters ask for, and what of them could not be read and was left out."""
    wrong: list[Sentence] = []
    subject = None
    try:
        subject = UUID(asked["subject"]) if asked["subject"] else None
    except ValueError:
        wrong.append(Sentence("The subject is no id."))
    days = {}
    for name in ("since", "until"):
        try:
            days[name] = date.fromisoformat(asked[name]) if asked[name] else None
        except ValueError:
            days[name] = None
            wrong.append(Sentence("%(day)s is no day; write it as 2026-11-20.", day=asked[name]))
    wanted = Wanted(
        kind=asked["kind"] or None,
        action=asked["action"] or None,
        who=asked["who"].replace("\x00", ""),
        subject_id=subject,
        since=_midnight(days["since"]),
        until=_midnight(days["until"] + timedelta(days=1)) if days["until"] and days["until"] < date.max else None,
    )
    return wanted, tuple(wrong)


def _midnight(day: date | None) -> datetime | None:
    """Return when the day begins in the city; a day before the calendar's own first years asks for everything."""
    return datetime.combine(day, time(0), city_zone()) if day and day.year > 1 else None
