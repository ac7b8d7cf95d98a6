"""巡查任务 (XC): one round of checks at one venue, planned, carried out on a phone, or missed.

Sources: 机关、团体、企业、事业单位消防安全管理规定 第二十五、二十六条; 消防法 第十六、十七条. When it begins, is due
and counts as missed are three moments of their own (facts `starts_at`, `due_at`, `miss_at`). A missed task is a fact
that stays.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.actors import VENUE_SIDE, Actor, Covered, Role
from domain.clocks import Limit
from domain.language import Label, Sentence
from domain.processes import everywhere
from domain.processes import patrol_task_forms as forms
from domain.table import TimedCase
from domain.workflow import CaseView, Clock, Opening, State, Transition, Workflow

SCHEDULED = State("scheduled", zh="未到时间", en="Scheduled")
OPEN = State("open", zh="待巡查", en="Open")
UNDER_WAY = State("under_way", zh="巡查中", en="Under way")
MISSED = State("missed", zh="漏查", en="Missed")
DONE = State("done", zh="已完成", en="Done", final=True)
DONE_LATE = State("done_late", zh="逾期补查", en="Done late", final=True)
EXCUSED = State("excused", zh="已免责", en="Excused", final=True)
CANCELLED = State("cancelled", zh="已取消", en="Cancelled", final=True)
STATES = (SCHEDULED, OPEN, UNDER_WAY, MISSED, DONE, DONE_LATE, EXCUSED, CANCELLED)
WORKED_ON = frozenset(state for state in STATES if state not in (SCHEDULED, OPEN))
OUTCOMES = {DONE: "done", DONE_LATE: "late", MISSED: "missed", EXCUSED: "excused", CANCELLED: "cancelled"}
"""State → `PatrolTask.outcome`; every other one is open, ""."""

ENDINGS = ("complete", "complete_late", "prove_in_time")
"""Steps by which somebody ends a task; they may name a signature."""

R = Role
CARRIERS = VENUE_SIDE | {R.WARDEN}
"""Who carries out patrols, each where they hold their post or are sent."""
DECIDERS = frozenset({R.MANAGER, R.OWNER, R.WARDEN, R.INSPECTOR, R.SUPERVISOR})


def may_carry_out(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Carry out your own task, one of your post, or, as its manager or responsible person, any of your venue's own.

    What wardens look at there is theirs alone.
    """
    if actor.person_id is not None and actor.person_id in case.assignees:
        return None
    if any(_covers(one, case) for one in actor.covers):
        return None
    here = case.venue_id is not None and case.venue_id in actor.venue_ids
    role = case.facts.get("role")
    if here and role != R.WARDEN.value and actor.plays(R.MANAGER, R.OWNER):
        return None
    if not case.assignees and role and actor.plays(Role(role)) and (here or role == R.WARDEN.value):
        return None
    return Sentence("This patrol is somebody else's.")


def _covers(covered: Covered, case: CaseView) -> bool:
    """Return whether a post somebody covers is that by which a colleague has this task by name."""
    there = covered.venue_id is None if covered.role is R.WARDEN else covered.venue_id == case.venue_id
    return covered.person_id in case.assignees and covered.role in CARRIERS and there


