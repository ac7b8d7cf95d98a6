"""People and their posts: the list, one person, and the forms that enter, change and end."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs, proven
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.pages import admin_forms, register_forms
from api.pages.admin_frame import admin_page
from api.pages.register_forms import RegisterForm, form_id_of
from api.pages.staff_forms import Option, Pickers
from domain import account_register, catalogue, organisations, people, people_list, people_register
from domain.access import OutOfReach, may
from domain.account_register import AccountForm
from domain.accounts import Identity
from domain.actors import Place
from domain.database import Database
from domain.identifiers import mask_phone, new_id
from domain.language import Sentence
from domain.people_list import STATES, BadCursor, Wanted
from domain.people_register import WHOLE_CITY, EndPostForm, NewcomerForm, PersonChange, PostForm, PostRole
from domain.queries import choices, record_words
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "users"
CHANGED = {
    "entered": Sentence("The person is entered."),
    "changed": Sentence("The person's record is changed."),
    "appointed": Sentence("The post is given."),
    "ended": Sentence("The post ends on that day."),
    "disable": Sentence("The account is closed; its sessions and tokens have ended."),
    "enable": Sentence("The account is open again."),
    "password": Sentence(
        "Noted. No authenticator app locks this account: there is a new password once another administrator asks for "
        "it too, within seven days."
    ),
    "app": Sentence("The authenticator app is taken away."),
    "sessions": Sentence("The sessions have ended."),
    "link": Sentence("The link to the sign-in service is changed."),
}
"""What was just done → what the page says of it."""


@router.get("/admin/users")
@needs(Right.SEE_PEOPLE)
def show_people(
    request: Request, *, db: Db, at: Now, staff: CurrentStaff, q: str = "", role: str = "", area: str = "",
    state: str = "", cursor: str = "",
) -> Response:  # fmt: skip
    """Show who is in the register, by name."""
    day = people.local_day(at)
    wanted = Wanted(typed=q[:100], role=role[:20], area=area[:24], state=state if state in STATES else "")
    with db.read() as session:
        try:
            page = people_list.page(session, staff.actor, wanted, day=day, cursor=cursor[:400])
        except BadCursor:
            page, cursor = people_list.page(session, staff.actor, wanted, day=day), ""
        areas = choices.areas(session, day=day, actor=staff.actor)
    return admin_page(
        request, "pages/staff/admin/users.html", staff=staff, at=at, here=HERE, page=page, wanted=wanted,
        roles=list(PostRole), areas=areas, states=STATES, is_first=not cursor,
        manages=may(staff.actor, Right.MANAGE_PEOPLE),
    )  # fmt: skip


NEW = RegisterForm(Sentence("Enter a person"), "/admin/users/new", "/admin/users", Sentence("Enter"), part=HERE)


@router.get("/admin/users/new")
@needs(Right.MANAGE_PEOPLE)
@proven
def ask_person(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a new person."""
    values = {"language": people_register.Speaks.CHINESE.value}
    return register_forms.show(
        request, NEW, NewcomerForm, staff=staff, at=at, pickers=_pickers(db, staff, at), values=values,
        hidden={"form_id": new_id().hex},
    )  # fmt: skip


