"""A report as JSON: the same bytes for the same content, whoever writes it and in whatever order its keys came."""

from __future__ import annotations

import json

from domain.reporting.content import Content

MEDIA_TYPE = "application/json"


def write(content: Content) -> bytes:
    """Return the report as UTF-8 JSON."""
    return (json.dumps(content.data(), ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
