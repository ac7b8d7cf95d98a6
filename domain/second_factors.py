"""The second factor: an authenticator app (TOTP, RFC 6238) and ten recovery codes. The secret is in the vault.

A code is good for its time step of 30 s and the ones beside it, and is taken once: what a shoulder or a proxy saw is
worth nothing a moment later.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from domain import register_log, sealed, throttles
from domain.actors import Actor
from domain.database import Database
from domain.language import Sentence
from domain.models import Account, RecoveryCode, SecondFactor, VaultItem
from domain.throttles import Policy

STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 10
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, GROUP_LENGTH = 3, 5
"""15 characters of 30: 73 random bits, so that a plain hash is enough."""
ISSUER = "Fireline"
PER_ACCOUNT = Policy(free=5, longest=timedelta(minutes=15), forgets_after=timedelta(hours=12))
"""Whoever comes this far knows the password: the owner is kept waiting by nobody else."""


class WrongCode(Exception):
    """The code is not the present one, was used before, or is no recovery code."""

    reason = Sentence("This code is not right, or was used already. Wait for the next one.")


class NotEnrolled(LookupError):
    """The account has no app that waits to be confirmed."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the app has to be given."""

    secret: str
    """Base32, for typing."""
    uri: str
    """`otpauth://…`, for the QR code."""


def factor_of(session: Session, account_id: UUID) -> SecondFactor | None:
    """Return the account's factor, confirmed or not."""
    return session.get(SecondFactor, account_id, populate_existing=True)


def is_confirmed(session: Session, account_id: UUID) -> bool:
    """Return whether signing in to the account asks for a code."""
    factor = factor_of(session, account_id)
    return factor is not None and factor.confirmed_at is not None


def begin(session: Session, account: Account, *, at: datetime) -> Enrolment:
    """Return what to put into the app; the same again until it is confirmed. The factor is not in force yet."""
    factor = factor_of(session, account.id)
    if factor is not None and factor.confirmed_at is None:
        return _enrolment(account, sealed.get(session, factor.sealed_id))
    if factor is not None:
        _forget(session, factor)
    secret = pyotp.random_base32(32)
    item = sealed.put(session, secret, kind="totp", case_id=None, at=at)
    session.add(SecondFactor(account_id=account.id, sealed_id=item, made_at=at))
    session.flush()
    return _enrolment(account, secret)


def _enrolment(account: Account, secret: str) -> Enrolment:
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name=ISSUER)
    return Enrolment(secret, uri)


def confirm(session: Session, account: Account, code: str, *, actor: Actor, at: datetime) -> list[str]:
    """Put the factor in force once a first code is right, and return the recovery codes, shown this once.

    Raises `NotEnrolled`, `WrongCode`.
    """
    factor = _locked(session, account.id)
    if factor is None or factor.confirmed_at is not None:
        raise NotEnrolled(account.username)
    step = _matching_step(session, factor, code, at)
    session.execute(
        update(SecondFactor).where(col(SecondFactor.account_id) == account.id).values(confirmed_at=at, last_step=step)
    )
    codes = _new_codes(session, account.id)
    register_log.record(session, "account", account.id, "second_factor_set", actor=actor, at=at)
    return codes


def check(database: Database, account: Account, given: str, *, actor: Actor, at: datetime) -> None:
    """Check a code of the app or a recovery code, once. Raises `WrongCode`, `TooManyAttempts`.

    The attempt is counted before it is looked at, so that guessing in parallel gains nothing.
    """
    key = f"second:{account.id}"
    with database.write() as session:
        throttles.count(session, key, policy=PER_ACCOUNT, at=at)
    with database.write() as session:
        factor = _locked(session, account.id)
        if factor is None or factor.confirmed_at is None:
            raise WrongCode
        if _looks_like_recovery(given):
            left = _use_recovery(session, account.id, given, at=at)
            data = {"left": left}
            register_log.record(session, "account", account.id, "recovery_code_used", actor=actor, at=at, data=data)
        else:
            step = _matching_step(session, factor, given, at)
            session.execute(
                update(SecondFactor).where(col(SecondFactor.account_id) == account.id).values(last_step=step)
            )
        throttles.forget(session, key)


