"""Reports made by the timetable or because somebody asked: counted, put on paper, kept, sent to who subscribed.

One task per scope: those who may see the same cases share an edition. Each person is told once, in the transaction that
keeps the edition; the SMS is an errand of its own, and names the report and its address only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from documents import editions as paper_editions
from documents.printing import CannotPrint
from documents.tables_out import TooManyRows
from domain import errands, measures, notices, people, quiet_hours
from domain.access import may
from domain.actors import SYSTEM, Actor
from domain.errands import ErrandRefused
from domain.identifiers import new_id, split_extension
from domain.language import N_, Label, Sentence
from domain.models import Case, Errand, Person, ReportEdition, TimetableRun
from domain.processes import ROUTINE
from domain.reporting import editions, subscriptions
from domain.reporting import reach as reaches
from domain.reporting.asked import Asked
from domain.reporting.content import days_in
from domain.reporting.editions import Wish
from domain.reporting.periods import KINDS, SCHEDULED, Kind, Period, last_over, missed
from domain.reporting.reach import EVERYTHING, Reach
from domain.rights import Right
from domain.settings import city_zone, get_settings
from flows import letters
from flows.chores import Chore
from flows.letters import Letter
from notifications import messages

ERRAND, MESSAGE, COMPARE = "sla_report", "report_message", "compare_report"
MADE = N_("The report is made, in all its forms.")
SAME = N_("Made again, every form has the same bytes.")
BEHIND = N_("The timelines are not measured so far yet.")
LOOKS_AGAIN_AFTER = timedelta(minutes=1)
"""While the timelines are measured: a worker that was away for days needs minutes or hours, and loses no report."""
NOT_MEASURED = Sentence("Nothing is counted yet. Try again in a minute.")


def job_name(kind: Kind) -> str:
    """Return what the timetable calls the reports of a kind."""
    return f"report_{kind.value}"


def promise_due(session: Session, kind: Kind, *, at: datetime) -> dict[str, Any]:
    """Promise the reports of the newest period that is over, and of those missed before it; return how many.

    One for the whole installation, and one for every other scope somebody subscribed to: the same for all who share it.
    None for a period that was over before the first case was opened: there was nothing yet to report of.
    """
    newest = last_over(kind, at.astimezone(city_zone()))
    promised, begun = 0, _first_case(session)
    for period in missed(newest, _last_made(session, kind, before=newest)):
        if begun is None or period.until_on < begun:
            continue
        for wish in _wishes(session, period, at=at):
            data = {**wish.as_data(), "title": _title(period)}
            errands.promise(session, ERRAND, key=f"{ERRAND}:{wish.key}", at=at, data=data)
            promised += 1
    return {"period": newest.slot, "promised": promised}


def _first_case(session: Session) -> date | None:
    """Return the city's day on which the first case was opened; None: there is none."""
    counted = col(Case.process).not_in(ROUTINE)
    query = select(col(Case.opened_at)).where(counted).order_by(col(Case.opened_at)).limit(1)
    opened_at = session.execute(query).scalar()
    return opened_at.astimezone(city_zone()).date() if opened_at else None


def _last_made(session: Session, kind: Kind, *, before: Period) -> date | None:
    query = select(col(TimetableRun.slot)).where(
        col(TimetableRun.job) == job_name(kind), col(TimetableRun.slot) < before.slot
    )
    newest = session.execute(query.order_by(col(TimetableRun.slot).desc()).limit(1)).scalar()
    return date.fromisoformat(newest) if newest else None


def _wishes(session: Session, period: Period, *, at: datetime) -> list[Wish]:
    found: dict[str, Wish] = {}
    for wish in (_wish(period, EVERYTHING), *(wish for wish, _ in _subscribed(session, period, at=at))):
        found.setdefault(wish.key, wish)
    return list(found.values())


def _wish(period: Period, reach: Reach, *, process: str | None = None) -> Wish:
    asked = Asked(period.from_on, period.until_on, process)
    return Wish(period.kind, asked, reach, get_settings().locale)


def _subscribed(session: Session, period: Period, *, at: datetime) -> Iterable[tuple[Wish, UUID]]:
    for row, reach in subscriptions.due(session, period.kind, at=at):
        yield _wish(period, reach, process=row.process), row.person_id


def _title(period: Period) -> str:
    return f"{period.kind.zh} {period.from_on}"