def has_begun(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nothing is checked ahead of its time."""
    starts_at = datetime.fromisoformat(case.facts["starts_at"])
    return None if at >= starts_at else Sentence("This patrol has not begun yet.")


def may_be_late(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """A missed task is carried out late where its plan allows that."""
    if case.facts.get("late_allowed"):
        return None
    return Sentence("The plan does not allow this patrol to be carried out late.")


def is_not_own_work(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nobody decides on doubts about what they did themselves, nor between their own answer and another's."""
    if actor.person_id is not None and str(actor.person_id) in case.facts.get("done_by", ()):
        return Sentence("You took part in this patrol; somebody else has to decide.")
    return None


def is_answerable(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """A venue answers for its own patrols: not for another's, nor for what wardens found there."""
    if not actor.plays(*VENUE_SIDE) or actor.roles - VENUE_SIDE:
        return None
    if case.facts.get("role") == R.WARDEN.value:
        return Sentence("What a warden recorded is for the fire brigade to decide.")
    if case.venue_id in actor.venue_ids:
        return None
    return Sentence("You hold no post at this venue today.")


def has_doubts(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """There is something to decide on."""
    return None if case.facts.get("doubts") else Sentence("Nothing about this patrol is in doubt.")


def has_conflicts(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Two phones have said different things."""
    return None if case.facts.get("conflicts") else Sentence("No two answers of this patrol differ.")


def note_work(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember who took part, and what is to be decided."""
    by = list(case.facts.get("done_by", ()))
    if actor.person_id is not None and str(actor.person_id) not in by:
        by.append(str(actor.person_id))
    return {"facts": {"done_by": by, "doubts": form.doubts, "conflicts": form.conflicts}}


def note_end(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep when the work itself ended, and the gaps of rounds."""
    return {"facts": {"worked_until": form.worked_until.isoformat(), "gaps": [gap.model_dump(mode="json")
                                                                             for gap in form.gaps]}}  # fmt: skip


def note_gaps(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep between which moments nobody came."""
    return {"facts": {"gaps": [gap.model_dump(mode="json") for gap in form.gaps]}}


def note_excuse(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep why."""
    return {"facts": {"excused": form.reason}}


def start_limit(case: TimedCase) -> Limit | None:
    """Until its window opens."""
    return Limit.until(datetime.fromisoformat(case.facts["starts_at"]))


def miss_limit(case: TimedCase) -> Limit | None:
    """Until it counts as missed; rounds are judged by their gaps instead (`domain.patrols.judging`)."""
    if case.facts.get("kind") == "rounds":
        return None
    return Limit.until(datetime.fromisoformat(case.facts["miss_at"]))


TRANSITIONS = (
    Transition("begin", zh="开始时间到", en="Its time has come", sources={SCHEDULED}, target=OPEN, roles={R.SYSTEM},
               form=everywhere.ClockNotice, quiet=True),
    Transition("start", zh="开始巡查", en="Begin", sources={OPEN}, target=UNDER_WAY, roles=CARRIERS,
               guards=(may_carry_out, has_begun), form=forms.Delivered, changes=note_work, quiet=True, usual=True),
    Transition("record", zh="上传巡查记录", en="Record of the patrol", sources=WORKED_ON, target=None, roles=CARRIERS,
               guards=(may_carry_out,), form=forms.Delivered, changes=note_work, quiet=True),
    Transition("report_critical", zh="发现重大问题", en="Something grave was found", sources=WORKED_ON, target=None,
               roles={R.SYSTEM}, form=forms.Critical, effects=("call_manager",), quiet=True),
    Transition("complete", zh="完成巡查", en="Complete", sources={UNDER_WAY}, target=DONE, roles=CARRIERS,
               guards=(may_carry_out,), form=forms.Completion, changes=note_end, quiet=True, usual=True),
    Transition("complete_late", zh="补查完成", en="Complete late", sources={MISSED}, target=DONE_LATE, roles=CARRIERS,
               guards=(may_carry_out, may_be_late), form=forms.Completion, changes=note_end, quiet=True),
    Transition("prove_in_time", zh="补传按时完成的记录", en="Upload of what was done in time", sources={MISSED},
               target=DONE, roles=CARRIERS, guards=(may_carry_out,), form=forms.Completion, changes=note_end,
               quiet=True),
    Transition("judge_kept", zh="间隔达标", en="Rounds kept", sources={UNDER_WAY}, target=DONE, roles={R.SYSTEM},
               form=forms.Completion, changes=note_end, quiet=True),
    Transition("judge_gaps", zh="间隔超时", en="Rounds not kept", sources={OPEN, UNDER_WAY}, target=MISSED,
               roles={R.SYSTEM}, form=forms.Judged, changes=note_gaps, quiet=True),
    Transition("miss", zh="漏查", en="Missed", sources={OPEN, UNDER_WAY}, target=MISSED, roles={R.SYSTEM},
               form=everywhere.ClockNotice, quiet=True),
    Transition("excuse", zh="免责", en="Excuse", sources={OPEN, MISSED}, target=EXCUSED, roles={R.SUPERVISOR},
               form=forms.Reason, changes=note_excuse),
    Transition("cancel", zh="取消任务", en="Cancel", sources={SCHEDULED, OPEN}, target=CANCELLED,
               roles={R.SYSTEM, R.SUPERVISOR}, form=forms.Reason),
    Transition("rebind", zh="改用新版检查表", en="The checklist changed", sources={SCHEDULED, OPEN}, target=None,
               roles={R.SYSTEM}, form=forms.Rebound, quiet=True),
    Transition("contest", zh="申辩", en="Contest a doubt", sources=WORKED_ON, target=None, roles=CARRIERS,
               guards=(may_carry_out, has_doubts), form=forms.Contest, effects=("tell_decider",)),
    Transition("decide_doubt", zh="处理存疑", en="Decide on a doubt", sources=WORKED_ON, target=None, roles=DECIDERS,
               guards=(has_doubts, is_answerable, is_not_own_work), form=forms.DoubtDecision,
               companions=("settle_doubt",), quiet=True),
    Transition("decide_conflict", zh="处理两份记录", en="Decide between two answers", sources=WORKED_ON, target=None,
               roles=DECIDERS, guards=(has_conflicts, is_answerable, is_not_own_work), form=forms.ConflictDecision,
               companions=("settle_conflict",), quiet=True),
    *everywhere.steps(STATES, assigned=(), reminders=frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER, R.WARDEN}),
                      is_routine=True),
)  # fmt: skip

PATROL_TASK = Workflow(
    name="patrol_task",
    prefix="XC",
    zh="巡查任务",
    en="Patrol task",
    opening=Opening("plan", zh="排定", en="Plan", target=SCHEDULED, roles={R.SYSTEM}),
    states=STATES,
    transitions=TRANSITIONS,
    effects={
        **everywhere.URGING,
        "call_manager": Label("电话告知消防安全管理人", "Call the fire safety manager"),
        "tell_decider": Label("告知有人申辩", "Tell that a doubt is contested"),
    },
    companions=frozenset({"release_held", "settle_doubt", "settle_conflict"}),
    clocks=(
        Clock("start", zh="开始时间", en="Beginning", runs_in={SCHEDULED}, fulfilled_in={OPEN}, limit=start_limit,
              basis="PRACTICE", kind="timer", warn_at=None, on_breach="begin"),
        Clock("miss", zh="漏查认定", en="Counts as missed", runs_in={OPEN, UNDER_WAY}, fulfilled_in={DONE},
              limit=miss_limit, basis="PRACTICE", kind="timer", warn_at=None, on_breach="miss"),
    ),
    is_routine=True,
)  # fmt: skip
