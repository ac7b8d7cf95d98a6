"""Every process's steps as its own page describes them.

Copied by hand from docs/architecture's source (the processes' description), not from the code: a step that opens to
somebody else, or leads elsewhere, has to be changed in both places.
"""

from __future__ import annotations

from domain.actors import Role
from domain.workflow import Workflow

# name | from (`going`: every state that is not final, `any`: all) | to (- stays) | roles (! the system alone)
BRIEF = {
    "hazard_report": """
        accept | reported | accepted | handler system
        reject | reported | rejected | handler
        transfer | reported accepted | transferred | handler
        merge | reported accepted | merged | handler
        unmerge | merged | accepted | handler supervisor
        assign | accepted | assigned | handler system
        assign | reopened | assigned | supervisor
        decline | assigned | accepted | warden inspector
        return_to_supervisor | accepted | reopened | system
        start_check | assigned | checking | warden inspector
        record_finding | checking | checked | warden inspector
        reply | checked | replied | handler
        send_back | checked | assigned | handler supervisor
        object | replied closed | reopened | reporter
        object | merged | - | reporter
        reopen_for_merged | replied closed | reopened | system
        hear_merged | reported accepted assigned checking checked reopened | - | system
        rate | replied merged | - | reporter
        close | replied | closed | system
        withdraw | reported accepted | withdrawn | reporter
        add_information | reported accepted assigned checking checked reopened merged | - | reporter
        reclassify | accepted assigned checking | - | handler supervisor
        absorb | reported accepted assigned checking checked reopened | - | system
        release | any | - | system
        tell_corrected | any | - | system
        share_reply | merged | - | system
        remind | reported accepted assigned checking checked reopened | - | handler supervisor leader reporter
        remind | replied | - | handler supervisor leader
        comment | going | - | warden handler inspector operator supervisor leader
        reassign | assigned checking checked | - | handler supervisor
        decide_held | any | - | handler supervisor
        request_identity | any | - | handler inspector supervisor
        grant_identity | any | - | supervisor leader
        refuse_identity | any | - | supervisor leader
        reveal_identity | any | - | handler inspector supervisor
        release_words | any | - | handler supervisor
        withdraw_release | any | - | handler supervisor
        hold_redaction | any | - | supervisor
        lift_hold | any | - | supervisor
        redact | closed rejected transferred merged withdrawn | - | system
        warn | going | - | system
        escalate | going | - | system
        recalculate | going | - | system
        adopt | any | - | system
    """,
    "rectification": """
        serve | ordered | correcting | inspector handler
        order_by_patrol | ordered | correcting | system
        record_corrected | ordered | closed | system
        finding_overruled | correcting submitted overdue | - | system
        submit | correcting overdue | submitted | officer manager owner warden
        confirm | submitted | closed | inspector warden officer manager owner
        fail_recheck | submitted | correcting | inspector warden officer manager owner
        extend | correcting | - | supervisor
        mark_overdue | correcting | overdue | system
        penalise | correcting overdue | penalised | inspector supervisor
        revoke | ordered correcting | revoked | supervisor system
        remind | going | - | handler supervisor leader
        comment | going | - | warden handler inspector operator supervisor leader
        reassign | going | - | handler supervisor
        decide_held | any | - | handler supervisor
        warn | going | - | system
        escalate | going | - | system
        recalculate | going | - | system
        adopt | any | - | system
    """,
    "enrolment": """
        start_review | submitted | under_review | handler supervisor
        approve | under_review | approved | handler supervisor
        return_to_applicant | under_review | returned | handler supervisor
        reject | under_review | rejected | handler supervisor
        resubmit | returned | submitted | applicant
        withdraw | going | withdrawn | applicant
        remind_applicant | returned | - | system
        lapse | returned | withdrawn | system
        hold_redaction | any | - | supervisor
        lift_hold | any | - | supervisor
        redact | approved rejected withdrawn | - | system
        remind | going | - | handler supervisor leader
        comment | going | - | warden handler inspector operator supervisor leader
        decide_held | any | - | handler supervisor
        warn | going | - | system
        escalate | going | - | system
        recalculate | going | - | system
        adopt | any | - | system
    """,
    "patrol_task": """
        begin | scheduled | open | system
        start | open | under_way | officer manager owner warden
        record | under_way missed done done_late excused cancelled | - | officer manager owner warden
        report_critical | under_way missed done done_late excused cancelled | - | system
        complete | under_way | done | officer manager owner warden
        complete_late | missed | done_late | officer manager owner warden
        prove_in_time | missed | done | officer manager owner warden
        judge_kept | under_way | done | system
        judge_gaps | open under_way | missed | system
        miss | open under_way | missed | system
        excuse | open missed | excused | supervisor
        cancel | scheduled open | cancelled | system supervisor
        rebind | scheduled open | - | system
        contest | under_way missed done done_late excused cancelled | - | officer manager owner warden
        decide_doubt | under_way missed done done_late excused cancelled | - | manager owner
        decide_doubt | under_way missed done done_late excused cancelled | - | warden inspector supervisor
        decide_conflict | under_way missed done done_late excused cancelled | - | manager owner
        decide_conflict | under_way missed done done_late excused cancelled | - | warden inspector supervisor
        remind | going | - | warden handler supervisor leader
        comment | going | - | warden handler inspector operator supervisor leader
        decide_held | any | - | handler supervisor
    """,
}


def expected(workflow: Workflow) -> dict[tuple[str, str, Role], str]:
    """Return (state, step, role) → where it leads."""
    states = {
        "any": [s.name for s in workflow.states],
        "going": [s.name for s in workflow.states if not s.final],
    }
    allowed = {}
    for line in BRIEF[workflow.name].strip().splitlines():
        name, sources, target, roles = (part.strip() for part in line.split("|"))
        for source in states.get(sources) or sources.split():
            for role in roles.split():
                allowed[source, name, Role(role)] = source if target == "-" else target
    return allowed
