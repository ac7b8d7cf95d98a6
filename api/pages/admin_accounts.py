"""Accounts of people: giving one, and what may be done to it; each asks for a fresh proof and a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import Response

from api.access import Router, needs, proven
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.pages import admin_forms, register_forms
from api.pages.admin_users import HERE, password_page
from api.pages.register_forms import RegisterForm
from domain import account_register, people, people_register, provider_links, sessions
from domain.access import OutOfReach
from domain.account_register import AccountForm, LinkForm, ReasonForm
from domain.forms import Form
from domain.language import Sentence
from domain.people_register import refuse
from domain.provider_links import LinkRefused
from domain.rights import Right
from domain.settings import get_settings

router = Router(include_in_schema=False)

Do = Callable[..., str | None]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to an account: its form, its words, and what does it (returning a password to show, if any)."""

    title: Sentence
    button: Sentence
    warning: Sentence | None
    form: type[Form]
    do: Do


def _reset_password(session: Session, account: Any, filled: ReasonForm, **who: Any) -> str | None:  # noqa: ANN401
    return account_register.reset_password(session, account, filled, **who)


def _reset_app(session: Session, account: Any, filled: ReasonForm, **who: Any) -> None:  # noqa: ANN401
    account_register.reset_second_factor(session, account, filled, **who)


def _disable(session: Session, account: Any, filled: ReasonForm, **who: Any) -> None:  # noqa: ANN401
    account_register.disable(session, account, filled, **who)


def _enable(session: Session, account: Any, filled: ReasonForm, **who: Any) -> None:  # noqa: ANN401
    account_register.enable(session, account, filled, **who)


def _end_sessions(session: Session, account: Any, _: ReasonForm, **who: Any) -> None:  # noqa: ANN401
    sessions.end_others(session, account.id, **who)


def _link(session: Session, account: Any, filled: LinkForm, **who: Any) -> None:  # noqa: ANN401
    if not filled.subject:
        provider_links.unlink(session, account, **who)
        return
    issuer = get_settings().oidc_issuer
    try:
        account_register.link(session, account, issuer=issuer, subject=filled.subject, **who)
    except LinkRefused as refused:
        raise refuse("subject", refused.reason) from refused


DEEDS: dict[str, Deed] = {
    "password": Deed(
        Sentence("New initial password"), Sentence("Make a password"),
        Sentence("The present password stops working and every session ends. The new one is shown to you once."),
        ReasonForm, _reset_password,
    ),
    "app": Deed(
        Sentence("Take the authenticator app away"), Sentence("Take it away"),
        Sentence("Make sure that it is really this person who asks: call them back."),
        ReasonForm, _reset_app,
    ),
    "disable": Deed(
        Sentence("Close the account"), Sentence("Close it"),
        Sentence("Its sessions and its programs' tokens end at once."), ReasonForm, _disable,
    ),
    "enable": Deed(Sentence("Open the account again"), Sentence("Open it"), None, ReasonForm, _enable),
    "sessions": Deed(
        Sentence("End every session"), Sentence("End them"),
        Sentence("The person has to sign in again everywhere."), ReasonForm, _end_sessions,
    ),
    "link": Deed(
        Sentence("Link to the sign-in service"), Sentence("Save"),
        Sentence("Whoever has this subject there signs in to this account here. Empty: nobody."), LinkForm, _link,
    ),
}  # fmt: skip
"""Part of the address → what is done."""


def _give_page(person_id: UUID, about: str) -> RegisterForm:
    back = f"/admin/users/{person_id}"
    return RegisterForm(
        Sentence("Give an account"), f"{back}/account", back, Sentence("Give it"), part=HERE, about=about
    )


@router.get("/admin/users/{person_id}/account")
@needs(Right.MANAGE_PEOPLE)
@proven
def ask_account(request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Ask for the user name of a new account."""
    with db.read() as session:
        person = people_register.seen_by(session, staff.actor, person_id, Right.MANAGE_PEOPLE)
    return register_forms.show(request, _give_page(person_id, person.name), AccountForm, staff=staff, at=at)


@router.post("/admin/users/{person_id}/account")
@needs(Right.MANAGE_PEOPLE)
@proven
def give_account(request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Give a person an account and show its password once."""
    given: list[tuple[str, str]] = []

    def give(session: Session, filled: AccountForm) -> str:
        account, password = account_register.give_account(session, person_id, filled, actor=staff.actor, at=at)
        given.append((account.username, password))
        return f"/admin/users/{person_id}"

    sent = admin_forms.send(db, AccountForm, form, give)
    if not isinstance(sent, Response):
        with db.read() as session:
            person = people_register.seen_by(session, staff.actor, person_id, Right.MANAGE_PEOPLE)
        page = _give_page(person_id, person.name)
        return register_forms.show(request, page, AccountForm, staff=staff, at=at, unsent=sent)
    return password_page(request, *given[0], staff=staff, at=at, back=f"/admin/users/{person_id}")


def _deed(what: str) -> Deed:
    if what not in DEEDS:
        raise OutOfReach(what)
    return DEEDS[what]


def _page(person_id: UUID, account_id: UUID, what: str, about: str) -> RegisterForm:
    deed, back = DEEDS[what], f"/admin/users/{person_id}"
    action = f"{back}/accounts/{account_id}/{what}"
    return RegisterForm(deed.title, action, back, deed.button, part=HERE, warning=deed.warning, about=about)


@router.get("/admin/users/{person_id}/accounts/{account_id}/{what}")
@needs(Right.MANAGE_PEOPLE)
@proven
def ask_deed(
    request: Request, person_id: UUID, account_id: UUID, what: str, *, db: Db, at: Now, staff: CurrentStaff,
    settings: Conf,
) -> Response:  # fmt: skip
    """Ask for the reason of something done to an account."""
    deed = _deed(what)
    with db.write() as session:  # it holds the account, as the deed does
        account = account_register.account_of(session, staff.actor, person_id, account_id, day=people.local_day(at))
        linked = provider_links.of_account(session, account.id) if what == "link" else None
    if what == "link" and not settings.oidc_issuer:
        raise OutOfReach(what)
    values = {"subject": linked.subject} if linked else None
    page = _page(person_id, account_id, what, account.username)
    return register_forms.show(request, page, deed.form, staff=staff, at=at, values=values)


@router.post("/admin/users/{person_id}/accounts/{account_id}/{what}")
@needs(Right.MANAGE_PEOPLE)
@proven
def do_deed(
    request: Request, person_id: UUID, account_id: UUID, what: str, *, db: Db, at: Now, staff: CurrentStaff,
    form: Posted,
) -> Response:  # fmt: skip
    """Do something to an account; a password made by it is shown once."""
    deed = _deed(what)
    given: list[tuple[str, str]] = []

    def do(session: Session, filled: Form) -> str:
        account = account_register.account_of(session, staff.actor, person_id, account_id, day=people.local_day(at))
        password = deed.do(session, account, filled, actor=staff.actor, at=at)
        if password is not None:
            given.append((account.username, password))
        return f"/admin/users/{person_id}?done={what}"

    sent = admin_forms.send(db, deed.form, form, do)
    if not isinstance(sent, Response):
        with db.write() as session:
            account = account_register.account_of(session, staff.actor, person_id, account_id, day=people.local_day(at))
        page = _page(person_id, account_id, what, account.username)
        return register_forms.show(request, page, deed.form, staff=staff, at=at, unsent=sent)
    if given:
        return password_page(request, *given[0], staff=staff, at=at, back=f"/admin/users/{person_id}")
    return sent
