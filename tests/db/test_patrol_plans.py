"""Plans of patrols: a change holds from a day on and leaves the past alone; suggestions, rosters, the days ahead."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from domain import people, register_log
from domain.access import NotPermitted, OutOfReach
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_facility_code, new_id
from domain.models import Case, ChecklistTemplate, Facility, KeyPart, PatrolPlan, PatrolTask, Post, Venue
from domain.patrols import plans, points, preview, roster_register, rosters, suggestions
from domain.patrols.plan_forms import PlanChange, PlanEnd, PlanFacts, RosterEnd, RosterFacts
from domain.patrols.planning import plan_day
from domain.register_lock import NotNow, RegisterChanged
from domain.settings import city_zone
from tests.at_once import at_once
from tests.world import World

TODAY = date(2026, 8, 23)
TOMORROW = TODAY + timedelta(days=1)
HOURS = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "18:00", "until": "02:00"}]
USUAL = {"checklist": "catalogue:daily", "rhythm": "usual", "roll": "none", "who": "post", "role": "officer",
         "is_late_allowed": "yes"}  # fmt: skip


@dataclass
class Place:
    """The hotel of the world, and its plans."""

    db: Database
    world: World

    @property
    def venue_id(self) -> UUID:
        return self.world.venues["kuancheng"]

    def by(self, session: Session, who: str = "manager") -> dict[str, Any]:
        return {"actor": self.world.actor(session, who), "at": self.world.clock.now}

    def venue(self, session: Session) -> Venue:
        venue = session.get(Venue, self.venue_id)
        assert venue is not None
        return venue

    def create(self, *, by: str = "manager", **facts: Any) -> PatrolPlan:
        with self.db.write() as session:
            return plans.create(session, self.venue_id, PlanFacts(**{**USUAL, **facts}), **self.by(session, by))

    def change(self, plan: PatrolPlan, *, version: int | None = None, **facts: Any) -> PatrolPlan | None:
        with self.db.write() as session:
            form = PlanChange(**{**USUAL, "reason": "调整", **facts})
            return plans.change(session, plan.id, form, version=version, **self.by(session))

    def plans_day(self, day: date) -> None:
        with self.db.write() as session:
            plan_day(session, day, at=self.world.clock.now)

    def tasks(self) -> list[PatrolTask]:
        with self.db.read() as session:
            return list(session.exec(select(PatrolTask).order_by(PatrolTask.day, PatrolTask.slot)).all())

    def facility(self, number: str, ended_on: date | None = None, from_on: date = date(2020, 1, 1)) -> str:
        with self.db.write() as session:
            one = Facility(id=new_id(), code=new_facility_code(), venue_id=self.venue_id, kind="extinguisher",
                           number=number, from_on=from_on, ended_on=ended_on)  # fmt: skip
            session.add(one)
            return one.code


@pytest.fixture
def place(db: Database, world: World) -> Place:
    with db.write() as session:
        venue = session.get(Venue, world.venues["kuancheng"])
        assert venue is not None
        venue.hours = HOURS
    return Place(db, world)


def test_change_holds_from_its_day_and_never_touches_what_was_planned(place: Place) -> None:
    plan = place.create(from_on=TODAY)
    place.plans_day(TODAY)
    place.plans_day(TOMORROW)

    with pytest.raises(FieldRefused) as too_early:
        place.change(plan, from_on=TODAY, times="08:00", minutes=60)
    changed = place.change(plan, from_on=TOMORROW, times="08:00", minutes=60, role="manager")
    place.plans_day(TODAY)
    place.plans_day(TOMORROW)

    assert too_early.value.refusal.field == "from_on"
    assert changed is not None
    with place.db.read() as session:
        first, second = plans.rows_of(session, plan.series_id)
        entries = register_log.of(session, plan.series_id)
        states = {case.id: case.state for case in session.exec(select(Case)).all()}
    assert (first.from_on, first.until_on, second.from_on, second.until_on) == (TODAY, TOMORROW, TOMORROW, None)
    assert [entry.action for entry in entries] == ["change", "create"]
    assert entries[0].data["starts"] == [None, "08:00"]
    by_state = {(task.day, states[task.case_id]): task for task in place.tasks()}
    kept, gone, new = (by_state[key] for key in ((TODAY, "open"), (TOMORROW, "cancelled"), (TOMORROW, "scheduled")))
    assert len(by_state) == 3
    assert (kept.plan_id, kept.role) == (plan.id, "officer")
    assert gone.plan_id == plan.id
    assert (new.plan_id, new.role) == (changed.id, "manager")
    assert new.starts_at.astimezone(city_zone()).hour == 8


def test_plan_of_which_nothing_was_planned_may_change_today(place: Place) -> None:
    plan = place.create(from_on=TODAY)

    changed = place.change(plan, from_on=TODAY, role="owner")

    assert changed is not None
    with place.db.read() as session:
        assert [row.id for row in plans.rows_of(session, plan.series_id)] == [changed.id]
        assert session.get(PatrolPlan, plan.id).until_on == TODAY  # it never held


def test_change_before_one_that_was_to_come_takes_its_place(place: Place) -> None:
    plan = place.create(from_on=TODAY)
    place.plans_day(TODAY)
    late = place.change(plan, from_on=TODAY + timedelta(days=30), role="owner")

    early = place.change(plan, from_on=TODAY + timedelta(days=10), role="manager")

    assert late is not None
    assert early is not None
    with place.db.read() as session:
        rows = plans.rows_of(session, plan.series_id)
    assert [(row.role, row.from_on, row.until_on) for row in rows] == [
        ("officer", TODAY, TODAY + timedelta(days=10)),
        ("manager", TODAY + timedelta(days=10), None),
    ]
    assert place.change(early, from_on=TODAY + timedelta(days=12), role="manager") is None  # nothing is different


def test_sent_twice_counts_once_and_the_second_of_two_hears_of_the_first(place: Place) -> None:
    with place.db.write() as session:
        form_id = uuid4()
        made = [plans.create(session, place.venue_id, PlanFacts(**USUAL), plan_id=form_id, **place.by(session))
                for _ in range(2)]  # fmt: skip
    plan = made[0]
    row_id = uuid4()
    for _ in range(2):
        with place.db.write() as session:
            form = PlanChange(**{**USUAL, "role": "owner", "reason": "换人"})
            plans.change(session, plan.id, form, version=1, row_id=row_id, **place.by(session))

    with pytest.raises(RegisterChanged):
        place.change(plan, version=1, role="manager")

    with place.db.read() as session:
        assert len(register_log.of(session, plan.series_id)) == 2
        assert [row.id for row in plans.rows_of(session, plan.series_id)] == [row_id]


def test_ended_plan_plans_nothing_more_and_changes_no_more(place: Place) -> None:
    plan = place.create(from_on=TODAY)
    place.plans_day(TODAY)
    with place.db.write() as session:
        plans.end(session, plan.id, PlanEnd(reason="停用"), **place.by(session))

    place.plans_day(TOMORROW)
    place.world.clock.advance(days=1)

    assert [task.day for task in place.tasks()] == [TODAY]
    with pytest.raises(NotNow):
        place.change(plan, role="owner")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_changed_no_day_before_changes_and_none_has_two(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    plan = place.create(from_on=TODAY)
    held: dict[date, UUID | None] = {}

    for step in range(25):
        today = people.local_day(place.world.clock.now)
        place.plans_day(today)
        with place.db.read() as session:
            rows = plans.rows_of(session, plan.series_id)
        days = [TODAY + timedelta(days=number) for number in range(120)]
        holding = {day: [row.id for row in rows if row.from_on <= day and (row.until_on is None or day < row.until_on)]
                   for day in days}  # fmt: skip
        assert max(len(listed) for listed in holding.values()) <= 1
        for day, row_id in held.items():
            assert holding[day] == ([row_id] if row_id else []), (step, day)
        held = {day: next(iter(listed), None) for day, listed in holding.items() if day <= today}
        with contextlib.suppress(FieldRefused):
            from_on = today + timedelta(days=chance.randint(-3, 20))
            place.change(plan, from_on=from_on, grace_minutes=step, reason=str(step))
        place.world.clock.advance(days=chance.randint(0, 5))

    tasks = place.tasks()
    assert len({(task.series_id, task.slot) for task in tasks}) == len(tasks)
    for task in tasks:
        if task.outcome != "cancelled":
            assert held.get(task.day, task.plan_id) == task.plan_id


def test_two_at_once_take_over_one_set_and_one_of_two_changes_hears_of_the_other(place: Place) -> None:
    def adopts() -> int:
        with place.db.write() as session:
            return len(suggestions.adopt(session, place.venue_id, **place.by(session)))

    counts = at_once([adopts, adopts, adopts])
    with place.db.read() as session:
        plan = plans.of_venue(session, place.venue_id)[0]
    answers = at_once([lambda role=role: place.change(plan, version=1, role=role) for role in ("owner", "manager")])

    assert sorted(counts)[:2] == [0, 0]
    with place.db.read() as session:
        assert len(plans.of_venue(session, place.venue_id)) == max(counts)
        assert len(plans.rows_of(session, plan.series_id)) == 1  # the first never held
    assert sorted(type(answer).__name__ for answer in answers) == ["PatrolPlan", "RegisterChanged"]


def test_what_does_not_fit_is_refused_by_its_field(place: Place) -> None:
    elsewhere = {"person": str(place.world.people["officer"]), "who": "person"}
    for field, facts in (
        ("checklist", {"checklist": "catalogue:sometimes"}),
        ("checklist", {"checklist": str(uuid4())}),
        ("times", {"checklist": "catalogue:event", "times": "08:00"}),
        ("weekdays", {"rhythm": "weekdays"}),
        ("month_days", {"rhythm": "month_days", "month_days": "32"}),
        ("rrule", {"rhythm": "own", "rrule": "FREQ=SOMETIMES"}),
        ("times", {"times": "25:00"}),
        ("season", {"season": "winter"}),
        ("role", {"role": None}),
        ("person", {**elsewhere, "person": str(place.world.people["handler"])}),
        ("roster", {"who": "roster", "roster": str(uuid4())}),
        ("points", {"points": ["NOSUCHCODE"]}),
        ("from_on", {"from_on": TODAY - timedelta(days=1)}),
        ("from_on", {"from_on": TODAY + timedelta(days=900)}),
    ):
        with pytest.raises(FieldRefused) as refused:
            place.create(**facts)
        assert refused.value.refusal.field == field, facts
    assert place.create(**elsewhere).person_id == place.world.people["officer"]


def test_only_who_plans_there_plans(place: Place) -> None:
    with pytest.raises(NotPermitted):
        place.create(by="officer")
    with pytest.raises(OutOfReach):
        place.create(by="warden2")
    assert place.create(by="warden").venue_id == place.venue_id


def test_what_a_campaign_planned_is_not_the_venues_to_change(place: Place) -> None:
    plan = place.create(from_on=TODAY)
    with place.db.write() as session:
        session.get_one(PatrolPlan, plan.id).campaign_id = uuid4()

    with pytest.raises(OutOfReach):
        place.change(plan, role="owner")
    with place.db.read() as session:
        assert plans.of_venue(session, place.venue_id) == []


def test_suggestions_are_taken_over_once_and_fit_the_venue(place: Place) -> None:
    place.facility("3F-02")
    with place.db.write() as session:
        session.add(KeyPart(id=new_id(), code=new_facility_code(), venue_id=place.venue_id, kind="other", name="厨房",
                            from_on=date(2020, 1, 1)))  # fmt: skip
    with place.db.read() as session:
        offered = suggestions.ought_to_have(session, place.venue(session), day=TODAY)
    with place.db.write() as session:
        made = suggestions.adopt(session, place.venue_id, **place.by(session))
    with place.db.write() as session:
        again = suggestions.adopt(session, place.venue_id, **place.by(session))
        rest = suggestions.ought_to_have(session, place.venue(session), day=TODAY)

    optional = [one.frequency.key for one in offered if one.is_optional]
    assert {"business_2h", "daily"} == set(optional)  # of no key unit (R61 25)
    assert [one.frequency.key for one in rest] == optional
    assert again == []
    assert len(made) == len(offered) - len(optional)
    assert {plan.role for plan in made} == {"officer"}
    assert {plan.from_on for plan in made} == {TOMORROW}
    with place.db.read() as session:
        walked = points.of_plans(session, [plan.id for plan in made])
        by_frequency = {session.get(ChecklistTemplate, plan.template_id).frequency: plan.id for plan in made}
    assert [point.name for point in walked[by_frequency["night_2h"]]] == ["厨房"]
    assert [point.name for point in walked[by_frequency["monthly"]]] == ["3F-02"]

    with place.db.write() as session:
        place.venue(session).key_unit_since = TODAY
    with place.db.write() as session:
        more = suggestions.adopt(session, place.venue_id, **place.by(session))
    assert len(more) == 2


def test_preview_is_what_planning_plans(place: Place) -> None:
    with place.db.write() as session:
        adopted = {"business_2h", "shift", "weekly", "daily_close", "monthly"}
        suggestions.adopt(session, place.venue_id, frequencies=adopted, **place.by(session))
    with place.db.read() as session:
        ahead = preview.of_venue(session, place.venue(session), at=place.world.clock.now, days=12)

    for number in range(12):
        place.plans_day(TODAY + timedelta(days=number))

    planned = {(task.series_id, task.slot, task.day, task.starts_at, task.due_at) for task in place.tasks()}
    told = {(one.plan.series_id, one.slot.slot, one.slot.day, one.slot.starts_at, one.slot.due_at)
            for one in ahead.coming}  # fmt: skip
    assert told == planned
    assert len(planned) == 58  # 11 days of five tasks, two Mondays, the first of September


def test_preview_says_what_stands_in_the_way(place: Place) -> None:
    leaves = TODAY + timedelta(days=20)
    gone = place.facility("3F-07", ended_on=TODAY + timedelta(days=30))
    with place.db.write() as session:
        post = session.exec(select(Post).where(Post.person_id == place.world.people["officer"])).one()
        post.until_on = leaves
        place.venue(session).hours = []
    place.create(who="person", person=str(place.world.people["officer"]), role="owner", points=[gone])
    place.create(checklist="catalogue:daily_close")

    with place.db.read() as session:
        ahead = preview.of_venue(session, place.venue(session), at=place.world.clock.now)

    place.facility("3F-09", from_on=TODAY + timedelta(days=2))
    place.world.clock.advance(days=2)
    with place.db.read() as session:
        later = preview.of_venue(session, place.venue(session), at=place.world.clock.now)

    assert "1 facilities entered since are in no plan." in {str(trouble.says) for trouble in later.troubles}
    said = {str(trouble.says) for trouble in ahead.troubles}
    assert said == {
        "3F-07 is there no more from 2026-09-22 on.",
        "褚巡查 holds no post here after 2026-09-12.",
        "Nobody entered the opening hours: nothing is planned.",
    }
    after = {one.slot.day: one for one in ahead.coming}
    assert after[leaves].who == "褚巡查"
    assert after[leaves + timedelta(days=1)].who == "蒋责任"
    assert len(after) == 59
    assert any("points are gone" in str(trouble) for trouble in after[TODAY + timedelta(days=30)].troubles)


def test_days_of_a_year_without_notice_are_provisional(place: Place) -> None:
    place.create(checklist="catalogue:monthly", roll="forward")
    place.world.clock.now = datetime(2026, 12, 20, tzinfo=city_zone())

    with place.db.read() as session:
        ahead = preview.of_venue(session, place.venue(session), at=place.world.clock.now)

    assert [(one.slot.slot, one.is_provisional) for one in ahead.coming] == [("2027-01-01", True), ("2027-02-01", True)]


def test_roster_says_whose_turn_it_is_also_past_midnight(place: Place) -> None:
    officer, manager = (str(place.world.people[who]) for who in ("officer", "manager"))
    shifts = [{"day": day, "shift": shift, "person": person}
              for day, shift, person in ((0, 0, officer), (0, 1, manager), (1, 1, officer))]  # fmt: skip
    facts = {"name": "门岗", "starts_on": TOMORROW, "cycle_days": 2, "shifts": "08:00–20:00, 20:00–08:00"}
    with place.db.write() as session:
        roster = roster_register.create(
            session, place.venue_id, RosterFacts(**facts, turns=shifts), **place.by(session)
        )

    def on(day: int, clock: str) -> UUID | None:
        moment = datetime.fromisoformat(f"{TODAY + timedelta(days=day)}T{clock}").replace(tzinfo=city_zone())
        with place.db.read() as session:
            return rosters.who_is_on(session, session.merge(roster, load=False), moment)

    names = {place.world.people["officer"]: "officer", place.world.people["manager"]: "manager", None: "-"}
    told = [names[on(day, clock)] for day, clock in (
        (0, "12:00"), (1, "07:59"), (1, "08:00"), (1, "19:59"), (1, "20:00"), (2, "07:59"), (2, "08:00"), (2, "23:00"),
        (3, "03:00"), (3, "08:00"),
    )]  # fmt: skip
    assert told == ["-", "-", "officer", "officer", "manager", "manager", "-", "officer", "officer", "officer"]
    with place.db.write() as session:
        post = session.exec(select(Post).where(Post.person_id == place.world.people["officer"])).one()
        post.until_on = TOMORROW
    assert names[on(2, "23:00")] == "-"  # no longer holds a post


def test_change_of_a_roster_moves_its_plans_and_one_in_use_does_not_end(place: Place) -> None:
    officer, manager = (str(place.world.people[who]) for who in ("officer", "manager"))
    facts = {"name": "门岗", "starts_on": TODAY, "cycle_days": 1, "shifts": "00:00–24:00"}
    with place.db.write() as session:
        roster = roster_register.create(
            session, place.venue_id, RosterFacts(**facts, turns=[{"day": 0, "shift": 0, "person": officer}]),
            **place.by(session),
        )  # fmt: skip
    plan = place.create(who="roster", roster=str(roster.id), from_on=TODAY)
    place.plans_day(TODAY)

    with place.db.write() as session:
        later = {**facts, "starts_on": TOMORROW}
        new = roster_register.change(
            session, roster.id, RosterFacts(**later, turns=[{"day": 0, "shift": 0, "person": manager}]),
            **place.by(session),
        )  # fmt: skip
    place.plans_day(TOMORROW)

    assert [(task.day, task.person_id) for task in place.tasks()] == [
        (TODAY, place.world.people["officer"]),
        (TOMORROW, place.world.people["manager"]),
    ]
    with place.db.read() as session:
        rows = plans.rows_of(session, plan.series_id)
        assert [row.roster_id for row in rows] == [roster.id, new.id]
    with place.db.write() as session, pytest.raises(NotNow):
        roster_register.end(session, new.id, RosterEnd(reason="-"), **place.by(session))
