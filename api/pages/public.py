"""The public pages."""

from __future__ import annotations

from api.access import Router

router = Router(include_in_schema=False)
