"""Holiday cover: one's own under the account, everybody's under the administration."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs, staff_only
from api.deps import CurrentStaff, Db, Now, Posted
from api.middleware.limits import takes_little
from api.pages import admin_forms, register_forms
from api.pages.admin_frame import admin_page
from api.pages.register_forms import RegisterForm, Unsent
from api.pages.staff_forms import Option, Pickers, Typed, form_shown
from api.pages.staff_frame import staff_page
from api.pages.staff_sign_in import text
from domain import delegations, people
from domain.access import OutOfReach
from domain.actors import ROLE_LABELS, Role
from domain.delegations import Candidate, CoverForm, OwnCoverForm
from domain.language import Label, Sentence
from domain.people_register import visible
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "delegations"
EVER = date(2000, 1, 1)
LONGEST_NAME = 60
NEW = RegisterForm(
    Sentence("Arrange cover"),
    "/admin/delegations/new",
    "/admin/delegations",
    Sentence("Arrange cover"),
    part=HERE,
    warning=Sentence("On these days the one who covers has the rights of the other as well; the record names both."),
)


@router.get("/account/cover")
@staff_only
def show_own(request: Request, db: Db, at: Now, staff: CurrentStaff, q: str = "") -> Response:
    """Show who covers for me, for whom I do, and the form."""
    return _own_page(request, db, staff=staff, at=at, unsent=None, q=text(q, LONGEST_NAME))


@router.post("/account/cover")
@staff_only
@takes_little
def arrange_own(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Have a colleague cover for me."""

    def arrange(session: Session, filled: OwnCoverForm) -> str:
        delegations.arrange_own(session, filled, actor=staff.actor, at=at)
        return "/account/cover"

    sent = admin_forms.send(db, OwnCoverForm, form, arrange)
    if isinstance(sent, Response):
        return sent
    return _own_page(request, db, staff=staff, at=at, unsent=sent, q=text(form.get("q"), LONGEST_NAME))


@router.post("/account/cover/end")
@staff_only
@takes_little
def end_own(db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """End a cover I take part in."""
    with db.write() as session:
        delegations.end(session, _id(form), actor=staff.actor, at=at)
    return RedirectResponse("/account/cover", status_code=303)


def _own_page(request: Request, db: Db, *, staff: CurrentStaff, at: Now, unsent: Unsent | None, q: str) -> Response:
    day = people.local_day(at)
    with db.read() as session:
        covers = delegations.of_person(session, staff.person.id, since=day)
        posts = delegations.coverable_posts(session, staff.person.id, day=day)
        colleagues = delegations.colleagues_of(session, staff.person.id, day=day)
        deputies = delegations.candidates(session, day=day, only=colleagues, typed=q)
    offered = tuple(Option(str(post.id), ROLE_LABELS[Role(post.role)]) for post in posts)
    pickers = Pickers(lists={"deputies": _options(deputies), "posts": offered}, today=day)
    form = form_shown(OwnCoverForm, prefix="", pickers=pickers, typed=unsent.typed if unsent else Typed({}))
    form = replace(form, fields=tuple(field for field in form.fields if field.name != "note"))
    return staff_page(
        request, "pages/staff/account_cover.html", staff=staff, at=at, here="account", covers=covers, day=day,
        q=q if q or delegations.are_cut(deputies) else None,
        form=form, errors=unsent.errors if unsent else (), titles=form.titles, has_posts=bool(posts),
        status=unsent.status if unsent else 200,
    )  # fmt: skip


@router.get("/admin/delegations")
@needs(Right.DELEGATE)
def show_all(request: Request, db: Db, at: Now, staff: CurrentStaff, past: str = "") -> Response:
    """Show who covers for whom."""
    day = people.local_day(at)
    with db.read() as session:
        covers = delegations.all_of(session, staff.actor, since=EVER if past else day)
    return admin_page(
        request, "pages/staff/admin/delegations.html", staff=staff, at=at, here=HERE, covers=covers, day=day, past=past
    )


@router.get("/admin/delegations/new")
@needs(Right.DELEGATE)
def ask_cover(request: Request, db: Db, at: Now, staff: CurrentStaff, q: str = "") -> Response:
    """Show the form of a cover between two colleagues."""
    return _new_page(request, db, staff=staff, at=at, q=text(q, LONGEST_NAME))


@router.post("/admin/delegations/new")
@needs(Right.DELEGATE)
@takes_little
def arrange(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Have one colleague cover for another."""

    def do(session: Session, filled: CoverForm) -> str:
        delegations.arrange(session, filled, actor=staff.actor, at=at)
        return "/admin/delegations"

    sent = admin_forms.send(db, CoverForm, form, do)
    if isinstance(sent, Response):
        return sent
    return _new_page(request, db, staff=staff, at=at, q=text(form.get("q"), LONGEST_NAME), unsent=sent)


@router.post("/admin/delegations/end")
@needs(Right.DELEGATE)
@takes_little
def end(db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """End a cover now."""
    with db.write() as session:
        delegations.end(session, _id(form), actor=staff.actor, at=at)
    return RedirectResponse("/admin/delegations", status_code=303)


def _new_page(
    request: Request, db: Db, *, staff: CurrentStaff, at: Now, q: str, unsent: Unsent | None = None
) -> Response:
    day = people.local_day(at)
    with db.read() as session:
        reached = visible(staff.actor, Right.DELEGATE, day=day)
        within = delegations.deputies_within(staff.actor, day=day)
        absent = delegations.candidates(session, day=day, only=reached, typed=q)
        deputies = delegations.candidates(session, day=day, only=within, typed=q)
    pickers = Pickers(lists={"colleagues": _options(absent), "deputies": _options(deputies)}, today=day)
    page = replace(NEW, search=q) if q or delegations.are_cut(deputies) or delegations.are_cut(absent) else NEW
    hidden = {"q": q} if q else {}
    return register_forms.show(
        request, page, CoverForm, staff=staff, at=at, pickers=pickers, unsent=unsent, hidden=hidden
    )


def _options(candidates: list[Candidate]) -> tuple[Option, ...]:
    return tuple(
        Option(
            str(one.person.id),
            Label(
                f"{one.person.name} · {'、'.join(role.zh for role in one.roles)}",
                f"{one.person.name} · {', '.join(role.en for role in one.roles)}",
            ),
        )
        for one in candidates
    )


def _id(form: Posted) -> UUID:
    given = text(form.get("cover"), 40)
    try:
        return UUID(given)
    except ValueError:
        raise OutOfReach(given) from None
