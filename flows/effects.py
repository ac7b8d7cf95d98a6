"""Which code carries out which effect. Complete when imported: an effect without a handler or words is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

import domain.companions
import domain.patrols.decisions
import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from domain import outbox, rectifications, reports
from domain.cases import CaseChanged
from domain.language import LOCALES, N_
from domain.processes import WORKFLOWS
from flows import telling
from flows.work import Work
from notifications.messages import FOLDER
from notifications.recipients import TELLINGS

log = structlog.get_logger(__name__)

Handler = Callable[[Work], None]

UNEXPECTED = N_("Something unexpected went wrong; the log of the worker says what.")
CHANGED_MEANWHILE = N_("The case was changed at the same moment.")


class BrokenRegistry(RuntimeError):
    """An effect of a process cannot be carried out, or code is registered for one that no process promises."""


def triage_report(work: Work) -> None:
    """Sort a new report; tell the desk when it needs a person."""
    with work.database.write() as session:
        sorted_out = reports.triage(session, work.row.case_id, at=work.now())
        if sorted_out.doubt is None:
            outcome = {"accepted": sorted_out.accepted, "assigned": sorted_out.assigned_to is not None}
            work.settle(session, outcome)
    if sorted_out.doubt is not None:
        telling.tell(work, extra={"doubt": sorted_out.doubt})


def open_rectifications(work: Work) -> None:
    """Open a rectification for each hazard of the finding."""
    with work.database.write() as session:
        opened = rectifications.open_from_finding(session, work.row.case_id, work.row.seq, at=work.now())
        work.settle(session, {"opened": [case.number for case in opened]})


def tell_parent(work: Work) -> None:
    """Let the case a rectification came from say that it is done."""
    with work.database.write() as session:
        told = rectifications.tell_parent(session, work.row.case_id, at=work.now())
        work.settle(session, {"told_parent": told})


_EVERYWHERE: Mapping[str, Handler] = {
    "remind_assignee": telling.tell,
    "notify_assignee": telling.tell,
    "tell_superior": telling.tell,
    "announce_deadline": telling.tell,
}
HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "hazard_report": {
        **_EVERYWHERE,
        "triage_report": triage_report,
        "acknowledge_reporter": telling.tell,
        "reply_reporter": telling.tell,
        "tell_reporter_corrected": telling.tell,
        "tell_handler": telling.tell,
        "open_rectifications": open_rectifications,
        "tell_supervisor": telling.tell,
        "ask_to_agree": telling.tell,
        "tell_asker": telling.tell,
    },
    "rectification": {
        **_EVERYWHERE,
        "notify_venue": telling.tell,
        "tell_rechecker": telling.tell,
        "tell_parent": tell_parent,
    },
    "enrolment": {
        "remind_assignee": telling.tell,
        "tell_superior": telling.tell,
        "announce_deadline": telling.tell,
        "acknowledge_applicant": telling.tell,
        "tell_applicant": telling.tell,
        "ask_reviewer": telling.tell,
    },
    "patrol_task": {
        "remind_assignee": telling.tell,
        "call_manager": telling.tell,
        "tell_decider": telling.tell,
    },
}
"""Process → effect → what carries it out."""


def gaps(handlers: Mapping[str, Mapping[str, Handler]], folder: Path) -> list[str]:
    """Return what is missing or too much, a line each."""
    lines = []
    for process, workflow in WORKFLOWS.items():
        known = handlers.get(process, {})
        lines += [f"{process}.{effect} has no handler" for effect in workflow.effects if effect not in known]
        lines += [f"{process} never promises {effect}" for effect in known if effect not in workflow.effects]
    lines += [f"there is no process {process}" for process in handlers if process not in WORKFLOWS]
    for effect in TELLINGS:
        wanted = [folder / "sms" / f"{effect}.{locale}.txt" for locale in LOCALES]
        lines += [f"{path.name} is missing" for path in wanted if not path.is_file()]
    return lines


if _gaps := gaps(HANDLERS, FOLDER):
    raise BrokenRegistry("; ".join(_gaps))


def carry_out(work: Work) -> str:
    """Carry a promise out and return how it stands: `done`, or why not yet. Never raises."""
    row = work.row
    try:
        HANDLERS[row.process][row.effect](work)
    except outbox.LeaseLost:
        # Somebody else carries it out or has done so: nothing is to be said or undone.
        log.info("lease lost", promise=row.key)
        return "lost"
    except CaseChanged:
        return _put_off(work, CHANGED_MEANWHILE)
    except Exception:
        log.exception("effect failed", promise=row.key, effect=row.effect, process=row.process)
        return _put_off(work, UNEXPECTED)
    return "done"


def _put_off(work: Work, reason: str) -> str:
    try:
        with work.database.write() as session:
            work.retry(session, reason)
    except outbox.LeaseLost:
        return "lost"
    except Exception:
        # The database is away as well; the lease runs out by itself and the promise is taken up again.
        log.exception("promise could not be put off", promise=work.row.key)
        return "silent"
    return "put off"
