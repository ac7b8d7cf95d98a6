"""Accounts: given, closed, opened again, their password and app taken back by those who manage people."""

from __future__ import annotations

from datetime import date, datetime
from itertools import takewhile
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import accounts, passwords, people, provider_links, register_log, second_factors, second_person
from domain.access import OutOfReach
from domain.accounts import AccountExists
from domain.actors import Actor, Role
from domain.forms import Form, line_field, text_field
from domain.language import N_, Sentence
from domain.models import Account, Person
from domain.people_register import managed_by, refuse, refuse_last_administrator
from domain.register_lock import NotNow
from domain.second_person import FIRST_LOCK, SECOND_LOCK, SECOND_PERSON_WITHIN

SHORTEST_NAME = 2
AGREED = "password_reset_agreed"
"""The first of two administrators agrees to a new password for a third."""


class AccountForm(Form):
    """An account for a person."""

    username: str = line_field(N_("User name"), limit=40)


class ReasonForm(Form):
    """Why something is done to an account."""

    reason: str = text_field(N_("Reason"), limit=300)


class LinkForm(Form):
    """Who the person is at the sign-in service; empty ends the link."""

    subject: str | None = line_field(N_("Subject at the sign-in service"), limit=255, required=False)


def give_account(
    session: Session, person_id: UUID, form: AccountForm, *, actor: Actor, at: datetime
) -> tuple[Account, str]:
    """Give somebody an account and return it with the password to tell them. Raises `FieldRefused`."""
    person = managed_by(session, actor, person_id, day=people.local_day(at))
    held = session.execute(select(Account).where(col(Account.person_id) == person.id)).scalars().all()
    if any(account.disabled_at is None for account in held):
        raise refuse("username", Sentence("They have an account already: one person, one account."))
    if second_person.is_guarded(session, person.id, day=people.local_day(at)):
        # A second account would be a second door beside the one its owner locked.
        if held:
            raise refuse("username", Sentence("This administrator has a closed account: open that one again."))
        second_person.refuse_own_appointment(session, person.id, actor=actor, at=at)
        second_person.ask(session, person.id, FIRST_LOCK, actor=actor, at=at)
    if any(character.isspace() for character in form.username) or len(form.username) < SHORTEST_NAME:
        raise refuse("username", Sentence("A user name has two or more characters and no spaces."))
    try:
        account = accounts.add_account(
            session, username=form.username, password=passwords.make_initial(), person_id=person.id
        )
    except AccountExists as taken:
        raise refuse("username", taken.reason) from taken
    data = {"username": account.username, "person_id": person.id, "person": person.name}
    register_log.record(session, "account", account.id, "add", actor=actor, at=at, data=data)
    return account, accounts.give_initial_password(session, account, actor=actor, at=at)


def account_of(session: Session, actor: Actor, person_id: UUID, account_id: UUID, *, day: date) -> Account:
    """Return an account of a person this actor may change; raises `OutOfReach`, `NotPermitted`."""
    managed_by(session, actor, person_id, day=day)
    account = session.get(Account, account_id, populate_existing=True, with_for_update=True)
    if account is None or account.person_id != person_id:
        raise OutOfReach(str(account_id))
    return account


def reset_password(session: Session, account: Account, form: ReasonForm, *, actor: Actor, at: datetime) -> str | None:
    """Give a new password to sign in with once and return it.

    Returns None when that alone would open an administrator's account, which no app locks: then this is the first of
    two administrators' consents, and the second one's call within a week makes the password.
    """
    second_person.ask(session, account.person_id, FIRST_LOCK, actor=actor, at=at, agreed=True)
    if second_person.opens_alone(session, account.person_id, day=people.local_day(at)) and not _was_agreed(
        session, account, actor=actor, at=at
    ):
        _note_reason(session, account, AGREED, form, actor=actor, at=at)
        return None
    _note_reason(session, account, "password_reset", form, actor=actor, at=at)
    return accounts.give_initial_password(session, account, actor=actor, at=at)


def _was_agreed(session: Session, account: Account, *, actor: Actor, at: datetime) -> bool:
    """Return whether another administrator agreed to a new password since the last one, and within the week."""
    since_last = takewhile(lambda entry: entry.action != "password_reset", register_log.of(session, account.id))
    return any(
        entry.action == AGREED and entry.actor_id != actor.person_id and at - entry.at <= SECOND_PERSON_WITHIN
        for entry in since_last
    )


def reset_second_factor(session: Session, account: Account, form: ReasonForm, *, actor: Actor, at: datetime) -> None:
    """Take the authenticator app away: the phone is lost."""
    second_person.ask(session, account.person_id, SECOND_LOCK, actor=actor, at=at)
    if not second_factors.reset(session, account, actor=actor, at=at):
        raise NotNow(Sentence("There is no authenticator app to take away."))
    _note_reason(session, account, "second_factor_reset_why", form, actor=actor, at=at)
    accounts.end_all(session, account.id, at=at)


def link(session: Session, account: Account, *, issuer: str, subject: str, actor: Actor, at: datetime) -> None:
    """Link an account to somebody at the sign-in service: who has that subject then signs in here.

    Raises `LinkRefused`, `NotNow`.
    """
    second_person.ask(session, account.person_id, FIRST_LOCK, actor=actor, at=at)
    provider_links.link(session, account, issuer=issuer, subject=subject, actor=actor, at=at)


def disable(session: Session, account: Account, form: ReasonForm, *, actor: Actor, at: datetime) -> None:
    """Close an account: its sessions and tokens end at once. Raises `NotNow`."""
    if account.disabled_at is not None:
        raise NotNow(Sentence("This account is closed already."))
    if account.person_id == actor.person_id:
        raise NotNow(Sentence("For your own account another administrator does this."))
    person = session.get_one(Person, account.person_id)
    if people.actor_of(session, person, at=at).plays(Role.ADMINISTRATOR):
        refuse_last_administrator(session, but_person=person.id, day=people.local_day(at))
    session.execute(update(Account).where(col(Account.id) == account.id).values(disabled_at=at))
    accounts.end_all(session, account.id, at=at)
    _note_reason(session, account, "disable", form, actor=actor, at=at)


def enable(session: Session, account: Account, form: ReasonForm, *, actor: Actor, at: datetime) -> None:
    """Open a closed account again; its password is the one it had. Raises `NotNow`."""
    if account.disabled_at is None:
        raise NotNow(Sentence("This account is open already."))
    session.execute(update(Account).where(col(Account.id) == account.id).values(disabled_at=None))
    _note_reason(session, account, "enable", form, actor=actor, at=at)


def _note_reason(
    session: Session, account: Account, action: str, form: ReasonForm, *, actor: Actor, at: datetime
) -> None:
    data = {"username": account.username, "reason": form.reason}
    register_log.record(session, "account", account.id, action, actor=actor, at=at, data=data)
