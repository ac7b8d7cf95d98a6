"""Opens a report or an application by its receipt code, for its page and the JSON alike; guessing is slowed down."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sqlmodel import Session
from starlette.requests import Request

from api.deps import address_of
from domain import enrolments, receipts, reports, throttles
from domain.identifiers import clean_receipt
from domain.models import Case
from domain.processes.enrolment import ENROLMENT
from domain.throttles import Policy, TooManyAttempts

WRONG_CODES = Policy(free=10, longest=timedelta(minutes=15), forgets_after=timedelta(hours=1))
"""Ten slips per address are free; a code has 57 bits, so this spares the database more than it hides a report."""


def refuse_guessing(session: Session, request: Request) -> None:
    """Raise `TooManyAttempts` when this address tried too many wrong codes; a right one does not help it then."""
    throttles.refuse_blocked(session, _key(request), at=request.app.state.clock())


def opened_by(session: Session, request: Request, receipt: str) -> Case:
    """Return the report this receipt code opens; raises `WrongReceipt` or `TooManyAttempts`.

    Call `note_wrong` for a `WrongReceipt` once this session's transaction is over: `api.errors` does.
    """
    refuse_guessing(session, request)
    return reports.by_receipt(session, receipt)


def application_by(session: Session, request: Request, receipt: str) -> Case:
    """Return the application this receipt code opens; raises as `opened_by` does."""
    refuse_guessing(session, request)
    return enrolments.by_receipt(session, receipt)


def page_of(session: Session, request: Request, receipt: str) -> str:
    """Return the address of the page a receipt code opens, a report's or an application's; raises as `opened_by`."""
    refuse_guessing(session, request)
    case = receipts.case_of(session, receipt)
    return f"/{'enrol' if case.process == ENROLMENT.name else 'r'}/{clean_receipt(receipt)}"


def note_wrong(request: Request) -> None:
    """Count a wrong code of this address, in a transaction of its own."""
    with suppress(TooManyAttempts), request.app.state.database.write() as session:
        throttles.count(session, _key(request), policy=WRONG_CODES, at=request.app.state.clock())


def _key(request: Request) -> str:
    return f"receipt:{address_of(request)}"
