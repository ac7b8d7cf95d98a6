"""Settings: those an administrator changes while the product runs, and how this installation was started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import AfterValidator, BaseModel, ValidationError, create_model
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, needs, proven, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import field_errors
from api.pages import register_forms
from api.pages.admin_frame import admin_page, administers
from api.pages.register_forms import RegisterForm, Unsent
from api.pages.staff_forms import Option, Pickers, Typed, as_data, read_typed
from domain import product_settings, register_lock
from domain.access import NotPermitted, OutOfReach, may
from domain.accounts import Identity
from domain.actors import Place
from domain.adjustable import ADJUSTABLE, LONGEST_REASON, Adjustable, Choice, NotAValue, Value
from domain.database import Database
from domain.forms import Form, line_field, select_field, text_field
from domain.language import N_, Label, Sentence
from domain.models import Person, ProductSetting
from domain.queries import record_words
from domain.register_forms import refused
from domain.register_lock import NotNow, RegisterChanged
from domain.rights import Right
from domain.settings import SECRETS, Settings

router = Router(include_in_schema=False)
HERE = "settings"
ADDRESS = "/admin/settings"
TO_DEFAULT = "default"
OK = 200


@router.get("/admin")
@staff_only
def show_administration(request: Request, at: Now, staff: CurrentStaff) -> Response:
    """Show the parts of the administration this person may open."""
    if not administers(staff.actor):
        raise NotPermitted(Right.SEE_SETTINGS)
    return admin_page(request, "pages/staff/admin/index.html", staff=staff, at=at, here="")


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting of the environment: its variable, its value as far as it may be shown, whether it was set here."""

    variable: str
    value: str
    is_set: bool
    is_secret: bool
    description: Sentence


@dataclass(frozen=True, slots=True)
class SettingShown:
    """A setting that can be changed here, as it stands."""

    key: str
    words: Label
    about: Label
    bounds: Label
    value: Label
    default: Label
    changed_at: datetime | None
    """None: it is as delivered."""
    changed_by: str = ""


@router.get(ADDRESS)
@needs(Right.SEE_SETTINGS, everywhere=True)
def show_settings(request: Request, db: Db, at: Now, staff: CurrentStaff, settings: Conf) -> Response:
    """Show what can be changed here, and every setting of the environment; secrets only as set or not."""
    with db.read() as session:
        adjustable = _adjustable(session)
    return admin_page(
        request, "pages/staff/admin/settings.html", staff=staff, at=at, here=HERE, adjustable=adjustable,
        shown=shown_of(settings), changes=_changes(staff),
    )  # fmt: skip


def _adjustable(session: Session) -> list[SettingShown]:
    rows = {row.key: row for row in session.exec(select(ProductSetting)).all()}
    ids = {row.changed_by for row in rows.values() if row.changed_by}
    names: dict[UUID, str] = dict(session.exec(select(Person.id, Person.name).where(col(Person.id).in_(ids))).all())
    return [
        SettingShown(
            key, known.words, known.about, known.bounds, known.said(product_settings.value(session, key)),
            known.said(product_settings.default(key)), rows[key].changed_at if key in rows else None,
            names.get(rows[key].changed_by, "") if key in rows and rows[key].changed_by else "",
        )
        for key, known in ADJUSTABLE.items()
    ]  # fmt: skip


def _changes(staff: Identity) -> bool:
    return may(staff.actor, Right.CHANGE_SETTINGS, Place())


def shown_of(settings: Settings) -> list[Shown]:
    """Return every setting with its value, and nothing of a secret but whether there is one."""
    found = []
    for name, info in Settings.model_fields.items():
        is_secret = name.endswith(SECRETS)
        value = getattr(settings, name)
        text = ("••••••" if value else "") if is_secret else _without_password(str("" if value is None else value))
        is_set = name in settings.model_fields_set
        found.append(Shown(f"FIRELINE_{name.upper()}", text, is_set, is_secret, Sentence(info.description or "")))
    return found


def _without_password(text: str) -> str:
    head, at_sign, tail = text.rpartition("@")
    scheme, separator, user = head.partition("://")
    return f"{scheme}://{user.split(':')[0]}:••••@{tail}" if at_sign and separator and ":" in user else text


# One setting.


