"""入驻申请 (RZ): a place asks for its code (电子身份证), from the form to the sheet at its door."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.actors import Actor, Role
from domain.language import Label, Sentence
from domain.processes import enrolment_forms as forms
from domain.processes import everywhere, limits, retention
from domain.processes.everywhere import ClockNotice, is_own_receipt
from domain.workflow import CaseView, Clock, FieldRefusal, Opening, State, Transition, Workflow

SUBMITTED = State("submitted", zh="待审核", en="Submitted")
UNDER_REVIEW = State("under_review", zh="审核中", en="Under review")
RETURNED = State("returned", zh="已退回", en="Returned")
APPROVED = State("approved", zh="已通过", en="Approved", final=True)
REJECTED = State("rejected", zh="不予通过", en="Rejected", final=True)
WITHDRAWN = State("withdrawn", zh="已撤回", en="Withdrawn", final=True)

STATES = (SUBMITTED, UNDER_REVIEW, RETURNED, APPROVED, REJECTED, WITHDRAWN)
OPEN = frozenset(state for state in STATES if not state.final)


def is_not_own_application(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nobody reviews their own place (told by a keyed mark of the phone, not by the phone)."""
    if case.facts.get("applicant_mark") in actor.phone_marks:
        return Sentence("You applied for this place yourself; somebody else has to review it.")
    return None


def is_not_who_entered(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Who entered an application for somebody else does not approve it: two people look at every new venue."""
    if actor.person_id is not None and case.facts.get("entered_by") == str(actor.person_id):
        return Sentence("You entered this application; somebody else has to approve it.")
    return None


def names_the_duplicate(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A place that is enrolled already has a code; no other reason names one."""
    is_duplicate = form.reason is forms.RejectReason.ALREADY_ENROLLED
    if is_duplicate and not form.duplicate_of:
        return FieldRefusal("duplicate_of", Sentence("Name the venue that the place is already, by its code."))
    if form.duplicate_of and not is_duplicate:
        return FieldRefusal(
            "duplicate_of", Sentence("A venue is named only when the reason is that it is enrolled already.")
        )
    return None


def take_in_hand(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Put the reviewer's name to it, so that reminders find somebody; every other reviewer may still go on."""
    return {"assignee_id": actor.person_id}


def note_return(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep what has to be changed where the applicant's page reads it."""
    hints = {
        name.removeprefix("hint_"): hint
        for name, hint in form.model_dump().items()
        if name.startswith("hint_") and hint
    }
    return {"facts": {"returned": {"text": form.text, "hints": hints, "at": at.isoformat()}}}


R = Role
REVIEWERS = frozenset({R.HANDLER, R.SUPERVISOR})
TRANSITIONS = (
    Transition("start_review", zh="开始审核", en="Start the review", sources={SUBMITTED}, target=UNDER_REVIEW,
               roles=REVIEWERS, guards=(is_not_own_application,), form=forms.StartReview, changes=take_in_hand,
               usual=True),
    Transition("approve", zh="通过", en="Approve", sources={UNDER_REVIEW}, target=APPROVED, roles=REVIEWERS,
               guards=(is_not_own_application, is_not_who_entered), form=forms.Approve,
               companions=("make_venue",), effects=("tell_applicant",), usual=True),
    Transition("return_to_applicant", zh="退回补正", en="Return for changes", sources={UNDER_REVIEW}, target=RETURNED,
               roles=REVIEWERS, guards=(is_not_own_application,), form=forms.Return, changes=note_return,
               effects=("tell_applicant",)),
    Transition("reject", zh="不予通过", en="Reject", sources={UNDER_REVIEW}, target=REJECTED, roles=REVIEWERS,
               guards=(is_not_own_application,), form=forms.Reject, checks=(names_the_duplicate,),
               companions=("point_to_duplicate",), effects=("tell_applicant",)),
    Transition("resubmit", zh="重新提交", en="Submit again", sources={RETURNED}, target=SUBMITTED, roles={R.APPLICANT},
               guards=(is_own_receipt,), form=forms.Application, companions=("renew_application",),
               effects=("ask_reviewer",)),
    Transition("withdraw", zh="撤回", en="Withdraw", sources=OPEN, target=WITHDRAWN, roles={R.APPLICANT},
               guards=(is_own_receipt,), form=forms.Withdrawal),
    Transition("remind_applicant", zh="提醒申请人", en="Remind the applicant", sources={RETURNED}, target=None,
               roles={R.SYSTEM}, form=ClockNotice, effects=("tell_applicant",), quiet=True),
    Transition("lapse", zh="逾期未补正", en="Not answered in time", sources={RETURNED}, target=WITHDRAWN,
               roles={R.SYSTEM}, form=ClockNotice, effects=("tell_applicant",), quiet=True),
    *everywhere.steps(STATES, assigned=(), handling=(is_not_own_application,),
                      reminders=frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER})),
    *retention.steps(STATES, handling=(is_not_own_application,)),
)  # fmt: skip

ENROLMENT = Workflow(
    name="enrolment",
    prefix="RZ",
    zh="入驻申请",
    en="Enrolment",
    opening=Opening("apply", zh="提交申请", en="Apply", target=SUBMITTED, roles={R.APPLICANT, R.HANDLER},
                    effects=("acknowledge_applicant", "ask_reviewer")),
    states=STATES,
    transitions=TRANSITIONS,
    effects={
        **everywhere.EFFECTS_WITHOUT_ASSIGNMENT,
        "acknowledge_applicant": Label("告知申请人已收到", "Tell the applicant it was received"),
        "tell_applicant": Label("告知申请人", "Tell the applicant"),
        "ask_reviewer": Label("通知审核", "Ask for the review"),
    },
    companions=frozenset({"release_held", "make_venue", "point_to_duplicate", "renew_application"}),
    clocks=(
        Clock("review", zh="审核", en="Review", runs_in={SUBMITTED, UNDER_REVIEW},
              fulfilled_in={APPROVED, REJECTED, RETURNED}, limit=limits.fixed("ENR-10"), basis="ENR-10",
              kind="target", restarts_in={SUBMITTED}),
        Clock("reminder", zh="提醒补正", en="Remind of the changes", runs_in={RETURNED},
              fulfilled_in={SUBMITTED}, limit=limits.fixed("ENR-20"), basis="ENR-20",
              kind="timer", warn_at=None, on_breach="remind_applicant", restarts_in={RETURNED}),
        Clock("answer", zh="补正期限", en="Answer of the applicant", runs_in={RETURNED},
              fulfilled_in={SUBMITTED}, limit=limits.fixed("ENR-21"), basis="ENR-21",
              kind="timer", warn_at=None, on_breach="lapse", restarts_in={RETURNED}),
    ),
)  # fmt: skip

PUBLIC_STATES: dict[str, Label] = {
    "submitted": Label("已收到，等待审核", "Received, waiting for review"),
    "under_review": Label("正在审核", "Being reviewed"),
    "returned": Label("需要您补充或更正", "Needs a change from you"),
    "approved": Label("已通过", "Approved"),
    "rejected": Label("未通过", "Not approved"),
    "withdrawn": Label("已撤回", "Withdrawn"),
}
"""What the applicant reads; nothing about staff."""
