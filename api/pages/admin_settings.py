"""The administration's first page, and how this installation is set up."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from api.access import Router, needs, staff_only
from api.deps import Conf, CurrentStaff, Now
from api.pages.admin_frame import admin_page, administers
from domain.access import NotPermitted
from domain.rights import Right
from domain.settings import SECRETS, Settings

router = Router(include_in_schema=False)


@router.get("/admin")
@staff_only
def show_administration(request: Request, at: Now, staff: CurrentStaff) -> Response:
    """Show the parts of the administration this person may open."""
    if not administers(staff.actor):
        raise NotPermitted(Right.SEE_SETTINGS)
    return admin_page(request, "pages/staff/admin/index.html", staff=staff, at=at, here="")


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting: its variable, its value as far as it may be shown, whether it was set here."""

    variable: str
    value: str
    is_set: bool
    is_secret: bool
    description: str


@router.get("/admin/settings")
@needs(Right.SEE_SETTINGS, everywhere=True)
def show_settings(request: Request, at: Now, staff: CurrentStaff, settings: Conf) -> Response:
    """Show every setting; secrets only as set or not."""
    return admin_page(
        request, "pages/staff/admin/settings.html", staff=staff, at=at, here="settings", shown=shown_of(settings)
    )


def shown_of(settings: Settings) -> list[Shown]:
    """Return every setting with its value, and nothing of a secret but whether there is one."""
    found = []
    for name, info in Settings.model_fields.items():
        is_secret = name.endswith(SECRETS)
        value = getattr(settings, name)
        text = ("••••••" if value else "") if is_secret else _without_password(str("" if value is None else value))
        is_set = name in settings.model_fields_set
        found.append(Shown(f"FIRELINE_{name.upper()}", text, is_set, is_secret, info.description or ""))
    return found


def _without_password(text: str) -> str:
    head, at_sign, tail = text.rpartition("@")
    scheme, separator, user = head.partition("://")
    return f"{scheme}://{user.split(':')[0]}:••••@{tail}" if at_sign and separator and ":" in user else text
