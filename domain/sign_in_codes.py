"""Signing in by a code of six digits sent to one's phone: good for five minutes and five tries.

Whether a name exists, and whether it has a phone, shows in nothing: the same rows are written and the same errand is
promised for a name nobody has; only the worker finds that there is nobody to tell.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update
from sqlmodel import Session, col

from domain import accounts, attempts, errands, sealed, throttles
from domain.accounts import Caller, SignedIn, folded, key_of
from domain.database import Database
from domain.identifiers import mask_phone, new_id
from domain.language import Sentence
from domain.models import Account, CodeMessage, Person, SignInCode, VaultItem
from domain.settings import Settings
from domain.throttles import Allowance, AllowanceSpent

KIND = "sign_in_code"
DIGITS = 6
LASTS = timedelta(minutes=5)
MOST_TRIES = 5
PER_NAME = Allowance(most=3, within=timedelta(minutes=15))
PER_NAME_A_DAY = Allowance(most=10, within=timedelta(days=1))
"""Ten codes of five tries a day: one chance in 20,000 to guess one."""
PER_ADDRESS = Allowance(most=15, within=timedelta(minutes=15))
PER_NUMBER = Allowance(most=5, within=timedelta(hours=1))
"""Several accounts may share a phone; it is not to ring for each of them."""

NOBODY = UUID(int=0)

_CODES: Any = SignInCode.__table__  # type: ignore[attr-defined]
_MESSAGES: Any = CodeMessage.__table__  # type: ignore[attr-defined]


class WrongSignInCode(Exception):
    """The code is wrong, over, or was never sent; which of these is not said."""

    reason = Sentence("The code is wrong or no longer valid. You can ask for a new one.")


def ask(database: Database, *, username: str, address: str, at: datetime) -> UUID:
    """Have a code sent to whoever has this name, if anybody, and return what the code has to come back with.

    Raises `TooManyAttempts`, for every name alike.
    """
    name = folded(username)
    with database.write() as session:
        throttles.spend(session, key_of("code-address", address), allowance=PER_ADDRESS, at=at)
        throttles.spend(session, key_of("code-name", name), allowance=PER_NAME, at=at)
        throttles.spend(session, key_of("code-day", name), allowance=PER_NAME_A_DAY, at=at)
        account = session.execute(select(Account).where(col(Account.username) == name)).scalar_one_or_none()
        usable = account is not None and account.disabled_at is None
        ticket = new_id()
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        # Sealed for a name nobody has as well: it costs the same.
        item = sealed.put(session, code, kind=KIND, case_id=None, at=at)
        older = (_CODES.c.account_id == (account.id if account else NOBODY)) & _CODES.c.ended_at.is_(None)
        session.execute(update(_CODES).where(older).values(ended_at=at))
        row = {"id": ticket, "account_id": account.id if account and usable else None, "sealed_id": item,
               "made_at": at, "until": at + LASTS, "tries": 0}  # fmt: skip
        session.execute(insert(_CODES), [row])
        errands.promise(session, KIND, key=f"{KIND}:{ticket}", at=at, data={"code": str(ticket)})
    return ticket


def sign_in(
    database: Database, *, ticket: UUID, code: str, caller: Caller, at: datetime, settings: Settings
) -> SignedIn:
    """Begin a sign-in with a code. Raises `WrongSignInCode`, `TooManyAttempts`.

    The try is counted before the code is looked at; the right code ends it, so that it works once.
    """
    with database.write() as session:
        throttles.count(session, key_of("address", caller.address), policy=accounts.PER_ADDRESS, at=at)
        live = (_CODES.c.id == ticket) & _CODES.c.ended_at.is_(None) & (_CODES.c.until > at)
        counted = update(_CODES).where(live, _CODES.c.tries < MOST_TRIES).values(tries=_CODES.c.tries + 1)
        row = session.execute(counted.returning(_CODES.c.account_id, _CODES.c.sealed_id, _CODES.c.tries)).first()
    if row is None or not _is_right(database, row.sealed_id, code) or row.account_id is None:
        raise WrongSignInCode
    with database.write() as session:
        used = session.execute(update(_CODES).where(live).values(ended_at=at))
        account = session.get(Account, row.account_id)
        if used.rowcount != 1 or account is None or account.disabled_at is not None:  # type: ignore[attr-defined]
            raise WrongSignInCode
        throttles.forgive(session, key_of("address", caller.address), policy=accounts.PER_ADDRESS)
        tries = int(row.tries) - 1
        return accounts.begin(session, account, way="code", caller=caller, at=at, settings=settings, refused=tries)


def _is_right(database: Database, sealed_id: UUID, given: str) -> bool:
    typed = "".join(given.split())
    with database.read() as session:
        try:
            code = sealed.get(session, sealed_id)
        except sealed.NothingSealed:
            return False
    return hmac.compare_digest(code.encode(), typed.encode())


@dataclass(frozen=True, slots=True)
class ToSend:
    """A code on its way: to whom, in which language."""

    code_id: UUID
    code: str
    phone: str
    language: str
    until: datetime


def to_send(session: Session, code_id: UUID, *, at: datetime) -> ToSend | None:
    """Return what is to be sent for a code; None when there is nobody to tell, or it is over."""
    query = (
        select(SignInCode, Person)
        .join(Account, col(Account.id) == SignInCode.account_id)
        .join(Person, col(Person.id) == Account.person_id)
        .where(col(SignInCode.id) == code_id, col(SignInCode.ended_at).is_(None), col(SignInCode.until) > at)
    )
    row = session.execute(query).one_or_none()
    if row is None or not _takes_messages(row.Person.phone) or row.SignInCode.sealed_id is None:
        return None
    code = sealed.get(session, row.SignInCode.sealed_id)
    return ToSend(code_id, code, row.Person.phone, row.Person.language, row.SignInCode.until)


def _takes_messages(phone: str | None) -> bool:
    """Return whether a message can arrive there: no hotline, no extension, in China a mobile number."""
    if not phone or not phone.startswith("+") or not phone[1:].isdigit():
        return False
    return not phone.startswith("+86") or phone.startswith("+861")


def spend_number(session: Session, phone: str, *, at: datetime) -> bool:
    """Count a message to a number and return whether one more may go there."""
    try:
        with session.begin_nested():
            throttles.spend(session, key_of("code-number", sealed.mark(phone)), allowance=PER_NUMBER, at=at)
    except AllowanceSpent:
        return False
    return True


def tries(session: Session, code_id: UUID) -> list[CodeMessage]:
    """Return the tries at sending a code, first to last."""
    query = select(CodeMessage).where(col(CodeMessage.code_id) == code_id).order_by(col(CodeMessage.number))
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def begin_message(session: Session, sending: ToSend, *, number: int, provider: str, at: datetime) -> CodeMessage:
    """Write down that a request is about to be made, and return the try; another worker's same try is refused."""
    message = CodeMessage(
        id=new_id(), code_id=sending.code_id, number=number, to_masked=mask_phone(sending.phone),
        language=sending.language, provider=provider, made_at=at, changed_at=at,
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message


def move(session: Session, message_id: UUID, state: str, *, at: datetime, **columns: Any) -> bool:  # noqa: ANN401 - column values
    """Move a try forward to `state` and return whether it moved; it never goes back."""
    earlier = [other for other, rank in attempts.RANKS.items() if rank < attempts.RANKS[state]]
    here = (_MESSAGES.c.id == message_id) & _MESSAGES.c.state.in_(earlier)
    values = {"state": state, "changed_at": at, **columns}
    return session.connection().execute(update(_MESSAGES).where(here).values(**values)).rowcount == 1


def record_callback(
    session: Session, provider_id: str, status: str, error: str | None, at: datetime, *, message_id: UUID | None
) -> bool:
    """Record what the provider says of a code's message; False when it is none of these."""
    state = attempts.WORDS.get(status, "")
    named = or_(_MESSAGES.c.id == message_id, _MESSAGES.c.provider_id == provider_id)
    row = session.execute(select(_MESSAGES.c.id, _MESSAGES.c.provider_id).where(named).limit(1)).first()
    if row is None or row.provider_id not in (None, provider_id):
        return False
    if state:
        columns = {"provider_id": provider_id, **({"error": error[:200]} if error else {})}
        move(session, row.id, state, at=at, **columns)
    return True


def forget_old(session: Session, *, before: datetime) -> int:
    """Remove codes made before that moment, with what was sealed for them; return how many."""
    old = session.execute(select(_CODES.c.id, _CODES.c.sealed_id).where(_CODES.c.made_at < before)).all()
    ids = [row.id for row in old]
    session.execute(delete(VaultItem).where(col(VaultItem.id).in_([row.sealed_id for row in old if row.sealed_id])))
    session.execute(delete(_MESSAGES).where(_MESSAGES.c.code_id.in_(ids)))
    session.execute(delete(_CODES).where(_CODES.c.id.in_(ids)))
    return len(ids)
