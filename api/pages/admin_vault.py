"""The vault's keys and what holds by each; changing them, and removing what has served its time, at once."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs, proven
from api.deps import CurrentStaff, Db, Now
from api.middleware.limits import takes_little
from api.pages.admin_frame import admin_page
from domain import errands, product_settings, resealing, sealed, vault_keeping
from domain.language import Sentence
from domain.models import Errand
from domain.rights import Right

router = Router(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class KeyShown:
    """One key by its name, never by its bytes."""

    id: str
    count: int
    is_current: bool
    is_known: bool

    @property
    def is_needless(self) -> bool:
        """Return whether nothing needs it, so that it can be taken out of the setting."""
        return self.is_known and not self.is_current and not self.count


@dataclass(frozen=True, slots=True)
class Work:
    """One of the works on the vault: whether it is under way, and how it went last."""

    errand: Errand | None
    said: Sentence | None
    is_open: bool


@router.get("/admin/vault")
@needs(Right.KEEP_VAULT, everywhere=True)
def show_vault(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show which keys are needed for how much, and how both works went last."""
    with db.read() as session:
        holdings = resealing.holdings(session)
        days = {key: product_settings.value(session, key) for key in ("identity_days", "words_days")}
        works = {kind: _work(vault_keeping.last_errand(session, kind)) for kind in KINDS.values()}
    known, current = sealed.keyring().headers, sealed.keyring().current_id
    keys = [KeyShown(key, count, key == current, key in known) for key, count in holdings.items()]
    return admin_page(
        request, "pages/staff/admin/vault.html", staff=staff, at=at, here="vault", keys=keys,
        left=sum(key.count for key in keys if not key.is_current), rotation=works[vault_keeping.ROTATE],
        redaction=works[vault_keeping.REDACT], **days,
    )  # fmt: skip


KINDS = {"rotate": vault_keeping.ROTATE, "redact": vault_keeping.REDACT}


def _work(errand: Errand | None) -> Work:
    if errand is None:
        return Work(None, None, is_open=False)
    return Work(errand, errands.said_of(errand) or errands.reason_of(errand), is_open=errand.state in errands.OPEN)


@router.post("/admin/vault/rotate")
@needs(Right.KEEP_VAULT, everywhere=True)
@proven
@takes_little
def rotate(db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Have everything sealed anew under the current key."""
    with db.write() as session:
        errand = vault_keeping.ask(session, vault_keeping.ROTATE, actor=staff.actor, at=at)
    return RedirectResponse(_followed(errand, staff), status_code=303)


@router.post("/admin/vault/redact")
@needs(Right.KEEP_VAULT, everywhere=True)
@proven
@takes_little
def redact(db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Have what has served its time removed now, not tonight."""
    with db.write() as session:
        errand = vault_keeping.ask(session, vault_keeping.REDACT, actor=staff.actor, at=at)
    return RedirectResponse(_followed(errand, staff), status_code=303)


def _followed(errand: Errand, staff: CurrentStaff) -> str:
    """Return where its maker follows an errand; somebody else's, or the night's, is seen on the vault's page."""
    is_own = errand.made_by is not None and errand.made_by == staff.actor.person_id
    return f"/errands/{errand.id}" if is_own else "/admin/vault"
