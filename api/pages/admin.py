"""The administration: its first page, areas, organisations, the audit log, the settings."""

from __future__ import annotations

from api.access import Router
from api.pages import admin_areas, admin_audit, admin_organisations, admin_settings, admin_vault

router = Router(include_in_schema=False)
for part in (admin_settings, admin_areas, admin_organisations, admin_audit, admin_vault):
    router.routes.extend(part.router.routes)
