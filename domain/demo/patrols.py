"""Patrols in Chenglan: two weeks of them as they went, and what there is to do today for whoever signs in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from domain.actors import Role
from domain.demo.city import SEED_VENUE
from domain.demo.patrol_plans import (
    CARE_HOME,
    DAYS,
    FISH,
    HOMESTAY,
    ICE_WORKS,
    KARAOKE,
    MALL,
    PATROLS,
    SCHOOL,
    SHOP,
    enter,
    holder_of,
    series_of,
)
from domain.demo.patrol_walks import Found, Walk, task_on
from domain.demo.stage import Stage, Story
from domain.models import PatrolAnswer, PatrolBatch, PatrolCheckIn
from domain.patrols import judging, planning, presence

Moments = Iterator[datetime]
ENTERED = DAYS + 31
"""Days before the end on which the plans were entered."""
OLDEST = 31
"""Days before the end of which the first are planned: a month's task may be so old."""
ROUNDS = ("13:40", "15:20", "17:10", "19:00", "20:50", "22:40", "00:30", "01:40")
"""Of a night that begins in the afternoon."""
LEFT_OUT = frozenset({"17:10", "19:00"})
"""Those nobody made on the night with a gap."""
GAP_ON, LOCKED_ON, PILED_UP_ON, TWO_PHONES_ON = -3, -10, -6, -2
_A_KILOMETRE = 0.009
"""Degrees of latitude."""


def plans_are_made(stage: Stage) -> Moments:
    """Enter every plan in advance; each holds from a day of its own."""
    yield stage.days_ago(ENTERED, "16:00")
    for patrol in PATROLS:
        by = stage.actor(holder_of(patrol.venue, patrol.maker))
        enter(stage.session, patrol, actor=by, at=stage.now, from_on=stage.day(patrol.begins(stage.day(0))))


def days_are_planned(stage: Stage) -> Moments:
    """Plan every day at its beginning, as the timetable does, and judge the rounds of the night before."""
    for offset in range(-OLDEST, 1):
        if offset < -DAYS and not _begins_a_period(stage.day(offset)):
            continue
        yield min(stage.days_ago(-offset, "00:05"), stage.end)  # loaded within the first minutes of a day
        planning.plan_day(stage.session, stage.day(offset), at=stage.now)
        judged_at = stage.days_ago(-offset, "03:30")
        if offset > -DAYS and judged_at <= stage.end:
            yield judged_at
            for case_id in judging.due(stage.session, at=stage.now):
                judging.judge(stage.session, case_id, at=stage.now)


def _begins_a_period(day: date) -> bool:
    """Return whether a week's or a month's task may begin on that day, or the drill at a month's end."""
    return day.weekday() == 0 or day.day == 1 or day.day >= 26  # noqa: PLR2004 - no break before a month's end is longer


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done at a moment about the task of a day."""

    moment: datetime
    offset: int
    act: Callable[[UUID], object]


def _play(stage: Stage, series: UUID, deeds: Collection[Deed]) -> Moments:
    """Do these in their order, as far as they are of the past and the day has a task."""
    for deed in sorted(deeds, key=lambda one: one.moment):
        if deed.moment > stage.end:
            return
        yield deed.moment
        task = task_on(stage, series, deed.offset)
        if task is not None:
            deed.act(task)


def _daily(
    venue: str, role: Role = Role.OFFICER, *, clock: str, missed: Collection[int] = (),
    late: Mapping[int, str] | None = None, how: Mapping[int, dict[str, Any]] | None = None, until: int = 1,
) -> Story:  # fmt: skip
    """Return the story of a daily patrol: walked at about `clock`; `late`: uploaded at that clock the day after."""
    by, delayed, special = holder_of(venue, role), late or {}, how or {}

    def story(stage: Stage) -> Moments:
        deeds = []
        for offset in range(-DAYS, until):
            usual = stage.days_ago(-offset, clock) + timedelta(minutes=-offset * 7 % 23)
            moment = stage.days_ago(-offset - 1, delayed[offset]) if offset in delayed else usual
            given = {"ended_at": usual, **special[offset]} if offset in special else {"ended_at": usual}

            def walk(task: UUID, given: dict[str, Any] = given) -> None:
                Walk(stage, task, by, **given).all()

            if offset not in missed:
                deeds.append(Deed(moment, offset, walk))
        yield from _play(stage, series_of(venue, "daily", role), deeds)

    return story


def _found_on(stage: Stage, venue: str, offset: int) -> UUID:
    """Return the rectification that a venue's daily patrol led to."""
    task = task_on(stage, series_of(venue, "daily"), offset)
    if task is None:
        msg = f"{venue} has no patrol {offset} days after the end"
        raise LookupError(msg)
    return stage.rectifications(task)[0]


