"""隐患举报 (JB): a hazard that somebody reports, from receipt to reply. Source: 消防监督检查规定 第十七、十八条."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain import catalogue
from domain.actors import Actor, Role
from domain.clocks import Limit
from domain.forms import Form
from domain.language import Label, Sentence
from domain.processes import everywhere, identity, limits, release, retention
from domain.processes import hazard_report_forms as forms
from domain.processes.everywhere import is_assignee, is_own_receipt
from domain.settings import city_zone
from domain.table import TimedCase
from domain.workflow import CaseView, Clock, FieldRefusal, Opening, State, Transition, Workflow

OBJECTION_WITHIN = timedelta(days=30)
CLOSES_AFTER_DAYS = 7
"""A replied report nobody objects to is closed; the objection stays open for its 30 days."""

REPORTED = State("reported", zh="待受理", en="Reported")
ACCEPTED = State("accepted", zh="待派发", en="Accepted")
ASSIGNED = State("assigned", zh="待到场", en="Assigned")
CHECKING = State("checking", zh="核查中", en="Being checked")
CHECKED = State("checked", zh="待回复", en="Checked")
REPLIED = State("replied", zh="已回复", en="Replied")
REOPENED = State("reopened", zh="重新核查", en="Reopened")
CLOSED = State("closed", zh="已办结", en="Closed", final=True)
REJECTED = State("rejected", zh="不予受理", en="Rejected", final=True)
TRANSFERRED = State("transferred", zh="已移送", en="Transferred", final=True)
MERGED = State("merged", zh="已并案", en="Merged", final=True)
WITHDRAWN = State("withdrawn", zh="已撤回", en="Withdrawn", final=True)

STATES = (REPORTED, ACCEPTED, ASSIGNED, CHECKING, CHECKED, REPLIED, REOPENED, CLOSED, REJECTED, TRANSFERRED,
          MERGED, WITHDRAWN)  # fmt: skip
OPEN = frozenset(state for state in STATES if not state.final)


# Guards: the case and the actor, never the form.


def is_not_own_report(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nobody handles a report they made themselves (told by a keyed mark of the phone, not by the phone)."""
    if case.facts.get("reporter_mark") in actor.phone_marks:
        return Sentence("You made this report yourself; somebody else has to handle it.")
    return None


