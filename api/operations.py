"""What watches the deployment asks: is it well, and the numbers."""

from __future__ import annotations

import logging

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from api import metrics
from api.access import Router, operations
from api.deps import Conf, Db, Now
from api.errors import HEALTHY, UNHEALTHY
from domain.parts import parts_status
from domain.patrols import planning_days
from domain.queries import standing
from domain.queries.standing import RUNNING

router = Router(tags=["operations"])
log = logging.getLogger("fireline.web")


@router.get("/healthz")
@operations
def health(db: Db, conf: Conf, at: Now) -> JSONResponse:
    """Tell how each part is: 200 while reports are taken and promises kept, else 503.

    `degraded` is a 200: a part that the work can do without is away. `none` is a part that
    never gave a sign, such as a gateway that is not used. `patrols` is `behind` while
    today's are not planned. `supervised` are the parts of `fireline run`, with how often each had to be started again.
    """
    try:
        with db.read() as session:
            now = standing.whole(session, at=at, data_dir=conf.data_dir)
            is_behind = planning_days.is_behind(session, at=at)
    except SQLAlchemyError as error:
        log.error("the database does not answer: %s", type(error).__name__)  # noqa: TRY400 - its text has data in it
        return JSONResponse(
            {"status": "down", "database": "stopped", "worker": None, "prefect": None, "gateway": None,
             "exchange": None, "oldest_due_seconds": None, "patrols": None},
            status_code=UNHEALTHY,
        )  # fmt: skip
    supervised = parts_status(conf.data_dir)
    body = {"status": now.status, "database": RUNNING, **now.parts, "oldest_due_seconds": now.oldest_due_seconds,
            "patrols": "behind" if is_behind else "planned"}  # fmt: skip
    if supervised:
        body["supervised"] = {
            part.name: {"state": part.state, "restarts": part.restarts, "last_end": part.last_end}
            for part in supervised.values()
        }
    return JSONResponse(body, status_code=HEALTHY if now.promises_are_kept else UNHEALTHY)


@router.get("/metrics", include_in_schema=False)
@operations
def read_metrics(request: Request, db: Db, at: Now) -> Response:
    """Return the numbers in Prometheus' text format."""
    return Response(metrics.exposed(request.app.state.metrics, db, at=at), media_type=metrics.KIND)
