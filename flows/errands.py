"""Which function does which kind of errand. Complete when imported: a kind without a function is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from sqlmodel import Session

from domain.errand_kinds import KINDS
from domain.errands import DIED_OF_IT, GIVE_UP_AFTER, ErrandRefused
from domain.language import N_
from domain.outbox import LeaseLost
from flows import (
    adoption,
    campaigns,
    code_sheets,
    patrol_news,
    patrols,
    recounting,
    reports,
    sign_in_codes,
    tables,
    vault_keeping,
)
from flows.chores import Chore

log = structlog.get_logger(__name__)

Handler = Callable[[Chore], None]

ERRANDS = "errands"
"""The name of their watch, of its flow and of its stage."""
REPORTS = "sla_report"
"""The stage of reports: a flow of its own, with a task for each scope of a period."""
PATROLS = "patrol_planning"
"""The stage of planning patrols: a flow of its own, with a task for each shard of areas of a day."""
STAGES = {"sla_report": REPORTS, "plan_patrols": PATROLS, "plan_patrol_shard": PATROLS}
"""Kind → the stage it is performed on; every other kind on that of errands."""
UNEXPECTED = N_("Something unexpected went wrong; the log of the worker says what.")
NOT_ENDED = N_("It stopped half-way.")

HANDLERS: dict[str, Handler] = {
    "check_table": tables.check,
    "import_table": tables.take,
    "export": tables.export,
    "code_sheets": code_sheets.make,
    "rotate_keys": vault_keeping.rotate,
    "redact_reports": vault_keeping.redact,
    "recount_deadlines": recounting.recount,
    "adopt_cases": adoption.take_over,
    "sla_report": reports.make,
    "plan_patrols": patrols.plan,
    "plan_patrol_shard": patrols.plan_shard,
    "publish_campaign": campaigns.publish,
    "end_campaign": campaigns.end,
    "tell_patrols": patrol_news.tell,
    "patrol_message": patrol_news.send,
    "compare_report": reports.compare,
    "report_message": reports.send,
    "sign_in_code": sign_in_codes.send,
}
"""Kind → what does it; blocks, and ends the errand by `Chore.settle` in the transaction of its effect."""


class BrokenRegistry(RuntimeError):
    """A kind of errand that nobody does, or a function for a kind that nobody can promise."""


def gaps(handlers: Mapping[str, Handler]) -> list[str]:
    """Return what is missing or too much, a line each."""
    missing = [f"nobody does {kind}" for kind in KINDS if kind not in handlers]
    return missing + [f"nobody can promise {kind}" for kind in handlers if kind not in KINDS]


if _gaps := gaps(HANDLERS):
    raise BrokenRegistry("; ".join(_gaps))


def carry_out(chore: Chore) -> str:
    """Do an errand and return how it stands: `done`, or why not yet. Never raises."""
    row = chore.row
    try:
        if row.attempts > GIVE_UP_AFTER:  # the workers that tried it before died of it
            return _end(chore, lambda session: chore.hold(session, DIED_OF_IT), "held")
        HANDLERS[row.kind](chore)
    except LeaseLost:
        log.info("errand lost or cancelled", errand=str(row.id), kind=row.kind)
        return "lost"
    except ErrandRefused as refused:
        reason, outcome = refused.reason, refused.outcome
        return _end(chore, lambda session: chore.fail(session, reason, outcome), "failed")
    except Exception:
        log.exception("errand went wrong", errand=str(row.id), kind=row.kind)
        return _end(chore, lambda session: chore.retry(session, UNEXPECTED), "put off")
    if not chore.ended:
        log.error("errand was not ended by its function", errand=str(row.id), kind=row.kind)
        return _end(chore, lambda session: chore.retry(session, NOT_ENDED), "put off")
    return "done"


def _end(chore: Chore, how: Callable[[Session], None], said: str) -> str:
    try:
        with chore.database.write() as session:
            how(session)
    except LeaseLost:
        return "lost"
    except Exception:
        # The database is away as well; the lease runs out by itself and the errand is taken up again.
        log.exception("errand could not be ended", errand=str(chore.row.id))
        return "silent"
    return said