def hotel_corrects_what_it_found(stage: Stage) -> Moments:
    """Correct what the hotel's own patrol found: put right by the officer, looked at by the manager."""
    yield stage.days_ago(-PILED_UP_ON - 1, "09:20")
    order = _found_on(stage, SEED_VENUE, PILED_UP_ON)
    said = "布草间纸箱已清走，配电箱前留出一米。"
    stage.step(order, "submit", by="officer", photos=("clear_corridor",), description=said)
    yield stage.days_ago(-PILED_UP_ON - 1, "17:45")
    by = holder_of(SEED_VENUE, Role.MANAGER)
    stage.step(order, "confirm", by=by, photos=("clear_corridor",), description="已清空，符合要求。")


def hotel_is_excused(stage: Stage) -> Moments:
    """Excuse the hotel for the week in which its water was cut off."""
    monday = _monday(stage)
    yield stage.days_ago(7 - monday, "10:20")
    task = task_on(stage, series_of(SEED_VENUE, "weekly"), monday - 14)
    if task is not None:
        stage.step(task, "excuse", by="supervisor", reason="市政停水检修一周，末端压力无法测量，已电话核实。")
    yield stage.days_ago(5 - monday, "15:10")
    task = task_on(stage, series_of(SEED_VENUE, "weekly"), monday - 7)
    if task is not None:
        Walk(stage, task, "officer").all()


def _monday(stage: Stage) -> int:
    """Return how many days after the end this week's Monday is: 0 to -6."""
    return -stage.day(0).weekday()


def nights_at_the_karaoke(stage: Stage) -> Moments:
    """Make rounds every two hours of each night, uploaded at its end; on one night nobody came for hours."""
    officer, manager = (holder_of(KARAOKE, role) for role in (Role.OFFICER, Role.MANAGER))
    deeds = []
    for offset in range(-DAYS, 1):
        left_out = LEFT_OUT if offset == GAP_ON else frozenset[str]()
        made = [_of_night(stage, offset, clock) for clock in ROUNDS if clock not in left_out]

        def walk(task: UUID, made: list[datetime] = made) -> None:
            by = officer if stage.is_assigned(task, officer) else manager
            Walk(stage, task, by).rounds(made)

        deeds.append(Deed(made[-1] + timedelta(minutes=8), offset, walk))
    yield from _play(stage, series_of(KARAOKE, "business_2h"), deeds)


def _of_night(stage: Stage, offset: int, clock: str) -> datetime:
    """Return the moment of a night that began on the day so many after the end; the small hours are the next day's."""
    return stage.days_ago(-offset - (clock < "12:00"), clock)


def school_drills_at_the_end_of_the_month(stage: Stage) -> Moments:
    """Hold the drill on the last working day of the month."""
    by = holder_of(SCHOOL, Role.MANAGER)
    deeds = [
        Deed(stage.days_ago(-offset, "10:40"), offset, lambda task: Walk(stage, task, by).all())
        for offset in range(-OLDEST, 1)
    ]
    yield from _play(stage, series_of(SCHOOL, "monthly", Role.MANAGER), deeds)


def _school_day(stage: Stage, nth: int) -> int:
    """Return how many days after the end the nth school day before today is."""
    days = [offset for offset in range(-1, -DAYS, -1) if stage.day(offset).weekday() < 5]  # noqa: PLR2004 - Monday to Friday
    return days[nth - 1]


def school_was_far_away(stage: Stage) -> Moments:
    """Contest what the position of a phone seemed to say, and have the manager accept it."""
    officer, manager = (holder_of(SCHOOL, role) for role in (Role.OFFICER, Role.MANAGER))
    doubtful = _school_day(stage, 4)
    deeds = []
    for offset in range(-DAYS, 1):
        away = (3 * _A_KILOMETRE, 0.0) if offset == doubtful else (0.0, 0.0)

        def walk(task: UUID, away: tuple[float, float] = away) -> None:
            Walk(stage, task, officer, away=away).all()

        deeds.append(Deed(stage.days_ago(-offset, "07:25"), offset, walk))

    def contest(task: UUID) -> None:
        stage.step(task, "contest", by=officer, text="食堂地下室没有信号，手机用的是上一次的定位。")

    def accept(task: UUID) -> None:
        for subject in _doubtful(stage, task):
            reason = "门卫登记和监控都有记录。"
            stage.step(task, "decide_doubt", by=manager, subject=subject, verdict="cleared", reason=reason)

    deeds += [Deed(stage.days_ago(-doubtful, clock), doubtful, act) for clock, act in
              (("12:10", contest), ("16:30", accept))]  # fmt: skip
    yield from _play(stage, series_of(SCHOOL, "daily"), deeds)


