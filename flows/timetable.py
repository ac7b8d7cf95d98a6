"""What starts at a time of day or hour: owners by their posts and the anchor over all chains daily, tidying, news.

Every worker has this timetable. The row of a job's slot is inserted in the job's own transaction, so whichever
worker comes first does it and the others find it done; a worker that dies leaves no row and no half-done job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from domain import audit, errands, recounting, tidying, vault_keeping, venue_people
from domain.models import TimetableRun
from domain.patrols import changed_areas, planning_days
from domain.reporting import editions, files
from domain.reporting.periods import READY_AT, Kind, last_over
from domain.settings import city_zone, get_settings
from flows import measuring, missed_news, patrol_news, patrols, reports
from flows.shift import Shift

log = structlog.get_logger(__name__)

ANCHOR_AT = time(0, 5)
"""City time; the day before is then over everywhere in the deployment."""
REMOVAL_AT = time(2, 30)
"""City time: what has served its time is removed while few people work."""
TIDY_AT_MINUTE = 17
NEWS_EVERY_MINUTES = 2


@dataclass(frozen=True, slots=True)
class Done:
    """What a job did, and what remains for after its commit: what no transaction takes back, or would wait for."""

    outcome: Mapping[str, Any]
    afterwards: Callable[[Shift], object] = lambda _: None


@dataclass(frozen=True, slots=True)
class Job:
    """Something done once per slot."""

    name: str
    slot: Callable[[datetime], str | None]
    """City time → the slot it belongs to; None: none yet today."""
    do: Callable[[Session, datetime], Done]
    cron: Mapping[str, int | str]


def _day(local: datetime) -> str | None:
    return local.date().isoformat() if local.time() >= ANCHOR_AT else None


def _hour(local: datetime) -> str:
    return local.strftime("%Y-%m-%dT%H")


def _two_minutes(local: datetime) -> str:
    return local.replace(minute=local.minute - local.minute % NEWS_EVERY_MINUTES).strftime("%Y-%m-%dT%H:%M")


def _anchor(session: Session, at: datetime) -> Done:
    anchor = audit.set_anchor(session, at=at)
    return Done({"anchor": anchor.id, "leaves": anchor.leaves, "root": anchor.root.hex()})


def _tidy(session: Session, at: datetime) -> Done:
    tidied = tidying.tidy(session, at=at)
    needed, settings = errands.still_needed(session), get_settings()

    def remove(_: Shift) -> None:
        tidying.remove_all_files(tidied, settings, at=at)
        tidying.remove_errand_files(settings.errand_files, still_needed=needed, at=at)

    return Done(tidied.counts, remove)


def _tidy_reports(session: Session, at: datetime) -> Done:
    named, folder = editions.named_files(session), get_settings().report_files
    return Done({"named": len(named)}, lambda _: files.remove_left(folder, named=named, at=at))


def _news(_session: Session, _at: datetime) -> Done:
    return Done({}, missed_news.ask)


def _owners(session: Session, at: datetime) -> Done:
    return Done({"changed": venue_people.keep_owners(session, at=at)})


def _night(local: datetime) -> str | None:
    return local.date().isoformat() if local.time() >= REMOVAL_AT else None


def _redact(session: Session, at: datetime) -> Done:
    night = at.astimezone(city_zone()).date().isoformat()
    kind = vault_keeping.REDACT
    return Done({"errand": str(errands.promise(session, kind, key=f"{kind}:{night}", at=at).id)})


def _recount(session: Session, at: datetime) -> Done:
    """Have deadlines looked at again that are provisional or lately counted: perhaps while a year was taken in."""
    kind, night = recounting.ERRAND, at.astimezone(city_zone()).date().isoformat()
    return Done({"errand": str(errands.promise(session, kind, key=f"{kind}:{night}", at=at).id)})


def _over(kind: Kind) -> Callable[[datetime], str]:
    return lambda local: last_over(kind, local).slot


def _reports(kind: Kind) -> Callable[[Session, datetime], Done]:
    return lambda session, at: Done(reports.promise_due(session, kind, at=at))


REPORT_DAYS: Mapping[Kind, Mapping[str, int | str]] = {
    Kind.DAILY: {}, Kind.WEEKLY: {"day_of_week": "mon"}, Kind.MONTHLY: {"day": 1},
}  # fmt: skip


def _compare(_session: Session, _at: datetime) -> Done:
    return Done({}, measuring.measure_all)


def _patrols(promise: Callable[..., Mapping[str, Any]]) -> Callable[[Session, datetime], Done]:
    return lambda session, at: Done(promise(session, at=at))


def _changes(session: Session, at: datetime) -> Done:
    return Done({"areas": changed_areas.follow(session, at=at)})


def _judge(_session: Session, _at: datetime) -> Done:
    return Done({}, patrols.judge_rounds)


JOBS = (
    Job("owners", _day, _owners, {"hour": ANCHOR_AT.hour, "minute": ANCHOR_AT.minute}),
    Job("anchor", _day, _anchor, {"hour": ANCHOR_AT.hour, "minute": ANCHOR_AT.minute}),
    Job("measures", _night, _compare, {"hour": REMOVAL_AT.hour, "minute": REMOVAL_AT.minute}),
    Job("redact", _night, _redact, {"hour": REMOVAL_AT.hour, "minute": REMOVAL_AT.minute}),
    Job("recount", _night, _recount, {"hour": REMOVAL_AT.hour, "minute": REMOVAL_AT.minute}),
    *(
        Job(
            reports.job_name(kind),
            _over(kind),
            _reports(kind),
            {**days, "hour": READY_AT.hour, "minute": READY_AT.minute},
        )
        for kind, days in REPORT_DAYS.items()
    ),
    Job("tidy_reports", _night, _tidy_reports, {"hour": REMOVAL_AT.hour, "minute": REMOVAL_AT.minute}),
    Job("tidy", _hour, _tidy, {"minute": TIDY_AT_MINUTE}),
    Job("patrols_today", patrols.night, _patrols(patrols.promise_today),
        {"hour": planning_days.TODAY_AT.hour, "minute": planning_days.TODAY_AT.minute}),
    Job("patrols_tomorrow", patrols.evening, _patrols(patrols.promise_tomorrow),
        {"hour": planning_days.TOMORROW_AT.hour, "minute": planning_days.TOMORROW_AT.minute}),
    Job(patrol_news.REMINDERS, patrol_news.quarter, _patrols(patrol_news.promise_reminders),
        {"minute": f"*/{patrol_news.EVERY_MINUTES}"}),
    Job(patrol_news.MISSED, patrol_news.morning, _patrols(patrol_news.promise_missed),
        {"hour": patrol_news.MISSED_AT.hour, "minute": patrol_news.MISSED_AT.minute}),
    Job(patrol_news.WEEK, patrol_news.monday, _patrols(patrol_news.promise_week),
        {"day_of_week": "mon", "hour": patrol_news.WEEK_AT.hour, "minute": patrol_news.WEEK_AT.minute}),
    Job(changed_areas.JOB, _two_minutes, _changes, {"minute": f"*/{NEWS_EVERY_MINUTES}"}),
    Job("judge_rounds", _two_minutes, _judge, {"minute": f"*/{NEWS_EVERY_MINUTES}"}),
    Job("news", _two_minutes, _news, {"minute": f"*/{NEWS_EVERY_MINUTES}"}),
)  # fmt: skip


def run(shift: Shift, job: Job) -> bool:
    """Do the job of the present slot unless it was done; return whether it was done now. Never raises."""
    at = shift.now()
    slot = job.slot(at.astimezone(city_zone()))
    if slot is None:
        return False
    try:
        return _run_once(shift, job, slot, at)
    except IntegrityError:
        return False  # another worker has just done it
    except Exception:
        log.exception("job failed", job=job.name, slot=slot)
        return False


def _run_once(shift: Shift, job: Job, slot: str, at: datetime) -> bool:
    here = (col(TimetableRun.job) == job.name, col(TimetableRun.slot) == slot)
    with shift.database.read() as session:
        if session.execute(select(TimetableRun).where(*here)).first():
            return False
    with shift.database.write() as session:
        session.execute(insert(TimetableRun), [{"job": job.name, "slot": slot, "at": at, "outcome": {}}])
        row = session.execute(select(TimetableRun).where(*here)).scalar_one()
        done = job.do(session, at)
        row.outcome = dict(done.outcome)
    done.afterwards(shift)
    log.info("job done", job=job.name, slot=slot, **done.outcome)
    return True


def start(shift: Shift) -> AsyncIOScheduler:
    """Start the timetable in this event loop and catch up on what was missed while no worker ran."""
    scheduler = AsyncIOScheduler(timezone=city_zone())
    for job in JOBS:
        scheduler.add_job(
            _in_thread,
            CronTrigger(**job.cron, timezone=scheduler.timezone),
            args=[shift, job],
            id=job.name,
            coalesce=True,
            misfire_grace_time=None,
        )
        scheduler.add_job(_in_thread, args=[shift, job], id=f"{job.name}-missed")
    scheduler.start()
    return scheduler


async def _in_thread(shift: Shift, job: Job) -> None:
    await asyncio.to_thread(partial(run, shift, job))
