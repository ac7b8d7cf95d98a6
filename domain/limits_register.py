"""Limits an administrator sets for rows of the catalogue: any number where the law has none, else a stricter one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlmodel import Session, col

from domain import access, articles, catalogue, register_lock, register_log, rulebooks
from domain.actors import Actor
from domain.catalogue import TimeLimit
from domain.clocks import Limit, Unit
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import OwnLimitRow
from domain.rights import Right
from domain.rulebook import COUNTED, Rulebook, in_force_from, subject_of

KIND = "limit"
MOST = {Unit.MINUTE: 43_200, Unit.HOUR: 720, Unit.OFFICE_HOUR: 720, Unit.CALENDAR_DAY: 365, Unit.WORKING_DAY: 250}
"""The longest that can be set: about a month in minutes and hours, a year in days. A longer one is a slip."""
TRIED_YEAR = 2026
"""A limit in another unit is compared with the law's at every day of this year, with all its holidays."""
TRIED_AT = (time(0), time(9), time(12), time(17, 29), time(23, 59))

_ROWS: Any = OwnLimitRow.__table__  # type: ignore[attr-defined]


class LimitRefused(ValueError):
    """This limit cannot be set; `reason` says why, `field` which answer it is about."""

    def __init__(self, reason: Sentence, field: str = "amount") -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.field = field


class UnknownRule(LookupError):
    """There is no such row, or none that gives a time."""


def rules() -> list[str]:
    """Return every row that a limit can be set for."""
    rows = [row.id for row in catalogue.limits().values() if row.unit in COUNTED and row.limit is not None]
    return sorted({*rows, *catalogue.targets()})


def of(session: Session, rule: str) -> Sequence[OwnLimitRow]:
    """Return what was ever set for a row, the newest first."""
    query = select(OwnLimitRow).where(col(OwnLimitRow.rule) == rule)
    return session.execute(query.order_by(col(OwnLimitRow.from_at).desc(), col(OwnLimitRow.id).desc())).scalars().all()


def check(rule: str, amount: int, unit: Unit, *, book: Rulebook, at: datetime) -> None:
    """Raise `LimitRefused` for a limit that makes no sense, or that would loosen the law's."""
    if rule not in rules():
        raise UnknownRule(rule)
    if unit not in MOST:
        raise LimitRefused(Sentence("Please choose one of the given answers."), "unit")
    if not 1 <= amount <= MOST[unit]:
        raise LimitRefused(Sentence("It can be from %(least)s to %(most)s.", least=1, most=MOST[unit]))
    row = catalogue.limits().get(rule)
    law = book.at(at).law(rule)
    if row is None or law is None or row.limit is None:
        return
    own = Limit(amount, unit, rule=rule, own=True)
    _refuse_unless_stricter(row, own, law, book)


def _refuse_unless_stricter(row: TimeLimit, own: Limit, law: Limit, book: Rulebook) -> None:
    is_stricter = False
    for start in _starts(book):
        rules = book.at(start)
        ours, the_laws = rules.deadline(own).at, rules.deadline(law).at
        is_stricter = is_stricter or ours < the_laws
        if ours > the_laws:
            is_stricter = False
            break
    if not is_stricter:
        raise LimitRefused(
            Sentence(
                "%(article)s gives %(law)s; a limit set here can only be shorter.",
                article=articles.article(row), law=articles.limit_words(law),
            )
        )  # fmt: skip


def _starts(book: Rulebook) -> Iterator[datetime]:
    for number in range(365):
        day = date(TRIED_YEAR, 1, 1) + timedelta(days=number)
        for moment in TRIED_AT:
            yield datetime.combine(day, moment, book.zone)


def begins_at(from_on: date | None, *, book: Rulebook, at: datetime) -> datetime:
    """Return from when a limit holds that is set now: at once, or from the beginning of a later day."""
    today = at.astimezone(book.zone).date()
    if from_on is None or from_on == today:
        return in_force_from(at)
    if from_on < today:
        raise LimitRefused(Sentence("This date is in the past."), "from_on")
    if from_on > today.replace(year=today.year + 2, day=1):
        raise LimitRefused(Sentence("This date is too far away."), "from_on")
    return max(datetime.combine(from_on, time(0), book.zone).astimezone(at.tzinfo), in_force_from(at))


def set_limit(
    session: Session,
    rule: str,
    *,
    amount: int,
    unit: Unit,
    reason: str,
    actor: Actor,
    at: datetime,
    from_on: date | None = None,
    version: int | None = None,
) -> OwnLimitRow | None:
    """Let a limit hold for clocks that begin from `from_on` on; None when exactly that holds already.

    It ends the one before it, and takes the place of one that was to begin later. Raises `LimitRefused`,
    `UnknownRule`, `RegisterChanged`, and what `access.require` does.
    """
    access.require(session, actor, Right.KEEP_RULES)
    _alone(session)
    book = rulebooks.load(session)
    check(rule, amount, unit, book=book, at=at)
    from_at = begins_at(from_on, book=book, at=at)
    for row in of(session, rule):
        if row.until_at is None and (row.amount, row.unit) == (amount, unit.value) and row.from_at <= from_at:
            return None
    register_lock.expect(session, subject_of(rule), version)
    _end(session, rule, from_at, actor)
    made = OwnLimitRow(id=new_id(), rule=rule, amount=amount, unit=unit.value, reason=reason, from_at=from_at,
                       set_by=actor.person_id)  # fmt: skip
    session.execute(_ROWS.insert(), [made.model_dump()])
    data = {"limit": articles.limit_words(Limit(amount, unit)).zh, "from_at": from_at, "reason": reason}
    register_log.record(session, KIND, subject_of(rule), "set_limit", actor=actor, at=at, data=data)
    rulebooks.forget(session)
    return made


def take_back(
    session: Session, rule: str, *, reason: str, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Let the catalogue's own limit hold again for clocks that begin from now on; False when it does already.

    Raises `UnknownRule`, `RegisterChanged`, and what `access.require` does.
    """
    access.require(session, actor, Right.KEEP_RULES)
    if rule not in rules():
        raise UnknownRule(rule)
    _alone(session)
    from_at = in_force_from(at)
    if not any(row.until_at is None or row.until_at > from_at for row in of(session, rule)):
        return False
    register_lock.expect(session, subject_of(rule), version)
    _end(session, rule, from_at, actor)
    data = {"from_at": from_at, "reason": reason}
    register_log.record(session, KIND, subject_of(rule), "take_back_limit", actor=actor, at=at, data=data)
    rulebooks.forget(session)
    return True


def _end(session: Session, rule: str, from_at: datetime, actor: Actor) -> None:
    """End what holds at `from_at`; what was to begin later never does."""
    for row in of(session, rule):
        if row.until_at is None or row.until_at > from_at:
            ends = max(row.from_at, from_at)
            values = {"until_at": ends, "ended_by": actor.person_id}
            session.execute(update(_ROWS).where(_ROWS.c.id == row.id).values(**values))
            session.expire(row)


def _alone(session: Session) -> None:
    """Let nobody else set a limit until the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE own_limit IN SHARE ROW EXCLUSIVE MODE"))
