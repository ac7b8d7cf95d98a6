"""Puts the web part together: routers, middleware, errors, static files. Holds no rule of its own."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import domain.companions
import domain.patrols.decisions
import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from api import errors, operations, single_sign_on
from api.access import Router
from api.metrics import RequestMetrics
from api.middleware.compression import Compression
from api.middleware.headers import SecurityHeaders
from api.middleware.limits import BodyLimit
from api.middleware.preferences import ReadersPreferences
from api.middleware.record import Record
from api.pages import admin as admin_pages
from api.pages import cockpit as cockpit_pages
from api.pages import (
    exchange,
    my_place,
    patrol_campaigns,
    patrol_checklist_editor,
    patrol_checklist_files,
    patrol_checklists,
    patrol_phone,
    patrol_task,
)
from api.pages import map as map_pages
from api.pages import patrols as patrol_pages
from api.pages import photos as photo_pages
from api.pages import public as public_pages
from api.pages import staff as staff_pages
from api.rendering import STATIC
from api.rest import (
    cases,
    deadlines,
    enrolments,
    errands,
    hazard_reports,
    notices,
    openapi,
    report_editions,
    uploads,
    venues,
)
from api.rest import cockpit as cockpit_numbers
from api.rest import map as map_numbers
from api.rest import patrols as patrol_numbers
from api.rest import reports as report_numbers
from api.webhooks import twilio
from domain import schema
from domain.database import Database, open_database
from domain.settings import Settings, get_settings

log = logging.getLogger("fireline.web")

DATABASE_WAIT_SECONDS = 60
"""How long a starting web part waits for its database, which may be starting as well."""


class Web(FastAPI):
    """A FastAPI whose outermost layer is ours, so that even its answer to a crash carries our headers."""

    outer: Callable[[ASGIApp], ASGIApp]

    def build_middleware_stack(self) -> ASGIApp:
        """Return the whole stack."""
        return self.outer(super().build_middleware_stack())


def routers() -> list[Router]:
    """Return every router of the web part."""
    return [
        public_pages.router,
        staff_pages.router,
        map_pages.router,
        cockpit_pages.router,
        admin_pages.router,
        photo_pages.router,
        patrol_phone.router,
        patrol_pages.router,
        patrol_campaigns.router,
        patrol_checklist_files.router,
        patrol_checklist_editor.router,
        patrol_checklists.router,
        my_place.router,
        patrol_task.router,
        exchange.router,
        hazard_reports.router,
        enrolments.router,
        uploads.router,
        errands.router,
        cases.router,
        deadlines.router,
        notices.router,
        venues.router,
        patrol_numbers.router,
        report_numbers.router,
        report_editions.router,
        map_numbers.router,
        cockpit_numbers.router,
        openapi.router,
        twilio.router,
        operations.router,
    ]


def create_app(database: Database | None = None, settings: Settings | None = None) -> FastAPI:
    """Return the web part. Tests give a database and may put a clock of their own at `app.state.clock`."""
    settings = settings or get_settings()
    settings.refuse_demo_in_production()
    single_sign_on.refuse_unusable(settings)
    app = Web(
        title="Fireline",
        version="1",
        openapi_url=None,  # api.rest.openapi serves it: no page of FastAPI's that loads from elsewhere
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.database = database or open_database(settings.url)
    app.state.owns_database = database is None
    app.state.clock = _now
    app.state.metrics = RequestMetrics()
    for router in routers():
        app.router.routes.extend(router.routes)
    app.mount("/static", STATIC, name="static")
    errors.install(app)
    app.outer = lambda inner: _wrapped(inner, settings, app.state.metrics)
    return app


def _wrapped(app: ASGIApp, settings: Settings, metrics: RequestMetrics) -> ASGIApp:
    inner = BodyLimit(app)
    compressed = Compression(inner)
    headed = SecurityHeaders(compressed, secure=settings.secure_cookies, tiles_origin=settings.tiles_origin)
    negotiated = ReadersPreferences(headed, default=settings.locale, secure=settings.secure_cookies)
    recorded = Record(negotiated, metrics=metrics)
    if not settings.proxies:
        return recorded
    return ProxyHeadersMiddleware(recorded, trusted_hosts=settings.proxies)  # type: ignore[arg-type,return-value]  # uvicorn's own ASGI types


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    if app.state.owns_database:
        app.state.settings.data_dir.mkdir(parents=True, exist_ok=True)
        await _ensure_schema(app.state.database)
        gc.collect()
        gc.freeze()  # what was imported stays: no collection has to walk over it while somebody waits
    yield
    if app.state.owns_database:
        app.state.database.dispose()


async def _ensure_schema(database: Database) -> None:
    for second in range(DATABASE_WAIT_SECONDS):
        try:
            await asyncio.to_thread(schema.upgrade, database)
        except OperationalError:
            if second + 1 == DATABASE_WAIT_SECONDS:
                raise
            log.warning("waiting for the database")
            await asyncio.sleep(1)
        else:
            return