@router.get(ADDRESS + "/{key}")
@needs(Right.SEE_SETTINGS, everywhere=True)
def show_setting(request: Request, key: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one setting, and page by page who changed it and why."""
    _known(key)
    with db.read() as session:
        shown = next(one for one in _adjustable(session) if one.key == key)
        subject = product_settings.subject_of(key)
        page = record_words.of_subjects(session, [subject], cursor=request.query_params.get("cursor"))
    return admin_page(
        request, "pages/staff/admin/setting.html", staff=staff, at=at, here=HERE, shown=shown, page=page,
        changes=_changes(staff), done="done" in request.query_params,
    )  # fmt: skip


def _known(key: str) -> Adjustable:
    if key not in ADJUSTABLE:
        raise OutOfReach(key)
    return ADJUSTABLE[key]


class WhyDefault(Form):
    """Why the default is to hold again."""

    reason: str = text_field(N_("Reason"), limit=LONGEST_REASON)


class ChangeForm(Form):
    """Another value, and why."""


def _model(key: str, what: str) -> type[BaseModel]:
    """Return the form that changes this setting, or lets its default hold again."""
    known = _known(key)
    if what == TO_DEFAULT:
        return WhyDefault

    def is_value(text: str) -> str:
        try:
            known.read(text)
        except NotAValue as wrong:
            raise refused(wrong.reason) from wrong
        return text

    title = N_("New value")
    asked = select_field(title, of="answers") if isinstance(known, Choice) else line_field(title, limit=20)
    fields: dict[str, Any] = {
        "value": (Annotated[str, AfterValidator(is_value)], asked),
        "reason": (str, text_field(N_("Reason"), limit=LONGEST_REASON)),
    }
    return create_model("SettingForm", __base__=ChangeForm, **fields)


def _page(key: str, what: str) -> RegisterForm:
    known = _known(key)
    back = f"{ADDRESS}/{key}"
    if what == TO_DEFAULT:
        return RegisterForm(
            Sentence("Back to the default"),
            f"{back}/{what}",
            back,
            Sentence("Look at the change"),
            part=HERE,
            about=known.words,
            note=known.said(product_settings.default(key)),
        )
    return RegisterForm(
        Sentence("Change a setting"),
        f"{back}/{what}",
        back,
        Sentence("Look at the change"),
        part=HERE,
        about=known.words,
        note=known.bounds,
    )


def _lists(key: str) -> Pickers:
    known = _known(key)
    if not isinstance(known, Choice):
        return Pickers()
    return Pickers(lists={"answers": tuple(Option(answer, words) for answer, words in known.answers.items())})


def _what(what: str) -> str:
    if what not in ("change", TO_DEFAULT):
        raise OutOfReach(what)
    return what


@router.get(ADDRESS + "/{key}/{what}")
@needs(Right.CHANGE_SETTINGS, everywhere=True)
@proven
def ask_change(request: Request, key: str, what: str, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Ask for the new value and why."""
    page, model = _page(key, _what(what)), _model(key, what)
    with db.read() as session:
        now = ADJUSTABLE[key].kept(product_settings.value(session, key))
    return register_forms.show(request, page, model, staff=staff, at=at, pickers=_lists(key), values={"value": now})


@router.post(ADDRESS + "/{key}/{what}")
@needs(Right.CHANGE_SETTINGS, everywhere=True)
@proven
def change_setting(
    request: Request, key: str, what: str, *, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Show what would change, and change it once that is confirmed."""
    page, model = _page(key, _what(what)), _model(key, what)
    values = read_typed(model, form)
    if form.get("again"):
        return register_forms.show(
            request, page, model, staff=staff, at=at, pickers=_lists(key), unsent=Unsent(Typed(values), OK)
        )
    try:
        filled: Any = model.model_validate(as_data(model, values))
        if form.get("confirmed"):
            return _change(db, key, what, filled, staff=staff, at=at, version=forms.version(form))
        shown = _confirmation(db, key, what, filled)
    except ValidationError as wrong:
        unsent = Unsent(Typed(values, tuple(field_errors(wrong))))
    except (NotNow, RegisterChanged) as refusal:
        unsent = Unsent(Typed(values), register_forms.CONFLICT, refusal.reason)
    else:
        return admin_page(
            request, "pages/staff/admin/setting_confirm.html", staff=staff, at=at, here=HERE, page=page, shown=shown,
            values=values,
        )  # fmt: skip
    return register_forms.show(request, page, model, staff=staff, at=at, pickers=_lists(key), unsent=unsent)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What would change."""

    words: Label
    about: Label
    before: Label
    after: Label
    is_same: bool
    reason: str
    version: int


def _confirmation(db: Database, key: str, what: str, filled: Any) -> Confirmation:  # noqa: ANN401 - `_model` made it
    known = _known(key)
    after: Value = product_settings.default(key) if what == TO_DEFAULT else known.read(filled.value)
    with db.read() as session:
        before = product_settings.value(session, key)
        product_settings.check(session, key, after)
        version = register_lock.version_of(session, product_settings.subject_of(key))
    return Confirmation(
        known.words, known.about, known.said(before), known.said(after), before == after, filled.reason, version
    )


def _change(
    db: Database,
    key: str,
    what: str,
    filled: Any,  # noqa: ANN401 - `_model` made it
    *,
    staff: Identity,
    at: datetime,
    version: int,
) -> Response:
    how: dict[str, Any] = {"reason": filled.reason, "actor": staff.actor, "at": at, "version": version}
    with db.write() as session:
        if what == TO_DEFAULT:
            product_settings.back_to_default(session, key, **how)
        else:
            product_settings.change(session, key, filled.value, **how)
    return RedirectResponse(f"{ADDRESS}/{key}?done=1", status_code=303)
