"""Every state x step x role of every process against the processes' own page, through the table alone.

That page is `tests/brief.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.actors import SYSTEM, VENUE_SIDE, Actor, Role
from domain.language import CHINESE, ENGLISH
from domain.processes import WORKFLOWS
from domain.timing import Snapshot
from domain.workflow import Offer, TransitionRefused, Workflow
from tests.brief import expected

NOON = datetime(2026, 8, 23, 4, tzinfo=UTC)
CASE = UUID(int=7)
ME = UUID(int=1)
VENUE, OTHER_VENUE = UUID(int=3), UUID(int=4)


def somebody(role: Role) -> Actor:
    """Return who no guard objects to: the assignee, whoever holds the receipt, who holds a post at the venue."""
    if role is Role.SYSTEM:
        return SYSTEM
    if role in (Role.REPORTER, Role.APPLICANT):
        return Actor(frozenset({role}), receipt_for=CASE)
    posts = frozenset({VENUE}) if role in VENUE_SIDE else frozenset[UUID]()
    return Actor(frozenset({role}), person_id=ME, name="我", venue_ids=posts)


def case_in(state: str) -> Snapshot:
    """Return a case in `state` that no guard objects to for `somebody`."""
    facts = {
        "replied_at": (NOON - timedelta(days=1)).isoformat(),
        "correct_by": "2026-08-30",
        "phone": {"sealed": str(UUID(int=9))},
        "identity_requests": {str(UUID(int=2)): NOON.isoformat()},
        "identity_grants": {str(ME): NOON.isoformat()},
        "released_at": NOON.isoformat(),
        "kept_since": NOON.isoformat(),
        "role": "officer",
        "starts_at": NOON.isoformat(),
        "late_allowed": True,
        "doubts": 2,
        "conflicts": 1,
        "done_by": [str(UUID(int=2))],
        "by_venue": True,
    }
    return Snapshot(CASE, state, (ME,), facts, NOON - timedelta(days=2), VENUE)


PRODUCT = [
    pytest.param(workflow, state.name, id=f"{workflow.name}-{state.name}")
    for workflow in WORKFLOWS.values()
    for state in workflow.states
]


@pytest.mark.parametrize(("workflow", "state"), PRODUCT)
def test_step_is_possible_exactly_where_the_processes_say(workflow: Workflow, state: str) -> None:
    allowed = expected(workflow)
    case = case_in(state)

    for name in sorted({step.name for step in workflow.transitions}):
        for role in Role:
            try:
                found: str | None = workflow.plan(case, name, actor=somebody(role), at=NOON).target
            except TransitionRefused:
                found = None
            assert found == allowed.get((state, name, role)), (state, name, role)


@pytest.mark.parametrize(("workflow", "state"), PRODUCT)
def test_offers_are_the_steps_people_can_take(workflow: Workflow, state: str) -> None:
    quiet = {step.name for step in workflow.transitions if step.quiet}
    allowed = {(s, n, r) for s, n, r in expected(workflow) if s == state and n not in quiet}

    for role in Role:
        offers = workflow.offers(case_in(state), somebody(role), at=NOON)

        assert {offer.transition.name for offer in offers} == {n for _, n, r in allowed if r is role}
        assert all(offer.enabled for offer in offers)


@pytest.mark.parametrize(("workflow", "state"), PRODUCT)
def test_refusal_is_a_sentence_and_tells_permission_from_moment(workflow: Workflow, state: str) -> None:
    allowed = expected(workflow)
    ever = {(name, role) for _, name, role in allowed}
    here = {name for source, name, _ in allowed if source == state}

    for name in sorted({step.name for step in workflow.transitions}):
        for role in Role:
            if (state, name, role) in allowed:
                continue
            with pytest.raises(TransitionRefused) as refused:
                workflow.plan(case_in(state), name, actor=somebody(role), at=NOON)
            forbidden = (name, role) not in ever or name in here
            assert refused.value.permission is forbidden, (state, name, role)
            _assert_readable(refused.value)


def _assert_readable(refusal: TransitionRefused) -> None:
    chinese, english = (refusal.reason.in_language(locale) for locale in (CHINESE, ENGLISH))
    assert english.endswith(".")
    assert chinese.endswith("。")
    assert "%(" not in english + chinese
    assert chinese != english


@pytest.mark.parametrize(("workflow", "state"), PRODUCT)
def test_several_roles_add_up(workflow: Workflow, state: str) -> None:
    both = Actor(frozenset({Role.HANDLER, Role.SUPERVISOR}), person_id=ME)
    allowed = {n for s, n, r in expected(workflow) if s == state and r in both.roles}

    planned = set()
    for name in {step.name for step in workflow.transitions}:
        try:
            workflow.plan(case_in(state), name, actor=both, at=NOON)
            planned.add(name)
        except TransitionRefused:
            pass

    assert planned == allowed


def offer_of(workflow: Workflow, case: Snapshot, actor: Actor, name: str) -> Offer:
    return next(o for o in workflow.offers(case, actor, at=NOON) if o.transition.name == name)


MARK = "ab12"
HANDLER = somebody(Role.HANDLER)
WARDEN = somebody(Role.WARDEN)
REPORTER = somebody(Role.REPORTER)
OWN = {
    role: Actor(frozenset({role}), person_id=ME, phone_marks=frozenset({"newer", MARK}))
    for role in (Role.HANDLER, Role.WARDEN, Role.SUPERVISOR)
}
OTHER_WARDEN = Actor(frozenset({Role.WARDEN}), person_id=UUID(int=2))
AN_HOUR_AGO = (NOON - timedelta(minutes=60, seconds=1)).isoformat()
OF_VENUE = Actor(frozenset({Role.HANDLER}), person_id=ME, venue_ids=frozenset({VENUE}))
ELSEWHERE = Actor(frozenset({Role.OWNER}), person_id=ME, venue_ids=frozenset({OTHER_VENUE}))
OFFICER_BESIDE = Actor(frozenset({Role.OFFICER}), person_id=UUID(int=2), venue_ids=frozenset({VENUE}))
LONG_AGO = (NOON - timedelta(days=30, seconds=1)).isoformat()
JUST_NOW = (NOON - timedelta(hours=23, minutes=59)).isoformat()
JUST_IN_TIME = (NOON - timedelta(days=30)).isoformat()
A_SECOND_LATER = (NOON + timedelta(seconds=1)).isoformat()
A_DAY_AGO = (NOON - timedelta(hours=24)).isoformat()

# guard | process | state | step | who | facts that make it object
OBJECTIONS = [
    ("is_not_own_report", "hazard_report", "reported", "accept", OWN[Role.HANDLER], {"reporter_mark": MARK}),
    (
        "is_not_own_report",
        "hazard_report",
        "checking",
        "record_finding",
        OWN[Role.WARDEN],
        {"reporter_mark": MARK},
    ),
    ("is_assignee", "hazard_report", "assigned", "start_check", OTHER_WARDEN, {}),
    ("is_own_receipt", "hazard_report", "reported", "withdraw", Actor(frozenset({Role.REPORTER})), {}),
    (
        "is_own_receipt",
        "hazard_report",
        "reported",
        "remind",
        Actor(frozenset({Role.REPORTER}), receipt_for=ME),
        {},
    ),
    ("is_within_objection_time", "hazard_report", "closed", "object", REPORTER, {"replied_at": LONG_AGO}),
    ("is_within_objection_time", "hazard_report", "closed", "object", REPORTER, {"replied_at": None}),
    ("is_not_yet_rated", "hazard_report", "replied", "rate", REPORTER, {"rating": 2}),
    (
        "has_no_merged_reports",
        "hazard_report",
        "reported",
        "merge",
        HANDLER,
        {"absorbed": ["JB-2026-000002"]},
    ),
    (
        "has_no_merged_reports",
        "hazard_report",
        "reported",
        "reject",
        HANDLER,
        {"absorbed": ["JB-2026-000002"]},
    ),
    (
        "has_no_merged_reports",
        "hazard_report",
        "accepted",
        "withdraw",
        REPORTER,
        {"absorbed": ["JB-2026-000002"]},
    ),
    ("was_not_just_reminded", "hazard_report", "reported", "remind", REPORTER, {"reminded_at": JUST_NOW}),
    ("is_not_submitter", "rectification", "submitted", "confirm", WARDEN, {"submitted_by": str(ME)}),
    ("is_not_submitter", "rectification", "submitted", "fail_recheck", WARDEN, {"submitted_by": str(ME)}),
    ("was_answered", "hazard_report", "merged", "rate", REPORTER, {"replied_at": None}),
    ("was_not_objected_since", "hazard_report", "merged", "object", REPORTER, {"objected_at": JUST_NOW}),
    ("is_not_own_report", "hazard_report", "merged", "unmerge", OWN[Role.SUPERVISOR], {"reporter_mark": MARK}),
    ("is_not_own_report", "hazard_report", "checked", "send_back", OWN[Role.HANDLER], {"reporter_mark": MARK}),
    ("is_not_own_report", "hazard_report", "accepted", "reclassify", OWN[Role.HANDLER], {"reporter_mark": MARK}),
    ("is_not_own_report", "hazard_report", "checked", "reassign", OWN[Role.HANDLER], {"reporter_mark": MARK}),
    ("is_not_own_application", "enrolment", "submitted", "start_review", OWN[Role.HANDLER], {"applicant_mark": MARK}),
    ("is_not_own_application", "enrolment", "under_review", "reject", OWN[Role.SUPERVISOR], {"applicant_mark": MARK}),
    ("is_not_who_entered", "enrolment", "under_review", "approve", HANDLER, {"entered_by": str(ME)}),
    ("is_own_receipt", "enrolment", "returned", "resubmit", Actor(frozenset({Role.APPLICANT}), receipt_for=ME), {}),
    ("is_of_this_venue", "rectification", "correcting", "submit", ELSEWHERE, {}),
    ("has_identity", "hazard_report", "reported", "request_identity", HANDLER, {"phone": None}),
    ("is_not_of_venue", "hazard_report", "closed", "request_identity", OF_VENUE, {}),
    ("has_not_asked", "hazard_report", "reported", "request_identity", HANDLER, {"identity_requests": {str(ME): "x"}}),
    ("was_not_redacted", "hazard_report", "closed", "release_words", HANDLER, {"words_removed_at": LONG_AGO}),
    (
        "was_not_extended",
        "rectification",
        "correcting",
        "extend",
        somebody(Role.SUPERVISOR),
        {"extended_at": LONG_AGO},
    ),
    ("may_recheck", "rectification", "submitted", "confirm", somebody(Role.MANAGER), {"by_venue": False}),
    ("may_recheck", "rectification", "submitted", "fail_recheck", ELSEWHERE, {}),
    ("may_carry_out", "patrol_task", "done", "contest", OFFICER_BESIDE, {}),
    ("has_doubts", "patrol_task", "missed", "contest", somebody(Role.OFFICER), {"doubts": 0}),
]


# Of steps that stand in a place of their own on the page: guard | process | state | step | who | facts
QUIET_OBJECTIONS = [
    *(
        (guard, "hazard_report", "closed", *rest)
        for guard, *rest in (
            ("somebody_else_asked", "grant_identity", somebody(Role.LEADER), {"identity_requests": {str(ME): "x"}}),
            ("somebody_else_asked", "refuse_identity", somebody(Role.LEADER), {"identity_requests": {}}),
            ("holds_grant", "reveal_identity", HANDLER, {"identity_grants": {str(UUID(int=2)): NOON.isoformat()}}),
            ("holds_grant", "reveal_identity", HANDLER, {"identity_grants": {str(ME): AN_HOUR_AGO}}),
            ("is_kept", "lift_hold", somebody(Role.SUPERVISOR), {"kept_since": None}),
            ("was_released", "withdraw_release", HANDLER, {"released_at": None}),
        )
    ),
    ("may_carry_out", "patrol_task", "open", "start", OFFICER_BESIDE, {}),
    ("may_carry_out", "patrol_task", "under_way", "record", OTHER_WARDEN, {}),
    ("has_begun", "patrol_task", "open", "start", WARDEN, {"starts_at": A_SECOND_LATER}),
    ("may_be_late", "patrol_task", "missed", "complete_late", WARDEN, {"late_allowed": False}),
    ("has_doubts", "patrol_task", "done", "decide_doubt", somebody(Role.MANAGER), {"doubts": 0}),
    ("is_answerable", "patrol_task", "done", "decide_doubt", ELSEWHERE, {}),
    ("is_answerable", "patrol_task", "done", "decide_doubt", somebody(Role.MANAGER), {"role": "warden"}),
    ("is_answerable", "patrol_task", "done", "decide_conflict", somebody(Role.OWNER), {"role": "warden"}),
    ("is_not_own_work", "patrol_task", "done", "decide_doubt", somebody(Role.MANAGER), {"done_by": [str(ME)]}),
    ("is_not_own_work", "patrol_task", "done", "decide_conflict", somebody(Role.OWNER), {"done_by": [str(ME)]}),
    ("has_conflicts", "patrol_task", "done", "decide_conflict", somebody(Role.OWNER), {"conflicts": 0}),
]


@pytest.mark.parametrize(("guard", "process", "state", "name", "actor", "facts"), QUIET_OBJECTIONS)
def test_guard_refuses_a_step_with_a_place_of_its_own(guard, process, state, name, actor, facts) -> None:
    case = case_in(state)
    workflow = WORKFLOWS[process]

    with pytest.raises(TransitionRefused) as refused:
        workflow.plan(replace(case, facts={**case.facts, **facts}), name, actor=actor, at=NOON)

    assert guard in {g.__name__ for step in workflow.named(name) for g in step.guards}
    assert not refused.value.permission
    _assert_readable(refused.value)


@pytest.mark.parametrize(("guard", "process", "state", "name", "actor", "facts"), OBJECTIONS)
def test_guard_greys_the_button_and_refuses_with_the_same_sentence(guard, process, state, name, actor, facts) -> None:
    workflow = WORKFLOWS[process]
    case = case_in(state)
    objecting = replace(case, facts={**case.facts, **facts})

    offer = offer_of(workflow, objecting, actor, name)
    with pytest.raises(TransitionRefused) as refused:
        workflow.plan(objecting, name, actor=actor, at=NOON)

    assert guard in {g.__name__ for g in offer.transition.guards}
    assert (offer.reason, refused.value.permission) == (refused.value.reason, False)
    _assert_readable(refused.value)


def test_every_guard_is_seen_objecting() -> None:
    used = {g.__name__ for w in WORKFLOWS.values() for step in w.transitions for g in step.guards}

    assert used == {guard for guard, *_ in (*OBJECTIONS, *QUIET_OBJECTIONS)}


@pytest.mark.parametrize(
    ("state", "name", "facts"),
    [
        ("closed", "object", {"replied_at": JUST_IN_TIME}),
        ("reported", "remind", {"reminded_at": A_DAY_AGO}),
        ("reported", "accept", {"reporter_mark": "another"}),
        ("replied", "rate", {"rating": None}),
    ],
)
def test_guard_is_content_at_the_edge(state, name, facts) -> None:
    workflow = WORKFLOWS["hazard_report"]
    case = case_in(state)
    actor = OWN[Role.HANDLER] if name == "accept" else REPORTER

    content = replace(case, facts={**case.facts, **facts})

    assert offer_of(workflow, content, actor, name).enabled
