"""Which account belongs to whom at an OpenID Connect provider; linked and unlinked by an administrator."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from domain import accounts, register_log
from domain.actors import Actor
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Account, ProviderLink


class LinkRefused(ValueError):
    """The subject belongs to another account already, or is none."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


def account_of(session: Session, *, issuer: str, subject: str, username: str) -> Account | None:
    """Return the usable account of whom the provider names: the linked one, else the one of that user name.

    `username` is "" unless the deployment says that the provider's names are ours. An account that is linked to
    somebody else at the provider is never found by its name.
    """
    query = select(Account).join(ProviderLink, col(ProviderLink.account_id) == Account.id)
    account = session.execute(query.where(*_of(issuer, subject))).scalar_one_or_none()
    if account is None and username:
        named = select(Account).where(col(Account.username) == accounts.folded(username))
        account = session.execute(named).scalar_one_or_none()
        if account is not None and of_account(session, account.id) is not None:
            return None
    return account if account is not None and account.disabled_at is None else None


def of_account(session: Session, account_id: UUID) -> ProviderLink | None:
    """Return the link in force of an account."""
    query = select(ProviderLink).where(col(ProviderLink.account_id) == account_id, col(ProviderLink.ended_at).is_(None))
    link: ProviderLink | None = session.execute(query).scalar_one_or_none()
    return link


def link(session: Session, account: Account, *, issuer: str, subject: str, actor: Actor, at: datetime) -> None:
    """Link an account to a subject, instead of the one it was linked to. Raises `LinkRefused`."""
    wanted = subject.strip()
    if not issuer or not wanted or len(wanted) > 255:  # noqa: PLR2004 - OpenID Connect Core, 2
        raise LinkRefused(Sentence("This is not a subject of the sign-in service."))
    taken = session.execute(select(ProviderLink).where(*_of(issuer, wanted))).scalar_one_or_none()
    if taken is not None and taken.account_id != account.id:
        raise LinkRefused(Sentence("Somebody else's account is linked to this subject."))
    if taken is not None:
        return
    unlink(session, account, actor=actor, at=at)
    session.add(ProviderLink(id=new_id(), issuer=issuer, subject=wanted, account_id=account.id, made_at=at))
    session.flush()
    data = {"issuer": issuer, "subject": wanted}
    register_log.record(session, "account", account.id, "provider_linked", actor=actor, at=at, data=data)


def unlink(session: Session, account: Account, *, actor: Actor, at: datetime) -> bool:
    """End the link of an account and return whether there was one."""
    live = (col(ProviderLink.account_id) == account.id, col(ProviderLink.ended_at).is_(None))
    ended = session.connection().execute(update(ProviderLink).where(*live).values(ended_at=at)).rowcount
    if ended:
        register_log.record(session, "account", account.id, "provider_unlinked", actor=actor, at=at)
    return bool(ended)


def _of(issuer: str, subject: str) -> tuple[ColumnElement[bool], ...]:
    return (col(ProviderLink.issuer) == issuer, col(ProviderLink.subject) == subject,
            col(ProviderLink.ended_at).is_(None))  # fmt: skip
