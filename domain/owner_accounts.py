"""The account of somebody whose place was just enrolled: they choose its name and password with their receipt code.

The receipt proves who applied. It opens no door that is not theirs: nobody who works for the brigade, or who has had an
account, gets one this way.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import field_validator
from sqlalchemy import select
from sqlmodel import Session, col

from domain import accounts, people, register_log
from domain.accounts import AccountExists
from domain.actors import VENUE_SIDE, Role
from domain.cases import FieldRefused
from domain.forms import Form, line_field
from domain.language import N_, Sentence
from domain.models import Account, Case, Person, Post
from domain.passwords import PasswordRefused
from domain.processes.enrolment import APPROVED, ENROLMENT
from domain.register_lock import NotNow
from domain.workflow import FieldRefusal

SHORTEST_NAME = 2


class OwnAccount(Form):
    """A user name and a password of one's own choice."""

    username: str = line_field(N_("User name"), limit=40)
    password: str = line_field(N_("Password"), limit=200)

    @field_validator("username")
    @classmethod
    def _fits(cls, name: str) -> Any:  # noqa: ANN401 - the name
        if len(name) < SHORTEST_NAME or any(character.isspace() for character in name):
            reason = Sentence("A user name has two or more characters and no spaces.")
            raise FieldRefused(FieldRefusal("username", reason))
        return name


def owner_without_account(session: Session, case: Case, *, at: datetime) -> Person | None:
    """Return who may choose an account with the receipt of this application; None when nobody may (any more)."""
    if case.process != ENROLMENT.name or case.state != APPROVED.name or case.venue_id is None:
        return None
    day = people.local_day(at)
    query = select(Person).join(Post, col(Post.person_id) == col(Person.id)).where(
        col(Post.venue_id) == case.venue_id, col(Post.role) == Role.OWNER.value, *people.valid_on(day)
    )  # fmt: skip
    owners: list[Person] = list(session.execute(query.order_by(col(Post.from_on), col(Person.id))).scalars())
    for person in owners:
        roles = {post.role for post in session.execute(select(Post).where(col(Post.person_id) == person.id)).scalars()}
        had = session.execute(select(col(Account.id)).where(col(Account.person_id) == person.id)).first()
        if had is None and roles <= {role.value for role in VENUE_SIDE}:
            return person
    return None


def choose(session: Session, case_id: UUID, form: OwnAccount, *, at: datetime) -> Account:
    """Give the applicant the account they chose; raises `FieldRefused`, and `NotNow` when there is none to give."""
    case = session.get(Case, case_id, populate_existing=True, with_for_update=True)
    person = owner_without_account(session, case, at=at) if case is not None else None
    if case is None or person is None:
        raise NotNow(Sentence("There is an account already. Sign in, or ask the brigade for a new password."))
    if len(form.username) < SHORTEST_NAME or any(character.isspace() for character in form.username):
        reason = Sentence("A user name has two or more characters and no spaces.")
        raise FieldRefused(FieldRefusal("username", reason))
    try:
        account = accounts.add_account(session, username=form.username, password=form.password, person_id=person.id)
    except AccountExists as taken:
        raise FieldRefused(FieldRefusal("username", taken.reason)) from taken
    except PasswordRefused as weak:
        raise FieldRefused(FieldRefusal("password", weak.reason)) from weak
    data = {"username": account.username, "person_id": person.id, "person": person.name, "case": case.number}
    owner = accounts.owner_of(session, account)
    register_log.record(session, "account", account.id, "add", actor=owner, at=at, data=data)
    return account
