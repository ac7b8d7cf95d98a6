"""The anchor of the pages: FastAPI, Jinja2, one query and nothing else, for a page of the same size.

`python -m bench.bare DATABASE_URL TEMPLATE PORT`
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from sqlalchemy import select
from sqlmodel import Session

from domain.database import open_database
from domain.models import Venue


def bare(url: str, template: str) -> FastAPI:
    """Return an application that shows a venue's name in a page made from `template`."""
    database = open_database(url)
    page = Environment(autoescape=True).from_string(template)
    app = FastAPI()
    venue: Any = Venue.__table__  # type: ignore[attr-defined]

    @app.get("/v/{code}", response_class=HTMLResponse)
    def show(request: Request, code: str) -> HTMLResponse:  # noqa: ARG001 - as such an endpoint would have it
        with Session(database.engine) as session:
            row = session.connection().execute(select(venue.c.name).where(venue.c.code == code)).one()
        return HTMLResponse(page.render(name=row.name))

    return app


if __name__ == "__main__":
    address, template_file, port = sys.argv[1:4]
    app = bare(address, Path(template_file).read_text())
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, server_header=False, log_level="warning")