def _doubtful(stage: Stage, task: UUID) -> list[UUID]:
    """Return the records of a patrol with a doubt nobody has decided on."""
    found: list[UUID] = []
    for model in (PatrolCheckIn, PatrolAnswer, PatrolBatch):
        query = select(model).where(col(model.case_id) == task)
        found += [row.id for row in stage.session.execute(query).scalars() if presence.open_count([row.doubts])]
    return found


def mall_has_two_opinions(stage: Stage) -> Moments:
    """Have a second phone say something else about the same patrol; nobody has decided yet."""
    yield stage.days_ago(-TWO_PHONES_ON, "21:10")
    task = task_on(stage, series_of(MALL, "daily"), TWO_PHONES_ON)
    if task is not None:
        manager = holder_of(MALL, Role.MANAGER)
        Walk(stage, task, manager, found=(_WARM_SOCKET,)).once()


def care_home_finds_a_locked_exit(stage: Stage) -> Moments:
    """Correct a locked exit the same day: the officer submits it, the manager has seen it open."""
    yield stage.days_ago(-LOCKED_ON, "11:30")
    order = _found_on(stage, CARE_HOME, LOCKED_ON)
    officer, manager = (holder_of(CARE_HOME, role) for role in (Role.OFFICER, Role.MANAGER))
    stage.step(order, "submit", by=officer, photos=("clear_corridor",), description="链锁已剪除，改装推闩锁。")
    yield stage.days_ago(-LOCKED_ON, "14:05")
    stage.step(order, "confirm", by=manager, photos=("clear_corridor",), description="出口一推即开。")


def _wardens_week(venue: str, *, clock: str, found: tuple[Found, ...] = ()) -> Story:
    """Return the story of a warden's weekly look at a small place; this week's is still to come."""
    by = holder_of(venue, Role.WARDEN)

    def story(stage: Stage) -> Moments:
        monday = _monday(stage)
        for week in (-14, -7):
            yield stage.days_ago(-monday - week - 3, clock)
            task = task_on(stage, series_of(venue, "weekly", Role.WARDEN), monday + week)
            if task is not None:
                Walk(stage, task, by, found=found if week == -7 else ()).all()  # noqa: PLR2004 - last week

    return story


_PILED_UP = Found("T03", "布草间配电箱前堆了纸箱", "blocked_corridor")
_WARM_SOCKET = Found("L02", "三号岗插座发热，已拔掉", "blocked_corridor")
_LOCKED = Found("P02", "二层东侧出口被链锁锁住", "blocked_corridor")
_NO_EXTINGUISHER = Found("WK1", "灭火器压力不足一只", "dark_detector")

PATROL_STORIES: tuple[Story, ...] = (
    plans_are_made,
    days_are_planned,
    _daily(SEED_VENUE, clock="16:20", missed={-4}, late={-8: "09:10", -2: "08:15"}, until=0,
           how={-8: {"ended_at": None}, PILED_UP_ON: {"found": (_PILED_UP,)}}),
    hotel_corrects_what_it_found,
    hotel_is_excused,
    nights_at_the_karaoke,
    school_drills_at_the_end_of_the_month,
    school_was_far_away,
    _daily(MALL, clock="08:40", how={-1: {"no_code": "码牌被广告遮住，扫不到"}}),
    mall_has_two_opinions,
    _daily(ICE_WORKS, clock="17:30", missed={-9, -5}),
    _daily(CARE_HOME, clock="10:10", how={LOCKED_ON: {"found": (_LOCKED,)}}),
    care_home_finds_a_locked_exit,
    _daily(SHOP, Role.OWNER, clock="20:20", missed={-11}),
    _wardens_week(SHOP, clock="10:30"),
    _wardens_week(FISH, clock="11:15", found=(_NO_EXTINGUISHER,)),
    _wardens_week(HOMESTAY, clock="14:40"),
)  # fmt: skip
