"""Who may call a route: every endpoint carries a mark, and a route without one cannot be made (deny by default)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import APIRouter, Depends

from api import deps
from domain.access import NotPermitted, may
from domain.actors import Place
from domain.rights import Right
from domain.tokens import NAMED_ONLY, Scope, opens

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(StrEnum):
    """The rules there are."""

    PUBLIC = "public"
    """Anybody, without a name."""
    RECEIPT = "receipt"
    """Whoever holds the receipt code in the path; the endpoint looks it up and is throttled."""
    STAFF = "staff"
    """A signed-in account; a program where the endpoint names a scope. Which cases is decided by `domain.access`."""
    BEGUN = "begun"
    """An account whose password was right and that has a step left, such as the second factor; no program."""
    PROVIDER = "provider"
    """The telephone provider, by its signature."""
    OPERATIONS = "operations"
    """Probes and scrapers; says nothing about any case."""


class UnguardedRoute(Exception):
    """An endpoint was given a path without saying who may call it."""


def _mark(access: Access) -> Callable[[Endpoint], Endpoint]:
    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__access__ = access  # type: ignore[attr-defined]
        return endpoint

    return mark


public = _mark(Access.PUBLIC)
by_receipt = _mark(Access.RECEIPT)
staff_only = _mark(Access.STAFF)
begun_only = _mark(Access.BEGUN)
signed_by_provider = _mark(Access.PROVIDER)
operations = _mark(Access.OPERATIONS)


def needs(right: Right, *, everywhere: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint for signed-in people who have `right` somewhere; where, the service behind it asks.

    `everywhere`: what it shows or does concerns the whole installation, so the right has to hold for all of it.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__right__ = right  # type: ignore[attr-defined]
        endpoint.__everywhere__ = everywhere  # type: ignore[attr-defined]
        return staff_only(endpoint)

    return mark


def programs_may(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint that takes tokens with this scope; an endpoint without this mark takes none."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__scope__ = scope  # type: ignore[attr-defined]
        return endpoint

    return mark


def scope_of(endpoint: Callable[..., Any]) -> Scope | None:
    """Return the scope a token needs here; None where no token is taken."""
    return getattr(endpoint, "__scope__", None)


def proven(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that does something grave: its caller has proved a moment ago who they are.

    A program cannot, and is refused unless the endpoint names a scope: one of `tokens.NAMED_ONLY`.
    """
    endpoint.__proven__ = True  # type: ignore[attr-defined]
    return endpoint


def asks_for_proof(endpoint: Callable[..., Any]) -> bool:
    """Return whether an endpoint is marked as grave."""
    return getattr(endpoint, "__proven__", False)


def right_of(endpoint: Callable[..., Any]) -> Right | None:
    """Return the right an endpoint asks for; None where being signed in is enough to ask."""
    return getattr(endpoint, "__right__", None)


def is_needed_everywhere(endpoint: Callable[..., Any]) -> bool:
    """Return whether that right has to hold for the whole installation."""
    return getattr(endpoint, "__everywhere__", False)


def access_of(endpoint: Callable[..., Any]) -> Access | None:
    """Return an endpoint's mark; None when it has none."""
    return getattr(endpoint, "__access__", None)


class Router(APIRouter):
    """A router whose routes are guarded by their endpoint's mark, which stands below the route's decorator."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        """Add a route with the guards of its mark; raises `UnguardedRoute` when there is none."""
        access = access_of(endpoint)
        if access is None:
            raise UnguardedRoute(f"{path}: {endpoint.__name__} does not say who may call it")
        methods = {method.upper() for method in options.get("methods") or ("GET",)}
        guards = [Depends(guard) for guard in _guards(access, writes=bool(methods - SAFE))]
        guards += [Depends(guard) for guard in _token_guards(access, scope_of(endpoint))]
        if asks_for_proof(endpoint):
            guards.append(Depends(deps.require_proof))
            if (scope := scope_of(endpoint)) not in {None, *NAMED_ONLY}:
                raise UnguardedRoute(f"{path}: {scope} would stand for a proof that nobody gave")
        if (right := right_of(endpoint)) is not None:
            guards.append(Depends(_holds(right, Place() if is_needed_everywhere(endpoint) else None)))
        options["dependencies"] = [*guards, *(options.get("dependencies") or ())]
        super().add_api_route(path, endpoint, **options)


def _holds(right: Right, place: Place | None) -> Callable[..., Any]:
    async def require_right(staff: deps.CurrentStaff) -> None:
        if not may(staff.actor, right, place):
            raise NotPermitted(right)

    return require_right


def _token_guards(access: Access, scope: Scope | None) -> list[Callable[..., Any]]:
    if access is not Access.STAFF and scope is None:
        return []  # nobody has to be signed in here: a token, if any, is looked at by the endpoint itself

    async def refuse_token(staff: deps.MaybeStaff) -> None:
        if staff is None or staff.via != "token":
            return
        if scope is None or not opens(staff.scopes, scope):
            raise deps.NotForPrograms(scope)

    return [refuse_token]


def _guards(access: Access, *, writes: bool) -> list[Callable[..., Any]]:
    match access:
        case Access.PUBLIC | Access.RECEIPT:
            return [deps.refuse_foreign_origin] if writes else []
        case Access.STAFF:
            return [deps.check_csrf] if writes else [deps.require_staff]
        case Access.BEGUN:
            return [deps.check_begun_csrf] if writes else [deps.require_begun]
        case Access.PROVIDER:
            return [deps.require_provider_signature]
        case Access.OPERATIONS:
            return []