def renew_recovery_codes(session: Session, account: Account, *, actor: Actor, at: datetime) -> list[str]:
    """Replace the recovery codes and return the new ones, shown this once. Raises `NotEnrolled`."""
    if not is_confirmed(session, account.id):
        raise NotEnrolled(account.username)
    codes = _new_codes(session, account.id)
    register_log.record(session, "account", account.id, "recovery_codes_renewed", actor=actor, at=at)
    return codes


def recovery_codes_left(session: Session, account_id: UUID) -> int:
    """Return how many recovery codes are unused."""
    unused = (col(RecoveryCode.account_id) == account_id, col(RecoveryCode.used_at).is_(None))
    return int(session.execute(select(func.count()).select_from(RecoveryCode).where(*unused)).scalar_one())


def reset(session: Session, account: Account, *, actor: Actor, at: datetime) -> bool:
    """Take the factor away (the phone is lost), and return whether there was one."""
    factor = _locked(session, account.id)
    if factor is None:
        return False
    was_confirmed = factor.confirmed_at is not None
    _forget(session, factor)
    if was_confirmed:
        register_log.record(session, "account", account.id, "second_factor_reset", actor=actor, at=at)
    return was_confirmed


def _forget(session: Session, factor: SecondFactor) -> None:
    session.execute(delete(SecondFactor).where(col(SecondFactor.account_id) == factor.account_id))
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.account_id) == factor.account_id))
    session.execute(delete(VaultItem).where(col(VaultItem.id) == factor.sealed_id))
    session.expunge(factor)


def _locked(session: Session, account_id: UUID) -> SecondFactor | None:
    query = select(SecondFactor).where(col(SecondFactor.account_id) == account_id).with_for_update()
    factor: SecondFactor | None = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    return factor


def _matching_step(session: Session, factor: SecondFactor, given: str, at: datetime) -> int:
    """Return the time step a code belongs to, if none as late was taken before; raises `WrongCode`."""
    typed = "".join(given.split())
    app = pyotp.TOTP(sealed.get(session, factor.sealed_id))
    now = int(at.timestamp()) // STEP_SECONDS
    found = 0
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):  # all of them, whichever is right: no timing
        if hmac.compare_digest(app.generate_otp(step).encode(), typed.encode()) and step > factor.last_step:
            found = step
    if not found:
        raise WrongCode
    return found


def _looks_like_recovery(given: str) -> bool:
    return len(_folded(given)) == GROUPS * GROUP_LENGTH


def _folded(given: str) -> str:
    return "".join(character for character in given.upper() if character.isalnum())


def _use_recovery(session: Session, account_id: UUID, given: str, *, at: datetime) -> int:
    unused = (
        col(RecoveryCode.digest) == _digest(account_id, _folded(given)),
        col(RecoveryCode.account_id) == account_id,
        col(RecoveryCode.used_at).is_(None),
    )
    if session.connection().execute(update(RecoveryCode).where(*unused).values(used_at=at)).rowcount != 1:
        raise WrongCode
    return recovery_codes_left(session, account_id)


def _new_codes(session: Session, account_id: UUID) -> list[str]:
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_LENGTH)) for _ in range(RECOVERY_CODES)]
    session.add_all([RecoveryCode(digest=_digest(account_id, code), account_id=account_id) for code in codes])
    session.flush()
    return ["-".join(code[at : at + GROUP_LENGTH] for at in range(0, len(code), GROUP_LENGTH)) for code in codes]


def _digest(account_id: UUID, code: str) -> bytes:
    return hashlib.sha256(account_id.bytes + code.encode()).digest()
