"""The pages of reports: deadlines, the cases behind a number, editions, subscriptions."""

from __future__ import annotations

from api.access import Router
from api.pages import reports_editions, reports_sla, reports_subscriptions

router = Router(include_in_schema=False)
for part in (reports_sla, reports_subscriptions, reports_editions):
    router.routes.extend(part.router.routes)
