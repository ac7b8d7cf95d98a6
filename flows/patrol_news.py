"""Reminds of patrols before they are due and tells of those missed: a digest per person and occasion, then messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import errands
from domain.identifiers import split_extension
from domain.language import CHINESE, ENGLISH, N_
from domain.models import Errand, Person, TimetableRun, Venue
from domain.patrols import news
from domain.queries.patrol_news import PAGES, Occasion
from domain.settings import city_zone, get_settings
from flows import letters
from flows.chores import Chore
from flows.letters import Letter
from notifications import messages

ERRAND, MESSAGE = "tell_patrols", news.MESSAGE
REMINDERS, MISSED, WEEK = "patrol_reminders", "patrols_missed", "patrols_week"
"""Names of the timetable's jobs."""
EVERY_MINUTES = 15
MISSED_AT, WEEK_AT = time(8, 30), time(9)
"""City time: when people are at work and the clocks of the night have rung."""
COUNTED_TO = time(8)
"""What was missed by then is in; the rest comes the next morning."""
COUNTED_WITHIN, LOOKS_AGAIN_AFTER = timedelta(hours=4), timedelta(minutes=2)
"""So long the news wait for clocks and rounds of after a standstill, and how often they look."""
LONGEST_SILENCE = timedelta(days=14)
"""After a standstill news of what is longer ago help nobody."""
AT_ONCE = 200
"""People told in one transaction."""
TOLD = N_("%(count)s people were told.")

Collected = Callable[..., Sequence[news.Letter]]
_COLLECT: Mapping[Occasion, Collected] = {
    Occasion.DUE: news.reminders, Occasion.MISSED: news.missed, Occasion.WEEK: news.week,
}  # fmt: skip


def quarter(local: datetime) -> str:
    """Return the slot of reminders: a quarter of an hour."""
    return local.replace(minute=local.minute - local.minute % EVERY_MINUTES).strftime("%Y-%m-%dT%H:%M")


def morning(local: datetime) -> str | None:
    """Return the slot of what was missed; None before the morning's hour."""
    return local.date().isoformat() if local.time() >= MISSED_AT else None


def monday(local: datetime) -> str:
    """Return the slot of the week's news: the newest Monday whose hour has come."""
    newest = local.date() - timedelta(days=local.weekday())
    has_come = local.date() > newest or local.time() >= WEEK_AT
    return (newest if has_come else newest - timedelta(days=7)).isoformat()


def promise_reminders(session: Session, *, at: datetime) -> dict[str, Any]:
    """Promise reminders of what has come within reach since the last time, if there is anything."""
    until = _moment(quarter(at.astimezone(city_zone())))
    since = _since(session, REMINDERS, until, timedelta(minutes=EVERY_MINUTES))
    if not news.is_anything_due(session, since=since, until=until):
        return {}
    return _promise(session, Occasion.DUE, since, until, at=at)


def promise_missed(session: Session, *, at: datetime) -> dict[str, Any]:
    """Promise the news of what was missed since the last morning."""
    until = datetime.combine(at.astimezone(city_zone()).date(), COUNTED_TO, city_zone()).astimezone(UTC)
    return _promise(session, Occasion.MISSED, _since(session, MISSED, until, timedelta(days=1)), until, at=at)


def promise_week(session: Session, *, at: datetime) -> dict[str, Any]:
    """Promise the news of the week before."""
    day = date.fromisoformat(monday(at.astimezone(city_zone())))
    until = datetime.combine(day, COUNTED_TO, city_zone()).astimezone(UTC)
    return _promise(session, Occasion.WEEK, until - timedelta(days=7), until, at=at)


def _since(session: Session, job: str, until: datetime, usual: timedelta) -> datetime:
    """Return up to when the job has told already, or where a first one begins."""
    slot = _slot(until, job)
    here = (col(TimetableRun.job) == job, col(TimetableRun.slot) < slot)
    last = session.execute(select(func.max(TimetableRun.slot)).where(*here)).scalar()
    return max(_moment(last), until - LONGEST_SILENCE) if last else until - usual


def _slot(moment: datetime, job: str) -> str:
    local = moment.astimezone(city_zone())
    return quarter(local) if job == REMINDERS else local.date().isoformat()


def _moment(slot: str) -> datetime:
    """Return up to when a slot's news are counted."""
    local = datetime.fromisoformat(slot) if "T" in slot else datetime.combine(date.fromisoformat(slot), COUNTED_TO)
    return local.replace(tzinfo=city_zone()).astimezone(UTC)


def _promise(session: Session, occasion: Occasion, since: datetime, until: datetime, *, at: datetime) -> dict[str, Any]:
    data = {"occasion": occasion.value, "since": since.isoformat(), "until": until.isoformat()}
    key = f"{ERRAND}:{occasion.value}:{until.isoformat()}"
    return {"errand": str(errands.promise(session, ERRAND, key=key, at=at, data=data).id)}


def tell(chore: Chore) -> None:
    """Tell everybody an occasion concerns; begun again, it goes on with those who were not told."""
    data = chore.row.data
    occasion = Occasion(data["occasion"])
    since, until = (datetime.fromisoformat(data[name]) for name in ("since", "until"))
    if occasion is not Occasion.DUE and _is_too_soon(chore, until):
        return
    with chore.database.read() as session:
        found = _COLLECT[occasion](session, since=since, until=until, slot=until.strftime("%Y%m%d%H%M"))
    told = 0
    for start in range(0, len(found), AT_ONCE):
        with chore.database.write() as session:
            told += news.post(session, found[start : start + AT_ONCE], at=chore.now())
        chore.progress(min(start + AT_ONCE, len(found)), len(found))
    with chore.database.write() as session:
        chore.settle(session, {"said": TOLD, "said_params": {"count": told}})


def _is_too_soon(chore: Chore, until: datetime) -> bool:
    """Wait while what was missed is still being found out; one clock that cannot ring does not hold up the rest."""
    with chore.database.write() as session:
        if news.is_all_counted(session, until=until) or chore.now() >= until + COUNTED_WITHIN:
            return False
        chore.postpone(session, chore.now() + LOOKS_AGAIN_AFTER)
        return True


def send(chore: Chore) -> None:
    """Send somebody a message about patrols; a reminder only while any of them is still to be done."""
    with chore.database.read() as session:
        letter = _letter(session, chore.row)
    letters.send(chore, letter)


def _letter(session: Session, row: Errand) -> Letter | None:
    data = row.data
    person = session.get(Person, UUID(data["person"]))
    if person is None or not person.phone:
        return None
    occasion = Occasion(data["occasion"])
    if occasion is Occasion.DUE and not news.are_any_open(session, [UUID(one) for one in data["cases"]]):
        return None
    facts = {
        "count": data["tasks"],
        "place": _place(session, data, person.language),
        "due": messages.due(datetime.fromisoformat(data["due_at"]), person.language) if data["due_at"] else "",
        "link": get_settings().public_url.rstrip("/") + PAGES[occasion],
    }
    number, _ = split_extension(person.phone)
    return Letter(number, messages.fitted(f"patrols/{occasion.value}", person.language, facts))


def _place(session: Session, data: Mapping[str, Any], language: str) -> str:
    """Return the venue's name, and how many others there are."""
    venue = session.get(Venue, UUID(data["named"][0])) if data["named"] else None
    if venue is None:
        return ""
    name = venue.name_en if language == ENGLISH and venue.name_en else venue.name
    others = int(data["venues"]) - 1
    if not others:
        return name
    return f"{name}等{others + 1}个场所" if language == CHINESE else f"{name} and {others} more"