def is_within_objection_time(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """An objection is heard for 30 days from the reply."""
    replied_at = case.facts.get("replied_at")
    if replied_at and at - datetime.fromisoformat(replied_at) <= OBJECTION_WITHIN:
        return None
    return Sentence("An objection is possible for 30 days after the reply.")


def was_answered(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Whoever waits behind another report rates the answer once it is there."""
    return None if case.facts.get("replied_at") else Sentence("The answer is not there yet.")


def was_not_objected_since(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """One objection per answer, where the report stays in its state: the other one is looked at again."""
    objected_at, replied_at = case.facts.get("objected_at"), case.facts.get("replied_at")
    if objected_at and replied_at and objected_at >= replied_at:
        return Sentence("You have objected to this answer already; it is being looked at again.")
    return None


def is_not_yet_rated(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """One answer per reply."""
    if case.facts.get("rating") is None:
        return None
    return Sentence("You have rated this reply already; thank you.")


def has_no_merged_reports(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """A report that others were merged into has to stay: their reporters wait for its answer."""
    if case.facts.get("absorbed"):
        return Sentence("Other reports were merged into this one; undo that first.")
    return None


# Checks: the form against the case.


def keeps_class_or_is_stricter(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """Only a supervisor loosens the time to verify (24 hours to 3 working days)."""
    hazard = catalogue.hazards().get(form.hazard_code)
    if hazard is None or not hazard.validity.holds(at.astimezone(city_zone()).date()):
        return FieldRefusal(
            "hazard_code", Sentence("There is no hazard with the code %(code)s.", code=form.hazard_code)
        )
    if hazard.verify_class not in ("A24H", "B3WD"):
        return FieldRefusal("hazard_code", Sentence("This is not checked on site: transfer the report, or call 119."))
    before = case.facts.get("verify_class") or hazard.verify_class
    after = form.verify_class or hazard.verify_class
    strictest = "A24H" if "A24H" in (before, hazard.verify_class) else "B3WD"
    if strictest == "A24H" and after == "B3WD" and not actor.plays(Role.SUPERVISOR):
        return FieldRefusal("verify_class", Sentence("Only a supervisor may give more time than 24 hours here."))
    return None


def is_somebody_new(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A reopened report is checked by somebody who had no part in it."""
    if not case.facts.get("reopened_at"):
        return None
    handled = set(case.facts.get("handled_by", ()))
    for name in ("assignee", "second"):
        if str(getattr(form, name)) in handled:
            return FieldRefusal(name, Sentence("This person handled the report before; choose somebody else."))
    return None


def has_photo_or_reason(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A finding is proved by a photo, or says why there is none."""
    if form.photos or form.no_photo_reason:
        return None
    return FieldRefusal("photos", Sentence("Add a photo, or say why there is none."))


def names_its_hazards(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A substantiated report names what was found; what was corrected is part of what was found."""
    found = form.outcome in (forms.Outcome.SUBSTANTIATED, forms.Outcome.PARTLY)
    if found and not form.hazards:
        return FieldRefusal("hazards", Sentence("Name the hazards that were found."))
    if not found and form.hazards:
        return FieldRefusal("hazards", Sentence("Hazards are named only when the report is substantiated."))
    day, listed = at.astimezone(city_zone()).date(), catalogue.hazards()
    unknown = [code for code in form.hazards if code not in listed or not listed[code].validity.holds(day)]
    if unknown:
        return FieldRefusal("hazards", Sentence("There is no hazard with the code %(code)s.", code=unknown[0]))
    if set(form.corrected) - set(form.hazards):
        return FieldRefusal("corrected", Sentence("Only a hazard that was found can have been corrected."))
    return None


def tells_or_says_why_not(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A reply has a text, or a recorded reason why nobody can be told (R120 18(2))."""
    if bool(form.text) == bool(form.cannot_tell_reason):
        return FieldRefusal("text", Sentence("Write the reply, or say why nobody can be told; not both."))
    if case.facts.get("absorbed") and not form.text:
        return FieldRefusal(
            "text", Sentence("Other reports were merged into this one and get the same answer; write it.")
        )
    return None


def names_the_competent(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """What is not ours is somebody's; a place nobody knows and a matter that is closed belong to nobody else."""
    if form.competent or form.reason not in (forms.RejectReason.NOT_FIRE, forms.RejectReason.OTHER):
        return None
    return FieldRefusal("competent", Sentence("Say who is competent for this matter."))


# Changes: what the form writes onto the case.


def classify(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Set the hazard and the class that decides how soon it is verified."""
    verify_class = form.verify_class or catalogue.hazards()[form.hazard_code].verify_class
    changes: dict[str, Any] = {"hazard_code": form.hazard_code, "facts": {"verify_class": str(verify_class)}}
    if getattr(form, "place", None):
        changes["place"] = form.place
    return changes


def clear_assignees(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Take everybody off the case."""
    return {"assignee_id": None, "second_assignee_id": None}


def _with(case: CaseView, actor: Actor) -> list[str]:
    """Return everybody who had a part so far: the second inspector too, though only one of the two presses."""
    taking_part = [str(person) for person in (*case.assignees, actor.person_id) if person]
    return list(dict.fromkeys([*case.facts.get("handled_by", ()), *taking_part]))


def note_arrival(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember who stood on site, and when."""
    return {"facts": {"handled_by": _with(case, actor), "arrived_at": at.isoformat()}}


def note_finding(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep the outcome where lists and replies read it."""
    return {
        "facts": {
            "handled_by": _with(case, actor),
            "outcome": form.outcome.value,
            "hazards": list(form.hazards),
            "corrected": list(form.corrected),
            "checked_at": at.isoformat(),
        }
    }


def note_reply(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep the reply; the objection period counts from it."""
    return {
        "facts": {
            "handled_by": _with(case, actor),
            "reply": form.text,
            "cannot_tell_reason": form.cannot_tell_reason,
            "replied_at": at.isoformat(),
            "rating": None,
        }
    }


def note_objection(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Reopen with nobody on it."""
    return {
        "assignee_id": None,
        "second_assignee_id": None,
        "facts": {"reopened_at": at.isoformat(), "objections": int(case.facts.get("objections", 0)) + 1},
    }


def note_passed_on(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember the objection; the report it was merged into is the one that reopens."""
    return {"facts": {"objected_at": at.isoformat()}}


def note_rating(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep how satisfied the reporter is, 1 to 5."""
    return {"facts": {"rating": form.rating}}


# Limits.


def verify_limit(case: TimedCase) -> Limit | None:
    """24 hours or 3 working days from receipt [CMP-20, CMP-21]; runs once, for the first check."""
    if case.facts.get("reopened_at"):
        return None
    return _class_limit(case)


def verify_again_limit(case: TimedCase) -> Limit | None:
    """The same length from the objection, as our own target."""
    return _class_limit(case) if case.facts.get("reopened_at") else None


def tell_limit(case: TimedCase) -> Limit | None:
    """Where the province says within how many days from receipt the reporter is told [CMP-31]; for the first answer."""
    return None if case.facts.get("reopened_at") else case.rules.regional("CMP-31")


def _class_limit(case: TimedCase) -> Limit | None:
    return case.rules.limit("CMP-20" if case.facts.get("verify_class") == "A24H" else "CMP-21")


R = Role
TRANSITIONS = (
    Transition("accept", zh="受理", en="Accept", sources={REPORTED}, target=ACCEPTED, roles={R.HANDLER, R.SYSTEM},
               guards=(is_not_own_report,), form=forms.Accept, checks=(keeps_class_or_is_stricter,),
               changes=classify, companions=("set_place",), effects=("acknowledge_reporter",), usual=True),
    Transition("reject", zh="不予受理", en="Reject", sources={REPORTED}, target=REJECTED, roles={R.HANDLER},
               guards=(is_not_own_report, has_no_merged_reports), form=forms.Reject, checks=(names_the_competent,),
               effects=("reply_reporter",)),
    Transition("transfer", zh="移送", en="Transfer", sources={REPORTED, ACCEPTED}, target=TRANSFERRED,
               roles={R.HANDLER}, guards=(is_not_own_report, has_no_merged_reports), form=forms.Transfer,
               effects=("reply_reporter",)),
    Transition("merge", zh="并案", en="Merge", sources={REPORTED, ACCEPTED}, target=MERGED, roles={R.HANDLER},
               guards=(is_not_own_report, has_no_merged_reports), form=forms.Merge, companions=("join_other",),
               effects=("acknowledge_reporter",)),
    Transition("unmerge", zh="撤销并案", en="Undo the merge", sources={MERGED}, target=ACCEPTED,
               roles={R.HANDLER, R.SUPERVISOR}, guards=(is_not_own_report,), form=forms.Reason,
               companions=("leave_other",)),
    Transition("assign", zh="派发", en="Assign", sources={ACCEPTED}, target=ASSIGNED, roles={R.HANDLER, R.SYSTEM},
               guards=(is_not_own_report,), form=forms.Assign,
               checks=(everywhere.is_second_inspector_given, is_somebody_new),
               changes=everywhere.set_assignees,
               companions=("check_assignees",), effects=("notify_assignee",), usual=True),
    Transition("assign", zh="派发", en="Assign", sources={REOPENED}, target=ASSIGNED, roles={R.SUPERVISOR},
               guards=(is_not_own_report,), form=forms.Assign,
               checks=(everywhere.is_second_inspector_given, is_somebody_new),
               changes=everywhere.set_assignees, companions=("check_assignees",), effects=("notify_assignee",),
               usual=True),
    Transition("decline", zh="退回", en="Decline", sources={ASSIGNED}, target=ACCEPTED,
               roles={R.WARDEN, R.INSPECTOR}, guards=(is_assignee,), form=forms.Decline, changes=clear_assignees,
               companions=("return_reopened",), effects=("tell_handler",)),
    Transition("return_to_supervisor", zh="转回主管", en="Back to the supervisor", sources={ACCEPTED}, target=REOPENED,
               roles={R.SYSTEM}, form=Form, effects=("tell_supervisor",), quiet=True),
    Transition("start_check", zh="到场", en="Arrive on site", sources={ASSIGNED}, target=CHECKING,
               roles={R.WARDEN, R.INSPECTOR}, guards=(is_assignee, is_not_own_report), form=forms.StartCheck,
               changes=note_arrival, companions=("compare_venue_code",), usual=True),
    Transition("record_finding", zh="登记核查结果", en="Record the finding", sources={CHECKING}, target=CHECKED,
               roles={R.WARDEN, R.INSPECTOR}, guards=(is_assignee, is_not_own_report), form=forms.Finding,
               checks=(has_photo_or_reason, names_its_hazards), changes=note_finding,
               effects=("open_rectifications", "tell_handler"), usual=True),
    Transition("reply", zh="回复", en="Reply", sources={CHECKED}, target=REPLIED, roles={R.HANDLER},
               guards=(is_not_own_report,), form=forms.Reply, checks=(tells_or_says_why_not,), changes=note_reply,
               companions=("answer_merged",), effects=("reply_reporter",), usual=True),
    Transition("send_back", zh="退回重查", en="Send back", sources={CHECKED}, target=ASSIGNED,
               roles={R.HANDLER, R.SUPERVISOR}, guards=(is_not_own_report,), form=forms.SendBack,
               effects=("notify_assignee",)),
    Transition("object", zh="不满意", en="Object", sources={REPLIED, CLOSED}, target=REOPENED, roles={R.REPORTER},
               guards=(is_own_receipt, is_within_objection_time), form=forms.Objection, changes=note_objection,
               effects=("tell_supervisor",)),
    Transition("object", zh="不满意", en="Object", sources={MERGED}, target=None, roles={R.REPORTER},
               guards=(is_own_receipt, is_within_objection_time, was_not_objected_since), form=forms.Objection,
               changes=note_passed_on, companions=("forward_objection",)),
    Transition("reopen_for_merged", zh="并案举报人不满意", en="A joined reporter objected", sources={REPLIED, CLOSED},
               target=REOPENED, roles={R.SYSTEM}, form=forms.OtherCase, changes=note_objection,
               effects=("tell_supervisor",), quiet=True),
    Transition("hear_merged", zh="并案举报人有异议", en="A joined reporter objects too", sources=OPEN - {REPLIED},
               target=None, roles={R.SYSTEM}, form=forms.OtherCase, effects=("tell_handler",), quiet=True),
    Transition("rate", zh="评价", en="Rate", sources={REPLIED}, target=None, roles={R.REPORTER},
               guards=(is_own_receipt, is_not_yet_rated), form=forms.Rating, changes=note_rating,
               companions=("close_when_satisfied",)),
    Transition("rate", zh="评价", en="Rate", sources={MERGED}, target=None, roles={R.REPORTER},
               guards=(is_own_receipt, was_answered, is_not_yet_rated), form=forms.Rating, changes=note_rating),
    Transition("close", zh="办结", en="Close", sources={REPLIED}, target=CLOSED, roles={R.SYSTEM}, form=forms.Closing,
               quiet=True),
    Transition("withdraw", zh="撤回", en="Withdraw", sources={REPORTED, ACCEPTED}, target=WITHDRAWN,
               roles={R.REPORTER}, guards=(is_own_receipt, has_no_merged_reports), form=forms.Withdrawal),
    Transition("add_information", zh="补充", en="Add information", sources=OPEN - {REPLIED} | {MERGED},
               target=None, roles={R.REPORTER}, guards=(is_own_receipt,), form=forms.Addition,
               effects=("tell_handler",)),
    Transition("reclassify", zh="调整类别", en="Reclassify", sources={ACCEPTED, ASSIGNED, CHECKING}, target=None,
               roles={R.HANDLER, R.SUPERVISOR}, guards=(is_not_own_report,), form=forms.Reclassify,
               checks=(keeps_class_or_is_stricter,), changes=classify),
    Transition("absorb", zh="并入其他举报", en="Another report joined", sources=OPEN - {REPLIED}, target=None,
               roles={R.SYSTEM}, form=forms.OtherCase, changes=forms.note_absorbed, quiet=True),
    Transition("release", zh="并入的举报移出", en="A joined report left", sources=frozenset(STATES), target=None,
               roles={R.SYSTEM}, form=forms.OtherCase, changes=forms.note_released, quiet=True),
    Transition("tell_corrected", zh="隐患整改完成", en="A hazard was corrected", sources=frozenset(STATES), target=None,
               roles={R.SYSTEM}, form=forms.OtherCase, changes=forms.note_corrected,
               companions=("tell_merged_corrected",), effects=("tell_reporter_corrected",), quiet=True),
    Transition("share_reply", zh="告知并案举报人", en="The answer was shared", sources={MERGED}, target=None,
               roles={R.SYSTEM}, form=forms.SharedReply, changes=forms.note_shared,
               effects=("reply_reporter",), quiet=True),
    *everywhere.steps(STATES, assigned={ASSIGNED, CHECKING, CHECKED}, handling=(is_not_own_report,),
                      reassign_checks=(is_somebody_new,), urged_by_reporter=OPEN - {REPLIED},
                      reminders=frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER})),
    *identity.steps(STATES, handling=(is_not_own_report,)),
    *release.steps(STATES, handling=(is_not_own_report,)),
    *retention.steps(STATES, handling=(is_not_own_report,)),
)  # fmt: skip

HAZARD_REPORT = Workflow(
    name="hazard_report",
    prefix="JB",
    zh="隐患举报",
    en="Hazard report",
    opening=Opening("report", zh="举报", en="Report", target=REPORTED, roles={R.REPORTER, R.HANDLER, R.SYSTEM},
                    effects=("triage_report",)),
    states=STATES,
    transitions=TRANSITIONS,
    effects={
        **everywhere.EFFECTS,
        **identity.EFFECTS,
        "triage_report": Label("自动分流", "Sort the report"),
        "acknowledge_reporter": Label("告知举报人已受理", "Tell the reporter it is taken up"),
        "reply_reporter": Label("回复举报人", "Reply to the reporter"),
        "tell_reporter_corrected": Label("告知举报人已整改", "Tell the reporter it is corrected"),
        "open_rectifications": Label("下达整改", "Open rectifications"),
        "tell_handler": Label("告知受理员", "Tell the handler"),
        "tell_supervisor": Label("告知主管", "Tell the supervisor"),
    },
    companions=everywhere.COMPANIONS
    | identity.COMPANIONS
    | release.COMPANIONS
    | {"set_place", "join_other", "leave_other", "compare_venue_code", "answer_merged", "close_when_satisfied",
       "return_reopened", "forward_objection", "tell_merged_corrected"},
    clocks=(
        Clock("accept", zh="受理", en="Accept", runs_in={REPORTED},
              fulfilled_in={ACCEPTED}, limit=limits.fixed("CMP-10"), basis="CMP-10", kind="target"),
        Clock("verify", zh="现场核查", en="Verify on site", runs_in={REPORTED, ACCEPTED, ASSIGNED, CHECKING},
              fulfilled_in={CHECKED}, limit=verify_limit, basis="CMP-20/CMP-21", kind="statutory"),
        Clock("verify_again", zh="重新核查", en="Verify again", runs_in={REOPENED, ACCEPTED, ASSIGNED, CHECKING},
              fulfilled_in={CHECKED}, limit=verify_again_limit, basis="PRACTICE", kind="target",
              restarts_in={REOPENED}),
        Clock("reply", zh="回复举报人", en="Reply to the reporter", runs_in={CHECKED},
              fulfilled_in={REPLIED}, limit=limits.fixed("CMP-30"), basis="CMP-30", kind="target",
              restarts_in={CHECKED}),
        Clock("tell", zh="告知举报人（地方规定）", en="Tell the reporter (local rule)",
              runs_in={REPORTED, ACCEPTED, ASSIGNED, CHECKING, CHECKED},
              fulfilled_in={REPLIED, REJECTED, TRANSFERRED}, limit=tell_limit, basis="CMP-31", kind="statutory"),
        Clock("close", zh="自动办结", en="Close by itself", runs_in={REPLIED},
              fulfilled_in={CLOSED}, limit=lambda _: Limit.hours(24 * CLOSES_AFTER_DAYS), basis="PRACTICE",
              kind="timer", warn_at=None, on_breach="close", restarts_in={REPLIED}),
    ),
)  # fmt: skip

PUBLIC_STATES: dict[str, Label] = {
    "reported": Label("已收到", "Received"),
    "accepted": Label("已受理", "Taken up"),
    "assigned": Label("已派人核查", "Somebody is on the way"),
    "checking": Label("正在现场核查", "Being checked on site"),
    "checked": Label("已核查，正在答复", "Checked, reply being written"),
    "replied": Label("已答复", "Answered"),
    "reopened": Label("正在重新核查", "Being looked at again"),
    "closed": Label("已办结", "Closed"),
    "rejected": Label("不属于消防受理范围", "Not a matter for the fire service"),
    "transferred": Label("已移送主管部门", "Handed to the competent authority"),
    "merged": Label("已与同一隐患并案办理", "Handled together with an earlier report"),
    "withdrawn": Label("您已撤回", "You withdrew it"),
}
"""What the reporter reads; nothing about staff."""
