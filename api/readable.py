"""Which page to open instead of an address that only takes forms: the nearest one above it that can be opened."""

from __future__ import annotations

import re
from functools import lru_cache

from fastapi import FastAPI
from starlette.routing import compile_path

from api.routes import endpoints

PARAMETER = re.compile(r"{[^}]*}")


def readable(app: FastAPI, path: str) -> str:
    """Return `path` if a browser may open it, else the longest beginning of it that it may; "/" in the end."""
    while path != "/":
        if _opens(app, path):
            return path
        path = path.rpartition("/")[0] or "/"
    return path


def _opens(app: FastAPI, path: str) -> bool:
    fitting = [(template, is_read) for pattern, template, is_read in _patterns(app) if pattern.match(path)]
    if not fitting:
        return False
    # `/cases/remind` is an address of its own, and not the case with the number "remind".
    nearest = min(len(PARAMETER.findall(template)) for template, _ in fitting)
    return any(is_read for template, is_read in fitting if len(PARAMETER.findall(template)) == nearest)


@lru_cache(maxsize=4)
def _patterns(app: FastAPI) -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    return tuple((compile_path(one.path)[0], one.path, "GET" in one.methods) for one in endpoints(app))
