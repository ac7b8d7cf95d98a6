"""The public pages: a venue's notice, reporting a hazard, following the report, applying for a code."""

from __future__ import annotations

from api.access import Router
from api.pages import facility_label, public_enrol, public_photos, public_receipt, public_report, public_venue

router = Router(include_in_schema=False)
for part in (public_venue, public_report, public_photos, public_receipt, public_enrol, facility_label):
    router.routes.extend(part.router.routes)
