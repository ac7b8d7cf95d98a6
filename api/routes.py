"""Every address the app answers, with its endpoint: what tests and the OpenAPI document walk over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address and what answers there."""

    path: str
    methods: frozenset[str]
    endpoint: Callable[..., Any]


def endpoints(app: FastAPI) -> Iterator[Endpoint]:
    """Return every route of the app, those of included routers with their whole path."""
    for route in iter_route_contexts(app.routes):
        yield Endpoint(route.path or "", frozenset(route.methods or ("GET",)), route.endpoint)
