"""The API described for programs (OpenAPI) and, as a plain list, for people; nothing is loaded from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse

from api.access import Access, Router, access_of, public
from api.rendering import render
from api.routes import endpoints

router = Router(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the API does."""

    method: str
    path: str
    summary: str
    needs_token: bool


def description(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        made.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for route in endpoints(app):
            if access_of(route.endpoint) is Access.STAFF:
                for method in route.methods:
                    operation = made["paths"].get(route.path, {}).get(method.lower())
                    if operation is not None:
                        operation["security"] = [{"token": []}]
        app.openapi_schema = made
    return app.openapi_schema


@router.get("/api/openapi.json")
@public
def openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI document."""
    return JSONResponse(description(request.app))


@router.get("/api/docs")
@public
def docs(request: Request) -> HTMLResponse:
    """List what the API does."""
    paths = description(request.app)["paths"]
    operations = [
        Operation(method.upper(), path, operation.get("description", "").split("\n")[0], "security" in operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
    return render(request, "pages/api_docs.html", operations=operations)