@router.post("/admin/users/new")
@needs(Right.MANAGE_PEOPLE)
@proven
def enter_person(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Enter a person with a first post and, if wanted, an account; its password is shown once.

    Sent twice, the form enters one person; the second answer has no password to show.
    """
    given: list[tuple[str, str]] = []
    form_id = form_id_of(form)

    def enter(session: Session, filled: NewcomerForm) -> str:
        if people_register.was_entered(session, form_id, actor=staff.actor):
            return f"/admin/users/{form_id}?done=entered"
        person = people_register.enter(session, filled, actor=staff.actor, at=at, person_id=form_id)
        people_register.appoint(session, person.id, filled, actor=staff.actor, at=at)
        if filled.username:
            wanted = AccountForm(username=filled.username)
            account, password = account_register.give_account(session, person.id, wanted, actor=staff.actor, at=at)
            given.append((account.username, password))
        return f"/admin/users/{person.id}?done=entered"

    sent = admin_forms.send(db, NewcomerForm, form, enter)
    if not isinstance(sent, Response):
        return register_forms.show(
            request, NEW, NewcomerForm, staff=staff, at=at, pickers=_pickers(db, staff, at), unsent=sent,
            hidden={"form_id": form_id.hex},
        )  # fmt: skip
    if given:
        return password_page(request, *given[0], staff=staff, at=at, back=sent.headers["location"])
    return sent


def password_page(
    request: Request, username: str, password: str, *, staff: CurrentStaff, at: Now, back: str
) -> Response:
    """Return the page that shows an initial password this once."""
    return admin_page(
        request, "pages/staff/admin/user_password.html", staff=staff, at=at, here=HERE, username=username,
        password=password, back=back,
    )  # fmt: skip


@router.get("/admin/users/{person_id}")
@needs(Right.SEE_PEOPLE)
def show_person(
    request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, done: str = ""
) -> Response:
    """Show one person: posts with their days, accounts, what was recorded."""
    with db.read() as session:
        shown = people_list.one(session, staff.actor, person_id, at=at, settings=settings)
        entries = record_words.of_subjects(session, shown.subjects, cursor=request.query_params.get("cursor"))
    return admin_page(
        request, "pages/staff/admin/user.html", staff=staff, at=at, here=HERE, shown=shown, entries=entries,
        manages=may(staff.actor, Right.MANAGE_PEOPLE), is_self=person_id == staff.person.id,
        done=CHANGED.get(done), has_provider=bool(settings.oidc_issuer),
    )  # fmt: skip


def _change_page(person_id: UUID, about: str) -> RegisterForm:
    back = f"/admin/users/{person_id}"
    return RegisterForm(Sentence("Change"), f"{back}/change", back, Sentence("Save"), part=HERE, about=about)


@router.get("/admin/users/{person_id}/change")
@needs(Right.MANAGE_PEOPLE)
@proven
def ask_change(request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a person's name and phone."""
    with db.write() as session:  # it holds the person, as the change does
        person = people_register.managed_by(session, staff.actor, person_id, day=people.local_day(at))
    values = {"name": person.name, "present": people_register.PresentPhone.KEEP.value, "language": person.language}
    about = f"{person.name} {mask_phone(person.phone)}" if person.phone else person.name
    return register_forms.show(request, _change_page(person_id, about), PersonChange, staff=staff, at=at, values=values)


@router.post("/admin/users/{person_id}/change")
@needs(Right.MANAGE_PEOPLE)
@proven
def change_person(request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Change a person's name and phone."""

    def change(session: Session, filled: PersonChange) -> str:
        people_register.change(session, person_id, filled, actor=staff.actor, at=at)
        return f"/admin/users/{person_id}?done=changed"

    sent = admin_forms.send(db, PersonChange, form, change)
    if isinstance(sent, Response):
        return sent
    page = _change_page(person_id, _name(db, staff, person_id))
    return register_forms.show(request, page, PersonChange, staff=staff, at=at, unsent=sent)


def _name(db: Database, staff: Identity, person_id: UUID) -> str:
    """Return whom a form that has to be filled in again is about; raises `OutOfReach`."""
    with db.read() as session:
        return people_register.seen_by(session, staff.actor, person_id).name


def _post_page(person_id: UUID, about: str) -> RegisterForm:
    back = f"/admin/users/{person_id}"
    return RegisterForm(
        Sentence("Give a post"), f"{back}/posts/new", back, Sentence("Give the post"), part=HERE, about=about
    )


@router.get("/admin/users/{person_id}/posts/new")
@needs(Right.MANAGE_PEOPLE)
@proven
def ask_post(request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a new post."""
    with db.read() as session:
        person = people_register.seen_by(session, staff.actor, person_id)
    page = _post_page(person_id, person.name)
    return register_forms.show(request, page, PostForm, staff=staff, at=at, pickers=_pickers(db, staff, at))


@router.post("/admin/users/{person_id}/posts/new")
@needs(Right.MANAGE_PEOPLE)
@proven
def give_post(request: Request, person_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Give a person a post."""

    def give(session: Session, filled: PostForm) -> str:
        people_register.seen_by(session, staff.actor, person_id)
        people_register.appoint(session, person_id, filled, actor=staff.actor, at=at)
        return f"/admin/users/{person_id}?done=appointed"

    sent = admin_forms.send(db, PostForm, form, give)
    if isinstance(sent, Response):
        return sent
    page = _post_page(person_id, _name(db, staff, person_id))
    return register_forms.show(
        request, page, PostForm, staff=staff, at=at, pickers=_pickers(db, staff, at), unsent=sent
    )


def _end_page(person_id: UUID, post_id: UUID, about: str) -> RegisterForm:
    back = f"/admin/users/{person_id}"
    return RegisterForm(
        Sentence("End the post"),
        f"{back}/posts/{post_id}/end",
        back,
        Sentence("End the post"),
        part=HERE,
        warning=Sentence("From the next day on the person has no rights from it. Give their open cases to others."),
        about=about,
    )


@router.get("/admin/users/{person_id}/posts/{post_id}/end")
@needs(Right.MANAGE_PEOPLE)
def ask_end(
    request: Request, person_id: UUID, post_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf
) -> Response:
    """Ask when and why a post ends."""
    with db.read() as session:
        shown = people_list.one(session, staff.actor, person_id, at=at, settings=settings)
    if not any(one.post.id == post_id for one in shown.posts):
        raise OutOfReach(str(post_id))
    page = _end_page(person_id, post_id, shown.person.name)
    return register_forms.show(request, page, EndPostForm, staff=staff, at=at)


@router.post("/admin/users/{person_id}/posts/{post_id}/end")
@needs(Right.MANAGE_PEOPLE)
def end_post(
    request: Request, person_id: UUID, post_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """End a post."""

    def end(session: Session, filled: EndPostForm) -> str:
        people_register.seen_by(session, staff.actor, person_id)
        people_register.end_post(session, person_id, post_id, filled, actor=staff.actor, at=at)
        return f"/admin/users/{person_id}?done=ended"

    sent = admin_forms.send(db, EndPostForm, form, end)
    if isinstance(sent, RedirectResponse):
        return sent
    page = _end_page(person_id, post_id, _name(db, staff, person_id))
    return register_forms.show(request, page, EndPostForm, staff=staff, at=at, unsent=sent)


def _pickers(db: Database, staff: Identity, at: datetime) -> Pickers:
    day: date = people.local_day(at)
    with db.read() as session:
        bodies = tuple(
            Option(body.code, body.name) for body, _ in organisations.known_to(session, staff.actor, day=day)
        )
        areas = [Option(area.code, area.words) for area in choices.areas(session, day=day, actor=staff.actor)]
    if may(staff.actor, Right.MANAGE_PEOPLE, Place()):
        areas.insert(0, Option(WHOLE_CITY, Sentence("The whole city")))
    industries = tuple(Option(industry.code, industry) for industry in catalogue.industries().values())
    return Pickers(lists={"areas": tuple(areas), "organisations": bodies, "industries": industries}, today=day)
