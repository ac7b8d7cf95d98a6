"""From where one is signed in, and which programs act for one: looking at it, and ending it."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, proven, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.middleware.limits import takes_little
from api.pages.register_forms import form_id_of
from api.pages.staff_frame import staff_page
from api.pages.staff_sign_in import text
from domain import accounts, idempotency, sessions, tokens
from domain.accounts import Identity
from domain.identifiers import new_id
from domain.language import Label
from domain.tokens import SCOPE_LABELS, NewToken, ScopeRefused

router = Router(include_in_schema=False)

DAYS = {"30": Label("30 天", "30 days"), "90": Label("90 天", "90 days"), "365": Label("一年", "One year"),
        "730": Label("两年", "Two years")}  # fmt: skip


@router.get("/account/sessions")
@staff_only
def show_sessions(request: Request, db: Db, at: Now, staff: CurrentStaff, settings: Conf) -> Response:
    """Show from where this account is signed in."""
    with db.read() as session:
        most = accounts.limits(session, settings)
        live = sessions.of_account(session, staff.account.id, at=at, settings=settings, this=staff.sign_in)
    return staff_page(
        request, "pages/staff/account_sessions.html", staff=staff, at=at, here="account", sessions=live,
        idle_minutes=int(most.idle / timedelta(minutes=1)), hours=int(most.age / timedelta(hours=1)),
    )  # fmt: skip


@router.post("/account/sessions/end")
@staff_only
@takes_little
def end_sessions(db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """End one session, or every other one."""
    which = text(form.get("session"), 40)
    with db.write() as session:
        if which:
            sessions.end(session, staff.account.id, which, actor=staff.actor, at=at)
        else:
            sessions.end_others(session, staff.account.id, actor=staff.actor, at=at, but=staff.sign_in)
    return RedirectResponse("/account/sessions", status_code=303)


@router.get("/account/tokens")
@staff_only
@proven
def show_tokens(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show which programs act for this account."""
    return _tokens_page(request, db, staff, at=at)


@router.post("/account/tokens")
@staff_only
@proven
@takes_little
def make_token(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Make a token and show it this once; the form sent twice makes one, and its second answer has none to show."""
    label, days = text(form.get("label"), 60).strip(), text(form.get("days"), 4)
    chosen = [scope for scope in form.getlist("scope") if isinstance(scope, str)]
    typed = {"label": label, "days": days, "scopes": chosen}
    key = f"token:{staff.account.id.hex}:{form_id_of(form).hex}"
    try:
        lasts = timedelta(days=int(days)) if days in DAYS else timedelta(0)
        with db.write() as session:
            if idempotency.claim(session, key, fingerprint="token", at=at) is not None:
                return _tokens_page(request, db, staff, at=at, is_repeated=True)
            made = tokens.make(
                session, staff.account, at=at, actor=staff.actor, label=label, scopes=chosen, lasts=lasts
            )
    except ScopeRefused as refused:
        field = "days" if days not in DAYS else "scope"
        return _tokens_page(request, db, staff, at=at, errors=(FieldError(field, refused.reason),), typed=typed)
    return _tokens_page(request, db, staff, at=at, made=made)


@router.post("/account/tokens/revoke")
@staff_only
@takes_little
def revoke_token(db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """End a token at once."""
    with db.write() as session:
        tokens.revoke(session, staff.account.id, text(form.get("token"), 40), at=at, actor=staff.actor)
    return RedirectResponse("/account/tokens", status_code=303)


def _tokens_page(
    request: Request,
    db: Db,
    staff: Identity,
    *,
    at: datetime,
    made: NewToken | None = None,
    is_repeated: bool = False,
    errors: tuple[FieldError, ...] = (),
    typed: dict[str, object] | None = None,
) -> Response:
    with db.read() as session:
        known = tokens.of_account(session, staff.account.id, at=at)
    return staff_page(
        request, "pages/staff/account_tokens.html", staff=staff, at=at, here="account", tokens=known, made=made,
        scopes=SCOPE_LABELS, lengths=DAYS, errors=errors, typed=typed or {"label": "", "days": "90", "scopes": []},
        status=422 if errors else 200, is_repeated=is_repeated, form_id=new_id().hex,
    )  # fmt: skip
