"""Puts the demo city into a database, once; refuses where real people could be harmed by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

import domain.companions
import domain.patrols.decisions
import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from domain import measures, product_settings
from domain.actors import SYSTEM
from domain.database import Database
from domain.demo import city, pictures, register
from domain.demo.applications import APPLICATIONS
from domain.demo.patrol_campaign import CAMPAIGNS
from domain.demo.patrols import PATROL_STORIES
from domain.demo.stage import Stage, origin_key
from domain.demo.stories import STORIES
from domain.models import Area, Case, Venue
from domain.settings import Settings

AWAKE = "演示城全天可试用，不设免打扰时段"


class DemoRefused(Exception):
    """The demo city must not come into this database; the message says why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; nothing when the city was there."""

    register: bool
    cases: int


def load(database: Database, *, settings: Settings, at: datetime) -> Loaded:
    """Bring the demo city into an empty database: first its register, then its cases, each all or nothing.

    A second load changes nothing. Raises `DemoRefused` in production, where messages would leave the machine,
    and for a database with venues of its own.
    """
    refuse_where_people_are_real(settings)
    with database.write() as session:
        entered = not _has_register(session)
        if entered:
            register.enter(session, at=at)
            _stay_awake(session, at)
    with database.read() as session:
        played = _has_cases(session)
    count = 0 if played else _play(database, settings, at)
    return Loaded(register=entered, cases=count)


def refuse_where_people_are_real(settings: Settings) -> None:
    """Raise `DemoRefused` where published passwords or invented telephone numbers would do harm."""
    if settings.mode == "production":
        raise DemoRefused("The demo city has published passwords; production does not take it.")
    if not settings.twilio_base_url:
        raise DemoRefused("The demo city's telephone numbers are invented; strangers would be called.")


def _has_register(session: Session) -> bool:
    if session.execute(select(col(Area.id)).where(col(Area.code) == city.CITY)).first():
        return True
    if session.execute(select(col(Venue.id)).limit(1)).first():
        raise DemoRefused("This database has venues of its own; the demo city is for an empty one.")
    return False


def _stay_awake(session: Session, at: datetime) -> None:
    """Switch the quiet hours off: whoever tries the city in its night wants to see the telephones ring."""
    begin = product_settings.value(session, "quiet_from")
    product_settings.change(session, "quiet_until", begin.isoformat("minutes"), reason=AWAKE, actor=SYSTEM, at=at)


def _has_cases(session: Session) -> bool:
    # Not just any case: somebody may have reported something between the two transactions of the first load.
    first = select(col(Case.id)).where(col(Case.origin_key) == origin_key(1))
    return session.execute(first).first() is not None


def _play(database: Database, settings: Settings, at: datetime) -> int:
    drawn = pictures.draw_all(settings.photos)
    with database.write() as session:
        if _has_cases(session):  # another load was quicker
            return 0
        Stage(session, at=at, drawn=drawn).play(STORIES + APPLICATIONS + PATROL_STORIES + CAMPAIGNS)
        measures.begin_anew(session)
    return len(STORIES) + len(APPLICATIONS)
