"""Receipt codes: the only key of somebody without an account to their own case. Kept as an HMAC, and sealed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import Session, col

from domain import sealed
from domain.identifiers import NotAReceipt, clean_receipt, new_receipt, receipt_digest
from domain.models import Case, Receipt
from domain.settings import get_settings


class WrongReceipt(LookupError):
    """No case has this receipt code."""


def issue(session: Session, case_id: UUID, *, at: datetime) -> str:
    """Make a receipt code for a case and return it; it is shown to its holder and nobody else."""
    receipt = new_receipt()
    item = sealed.put(session, receipt, kind="receipt", case_id=case_id, at=at)
    session.execute(
        insert(Receipt), [{"digest": receipt_digest(receipt, _key()), "case_id": case_id, "sealed_id": item}]
    )
    return receipt


def of_case(session: Session, case_id: UUID) -> str | None:
    """Return the receipt code of a case, for a message to its holder; None once it was redacted."""
    item = session.execute(select(Receipt.sealed_id).where(Receipt.case_id == case_id)).scalar()  # type: ignore[call-overload]
    try:
        return sealed.get(session, item) if item else None
    except sealed.NothingSealed:
        return None


def case_of(session: Session, receipt: str, *, process: str | None = None) -> Case:
    """Return the case with that receipt code, of `process` alone when it is named; raises `WrongReceipt`.

    The lookup is by HMAC, so its time says nothing about how much of a guess was right.
    """
    try:
        cleaned = clean_receipt(receipt)
    except NotAReceipt:
        cleaned = ""  # looked up all the same: every wrong code takes one path
    query = select(Case).join(Receipt, col(Receipt.case_id) == Case.id)
    case: Case | None = session.execute(query.where(col(Receipt.digest) == receipt_digest(cleaned, _key()))).scalar()
    if case is None or process not in (None, case.process):
        raise WrongReceipt(receipt[:20])
    return case


def _key() -> bytes:
    return get_settings().secret_key.encode()
