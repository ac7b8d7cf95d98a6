"""What is asked of a plan, of a change to it, of its end, and of a roster: one model for the page and the services."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field, field_validator

from domain.actors import ROLE_LABELS, Role
from domain.forms import Form, LabelledChoice, choice_field, line_field, text_field
from domain.language import N_
from domain.patrols.rhythm import DaysOff, Rhythm, Weekday
from domain.register_forms import Day, YesNo, date_field, number_field, select_field

MOST_POINTS = 400
LONGEST_CYCLE = 31
MOST_GRACE = 7 * 24 * 60
YEAR_MINUTES = 366 * 24 * 60
MOST_SHIFTS = 4


class Carrier(LabelledChoice):
    """Whose the tasks are."""

    POST = "post", "某一岗位的全体人员", "Everybody who holds a post"
    PERSON = "person", "指定的一个人", "One person"
    ROSTER = "roster", "值班表上当班的人", "Whoever is on duty by a roster"


class PatrolRole(LabelledChoice):
    """Posts whose holders carry out patrols; the words are those of `actors.ROLE_LABELS`."""

    OFFICER = "officer", ROLE_LABELS[Role.OFFICER].zh, ROLE_LABELS[Role.OFFICER].en
    MANAGER = "manager", ROLE_LABELS[Role.MANAGER].zh, ROLE_LABELS[Role.MANAGER].en
    OWNER = "owner", ROLE_LABELS[Role.OWNER].zh, ROLE_LABELS[Role.OWNER].en
    WARDEN = "warden", ROLE_LABELS[Role.WARDEN].zh, ROLE_LABELS[Role.WARDEN].en


class PlanFacts(Form):
    """What is checked at a venue, when, where and by whom."""

    checklist: str = select_field(N_("Checklist"), listed="checklists")
    title: str | None = line_field(
        N_("Name of the plan"), limit=80, required=False, hint=N_("That of the checklist when left empty")
    )
    rhythm: Rhythm = choice_field(N_("On which days"))
    weekdays: list[Weekday] = Field(
        default_factory=list, max_length=7, title=N_("Days of the week"),
        json_schema_extra={"widget": "weekdays", "optional": True},
    )  # fmt: skip
    month_days: str | None = line_field(
        N_("Days of the month"), limit=120, required=False, hint=N_("Such as 1, 15, or last for the last one")
    )
    every_days: int | None = number_field(N_("Due again after so many days"), least=1, most=3660)
    rrule: str | None = line_field(
        N_("Rule (RFC 5545)"), limit=200, required=False, hint=N_("Such as FREQ=MONTHLY;BYDAY=1MO")
    )
    window: str | None = select_field(N_("How long it may take"), listed="windows", required=False)
    times: str | None = line_field(
        N_("Clock times"),
        limit=160,
        required=False,
        hint=N_("From when on, such as 08:00; several a day: 08:00, 16:00"),
    )
    minutes: int | None = number_field(N_("Minutes it may take from then on"), least=1, most=YEAR_MINUTES)
    gap_minutes: int | None = number_field(N_("Rounds: the longest time nobody comes (minutes)"), least=1, most=1440)
    roll: DaysOff = choice_field(N_("On days off"))
    season: str | None = line_field(
        N_("Season"), limit=160, required=False, hint=N_("Such as 11-01 to 03-31; all year when left empty")
    )
    who: Carrier = choice_field(N_("Whose task it is"))
    role: PatrolRole | None = choice_field(N_("Post"), required=False)
    person: str | None = select_field(N_("Person"), listed="people", required=False)
    roster: str | None = select_field(N_("Roster"), listed="rosters", required=False)
    is_late_allowed: YesNo = choice_field(N_("May be carried out late when it was missed"))
    grace_minutes: int | None = number_field(N_("Minutes from due to missed"), most=MOST_GRACE)
    points: list[str] = Field(
        default_factory=list, max_length=MOST_POINTS, title=N_("Points in the order they are walked"),
        json_schema_extra={"widget": "points", "optional": True},
    )  # fmt: skip
    """Codes of key parts and facilities."""
    kinds: list[str] = Field(
        default_factory=list, max_length=MOST_POINTS, title=N_("All facilities of a kind"),
        json_schema_extra={"widget": "kinds", "optional": True},
    )  # fmt: skip
    from_on: Day | None = date_field(N_("Holds from"), hint=N_("Tomorrow when left empty"))


class PlanChange(PlanFacts):
    """A plan as it is to be from a day on, and why."""

    reason: str = text_field(N_("Reason"), limit=300)


class PlanEnd(Form):
    """From which day on a plan holds no more, and why."""

    from_on: Day | None = date_field(N_("First day without it"), hint=N_("Tomorrow when left empty"))
    reason: str = text_field(N_("Reason"), limit=300)


class EventStart(Form):
    """What happened, by which a patrol begins now."""

    reason: str = text_field(N_("What happened"), limit=300)


class Turn(Form):
    """Whose turn it is on one day of the cycle."""

    day: int = Field(ge=0, lt=LONGEST_CYCLE)
    shift: int = Field(ge=0, lt=MOST_SHIFTS)
    person: str = Field(min_length=1, max_length=40)


class RosterFacts(Form):
    """Who is on duty when: shifts, and whose they are on each day of a cycle."""

    name: str = line_field(N_("Name of the roster"), limit=60)
    starts_on: date | None = date_field(N_("First day of the cycle"), hint=N_("Tomorrow when left empty"))
    cycle_days: int = number_field(N_("Days of the cycle"), least=1, most=LONGEST_CYCLE, required=True)
    shifts: str = line_field(N_("Shifts"), limit=120, hint=N_("Such as 08:00–20:00, 20:00–08:00"))
    turns: list[Turn] = Field(default_factory=list, max_length=LONGEST_CYCLE * MOST_SHIFTS, title=N_("Turns"))

    @field_validator("turns", mode="before")
    @classmethod
    def _spelled(cls, turns: Any) -> Any:  # noqa: ANN401 - whatever came in
        """Take turns as a form spells them, "day:shift:person"."""
        if not isinstance(turns, list):
            return turns
        return [dict(zip(("day", "shift", "person"), turn.split(":"), strict=False)) if isinstance(turn, str) else turn
                for turn in turns]  # fmt: skip


class RosterEnd(Form):
    """From which day on a roster holds no more, and why."""

    ended_on: Day | None = date_field(N_("First day without it"), hint=N_("Tomorrow when left empty"))
    reason: str = text_field(N_("Reason"), limit=300)