def make(chore: Chore) -> None:
    """Make an edition and keep it; a scheduled one goes to those who may see exactly so much and subscribed."""
    wish = Wish.of(chore.row.data)
    actor = _maker(chore, wish)
    with chore.database.read() as session:
        as_of = measures.settled_until(session)
    if as_of is None or (wish.kind in SCHEDULED and as_of < wish.asked.ends_at):
        if wish.kind not in SCHEDULED:
            raise ErrandRefused(NOT_MEASURED)
        with chore.database.write() as session:
            chore.postpone(session, chore.now() + LOOKS_AGAIN_AFTER, reason=BEHIND)
        return
    key = wish.key if wish.kind in SCHEDULED else f"{Kind.ASKED.value}:{chore.row.id}"
    try:
        made = paper_editions.make(
            chore.database, wish, key=key, edition_id=new_id(), as_of=min(as_of, wish.asked.as_of or as_of),
            settings=get_settings(), progress=chore.progress,
        )  # fmt: skip
    except (CannotPrint, TooManyRows) as refused:
        if wish.kind not in SCHEDULED:
            raise ErrandRefused(refused.reason) from refused
        # Nobody asks for it again: an administrator mends the machine and has it tried again.
        with chore.database.write() as session:
            chore.hold(session, refused.reason)
        return
    with chore.database.write() as session:
        kept = editions.keep(session, made, actor=actor, at=chore.now())
        told = _tell(session, kept, wish, at=chore.now()) if wish.kind in SCHEDULED else 0
        chore.settle(session, {"said": MADE, "link": f"/reports/editions/{kept.id}", "told": told})


def _maker(chore: Chore, wish: Wish) -> Actor:
    """Return who asked, while they may still see as much; the system for what the timetable makes."""
    if chore.row.made_by is None:
        return SYSTEM
    with chore.database.read() as session:
        person = session.get(Person, chore.row.made_by)
        actor = people.actor_of(session, person, at=chore.now()) if person is not None else None
        if actor is None or not reaches.covers(reaches.of(session, actor), wish.reach):
            raise ErrandRefused(Sentence("What this report counts is not within your reach any more."))
        return actor


def _tell(session: Session, edition: ReportEdition, wish: Wish, *, at: datetime) -> int:
    """Tell those whose subscription is for this very scope: as they may see it now, not as when it was promised."""
    period = Period(wish.kind, wish.asked.from_on, wish.asked.until_on)
    told = 0
    for person_id in dict.fromkeys(
        person_id for other, person_id in _subscribed(session, period, at=at) if other.scope == wish.scope
    ):
        key = f"report:{edition.id}:{person_id}"
        data = {"edition": str(edition.id), "kind": edition.kind, "from_on": edition.from_on.isoformat(),
                "until_on": edition.until_on.isoformat()}  # fmt: skip
        notices.note(session, person_id, key=key, kind="report", data=data, at=at)
        due_at = quiet_hours.current(session).over_at(at) or at
        errands.promise(
            session, MESSAGE, key=f"{MESSAGE}:{edition.id}:{person_id}", at=at, due_at=due_at,
            data={"edition": str(edition.id), "person": str(person_id)},
        )  # fmt: skip
        told += 1
    return told


def send(chore: Chore) -> None:
    """Send somebody the address of an edition, unless an earlier try did, or they may not see it any more."""
    with chore.database.read() as session:
        letter = _letter(session, chore.row, at=chore.now())
    letters.send(chore, letter)


def _letter(session: Session, row: Errand, *, at: datetime) -> Letter | None:
    """Return the telephone and the words; None when there is nobody to tell any more."""
    edition = session.get(ReportEdition, UUID(row.data["edition"]))
    person = session.get(Person, UUID(row.data["person"]))
    if edition is None or person is None or not person.phone:
        return None
    actor = people.actor_of(session, person, at=at)
    reach = reaches.of(session, actor) if may(actor, Right.SEE_REPORTS) else ()
    if not reaches.covers(reach, reaches.from_text(edition.reach)):
        return None
    content = editions.content_of(edition)
    kind: Label = KINDS[edition.kind].label
    facts = {
        "kind": kind.in_language(person.language),
        "period": days_in(edition.from_on, edition.until_on, person.language),
        "where": content.where.in_language(person.language),
        "link": f"{get_settings().public_url.rstrip('/')}/reports/editions/{edition.id}",
    }
    number, _ = split_extension(person.phone)
    return Letter(number, messages.fitted("reports/ready", person.language, facts))


def compare(chore: Chore) -> None:
    """Make an edition anew from the timelines' measures and say whether every file has the same bytes."""
    with chore.database.read() as session:
        edition = session.get(ReportEdition, UUID(chore.row.data["edition"]))
    if edition is None:
        raise ErrandRefused(Sentence("This edition is not there."))
    try:
        compared = paper_editions.compare(
            chore.database, edition, folder=get_settings().report_files, progress=chore.progress
        )
    except (CannotPrint, TooManyRows) as refused:
        raise ErrandRefused(refused.reason) from refused
    if compared.differing:
        raise ErrandRefused(compared.reason, {"link": f"/reports/editions/{edition.id}"})
    with chore.database.write() as session:
        chore.settle(session, {"said": SAME, "link": f"/reports/editions/{edition.id}"})
