"""What to read out to a caller whose report was just registered: the receipt code, once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, Now
from api.pages.staff_frame import staff_page
from domain import access, cases, reports
from domain.accounts import Identity
from domain.models import Case
from domain.settings import Settings

router = Router(include_in_schema=False)
COOKIE = "fireline-receipt"
SHOWN_FOR = timedelta(minutes=5)
"""How long after registering the page may still be opened with its code: for a slow line, not for looking it up."""


def show_once(case: Case, *, staff: Identity, settings: Settings, at: datetime) -> Response:
    """Lead to the page that shows the receipt code to this sign-in, once.

    What opens the page is a cookie that the page takes away again, so that neither reloading nor the browser's
    history shows the code; the address alone shows the number.
    """
    path = _path(case.number)
    answer = RedirectResponse(path, status_code=303)
    answer.set_cookie(
        COOKIE,
        str(_signer(settings).dumps([case.id.hex, _of_sign_in(staff), int((at + SHOWN_FOR).timestamp())])),
        max_age=int(SHOWN_FOR.total_seconds()),
        path=path,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("/cases/{number}/registered")
@staff_only
def show_registered(request: Request, number: str, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf) -> Response:
    """Show the number, and the receipt code if it was not shown yet."""
    token = request.cookies.get(COOKIE, "")
    with db.read() as session:
        case = cases.by_number(session, number)
        opens = token and _read(token, staff=staff, settings=settings, at=at) == case.id
        is_ours = access.may_see(session, staff.actor, case)
        if not (opens or is_ours):
            raise cases.UnknownCase(number)
        receipt = reports.receipt_of(session, case.id) if opens else None
    answer = staff_page(
        request, "pages/staff/registered.html", staff=staff, at=at, here="intake",
        number=case.number, receipt=receipt, is_ours=is_ours, has_phone=bool(case.facts.get("has_phone")),
    )  # fmt: skip
    if token:
        answer.delete_cookie(
            COOKIE, path=_path(case.number), secure=settings.secure_cookies, httponly=True, samesite="strict"
        )
    return answer


def _path(number: str) -> str:
    return f"/cases/{number}/registered"


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="registered-receipt")


def _of_sign_in(staff: Identity) -> str:
    return hashlib.sha256(staff.csrf.encode()).hexdigest()[:32]


def _read(token: str, *, staff: Identity, settings: Settings, at: datetime) -> UUID | None:
    """Return the case whose receipt this sign-in may see now."""
    try:
        hexed, sign_in, until = _signer(settings).loads(token)
    except BadData:
        return None
    return UUID(hexed) if sign_in == _of_sign_in(staff) and at.timestamp() <= until else None
