"""The administration: its first page, areas, organisations, the audit log, the settings."""

from __future__ import annotations

from api.access import Router
from api.pages import (
    admin_accounts,
    admin_areas,
    admin_audit,
    admin_calendar,
    admin_code_sheets,
    admin_import,
    admin_limits,
    admin_organisations,
    admin_settings,
    admin_users,
    admin_vault,
    cover,
)

router = Router(include_in_schema=False)
for part in (
    admin_settings,
    admin_calendar,
    admin_limits,
    admin_areas,
    admin_organisations,
    admin_audit,
    admin_vault,
    admin_users,
    admin_accounts,
    admin_import,
    admin_code_sheets,
    cover,
):
    router.routes.extend(part.router.routes)
