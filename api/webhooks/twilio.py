"""What the telephone provider tells and asks: how messages and calls fare, what a call says, which key was pressed."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import FormData

from api.access import Router, signed_by_provider
from api.deps import Db, Now, Posted
from api.errors import NO_CONTENT
from api.middleware.limits import takes_little
from domain import attempts
from notifications import calls, news

router = Router(prefix="/webhooks/twilio", tags=["webhooks"], include_in_schema=False)

TWIML = "text/xml; charset=utf-8"
NO_ATTEMPT = UUID(int=0)


@router.post("/voice")
@signed_by_provider
@takes_little
def begin_call(request: Request, form: Posted, db: Db) -> Response:
    """Return what a call that was answered says."""
    with db.read() as session:
        twiml = calls.script(session, _attempt(request) or NO_ATTEMPT, answered_by=_text(form, "AnsweredBy"))
    return Response(twiml, media_type=TWIML)


@router.post("/voice/keys")
@signed_by_provider
@takes_little
def take_keys(request: Request, form: Posted, db: Db, at: Now) -> Response:
    """Record what was pressed and return how the call goes on."""
    with db.write() as session:
        digits = _text(form, "Digits") or ""
        twiml = calls.take_keys(session, _attempt(request) or NO_ATTEMPT, digits, at)
    return Response(twiml, media_type=TWIML)


@router.post("/status", status_code=NO_CONTENT)
@signed_by_provider
@takes_little
def call_status(request: Request, form: Posted, db: Db, at: Now) -> Response:
    """Record how a call fares."""
    with db.write() as session:
        attempts.record_callback(
            session,
            _text(form, "CallSid") or "",
            _text(form, "CallStatus") or "",
            _text(form, "ErrorCode"),
            at,
            attempt_id=_attempt(request),
            answered_by=_text(form, "AnsweredBy"),
        )
    return Response(status_code=NO_CONTENT)


@router.post("/message-status", status_code=NO_CONTENT)
@signed_by_provider
@takes_little
def message_status(request: Request, form: Posted, db: Db, at: Now) -> Response:
    """Record how a message fares; late, doubled and reordered news changes nothing."""
    sid, status, error = (_text(form, name) for name in ("MessageSid", "MessageStatus", "ErrorCode"))
    attempt = _attempt(request)
    with db.write() as session:
        news.record_message(session, sid or "", status or "", error, at, attempt_id=attempt)
    return Response(status_code=NO_CONTENT)


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) and value else None


def _attempt(request: Request) -> UUID | None:
    """Return the attempt our own address names; it is part of what was signed."""
    try:
        return UUID(request.query_params.get("attempt", ""))
    except ValueError:
        return None
