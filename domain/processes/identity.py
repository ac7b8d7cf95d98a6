"""Who a reporter is: shown to one person for a reason, once a second one agreed, every step in the record.

What is shown stands in the vault alone: no form, no entry and no fact has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.actors import Actor, Role
from domain.forms import Form, text_field
from domain.language import N_, Label, Sentence
from domain.workflow import CaseView, FieldRefusal, Guard, State, Transition

ASKERS = frozenset({Role.HANDLER, Role.INSPECTOR, Role.SUPERVISOR})
GRANTERS = frozenset({Role.SUPERVISOR, Role.LEADER})
SHOWN_WITHIN = timedelta(minutes=60)
"""So long a grant holds; our choice: long enough for a call, too short to be forgotten open."""
REQUESTS, GRANTS = "identity_requests", "identity_grants"
"""Facts of a case: person → when they asked, person → when it was granted to them."""
KEPT: dict[str, Label] = {
    "name": Label("姓名", "Name"),
    "phone": Label("电话", "Phone"),
    "position": Label("精确位置", "Exact position"),
}
"""What of a reporter may be shown: facts that point into the vault, in this order."""


class IdentityRequest(Form):
    """Somebody has to know who the reporter is."""

    reason: str = text_field(N_("Why you have to know who the reporter is"), limit=500)


class IdentityGrant(Form):
    """A second person agrees."""

    whom: UUID = Field(..., title=N_("Who asked"), json_schema_extra={"widget": "hidden"})


class IdentityRefusal(IdentityGrant):
    """A second person does not agree."""

    reason: str = text_field(N_("Reason"), limit=500)


class IdentityReveal(Form):
    """It is shown now."""

    reason: str = text_field(N_("What you need it for now"), limit=500)
    shown: list[str] = Field(default_factory=list, max_length=len(KEPT), title=N_("What was shown"))


def held(case: CaseView) -> list[str]:
    """Return which parts of the reporter's identity the vault holds for a case."""
    return [name for name in KEPT if case.facts.get(name)]


def has_identity(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """What nobody left, or what was removed after its time, cannot be shown."""
    return None if held(case) else Sentence("There is neither a name nor a phone nor a position of this reporter.")


def is_not_of_venue(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nobody who answers for the reported venue has a part in showing who reported it."""
    if case.venue_id is None or case.venue_id not in actor.venue_ids:
        return None
    return Sentence("You hold a post at the reported venue; somebody else has to do this.")


def has_not_asked(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """One request waits at a time for each person."""
    if str(actor.person_id) not in _asked(case):
        return None
    return Sentence("You have asked already; a supervisor or leader has to agree.")


def somebody_else_asked(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """Nobody agrees to what they asked for themselves."""
    asked = set(_asked(case))
    if not asked:
        return Sentence("Nobody has asked who the reporter is.")
    return None if asked - {str(actor.person_id)} else Sentence("You asked yourself; a second person has to agree.")


def holds_grant(case: CaseView, actor: Actor, at: datetime) -> Sentence | None:
    """It is shown only to whom it was granted, and within the hour."""
    until = granted_until(case, actor.person_id)
    if until is not None and at <= until:
        return None
    if until is not None:
        return Sentence("The hour in which you could see it is over; ask again.")
    return Sentence("Nobody has agreed that you see who the reporter is.")


def granted_until(case: CaseView, person_id: UUID | None) -> datetime | None:
    """Return until when the reporter's identity may be shown to that person; None when nobody agreed."""
    granted_at = (case.facts.get(GRANTS) or {}).get(str(person_id))
    return datetime.fromisoformat(granted_at) + SHOWN_WITHIN if granted_at else None


def asked_for_it(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """A decision is about somebody else's request that waits."""
    if form.whom == actor.person_id:
        return FieldRefusal("whom", Sentence("You asked yourself; a second person has to agree."))
    if str(form.whom) not in _asked(case):
        return FieldRefusal("whom", Sentence("This person's request does not wait any more."))
    return None


def names_what_is_held(case: CaseView, actor: Actor, form: Any, at: datetime) -> FieldRefusal | None:  # noqa: ANN401
    """The entry says exactly what was shown."""
    if form.shown == held(case):
        return None
    return FieldRefusal("shown", Sentence("This is shown on its own page only."))


def note_request(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember who waits."""
    return _waiting({**_asked(case), str(actor.person_id): at.isoformat()})


def note_grant(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Open it for one person; what has run out is forgotten."""
    live = {
        person: granted_at
        for person, granted_at in (case.facts.get(GRANTS) or {}).items()
        if at - datetime.fromisoformat(granted_at) <= SHOWN_WITHIN
    }
    changes = note_decision(case, actor, form, at)
    changes["facts"][GRANTS] = {**live, str(form.whom): at.isoformat()}
    return changes


def note_decision(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Take the request off those that wait."""
    return _waiting({person: moment for person, moment in _asked(case).items() if person != str(form.whom)})


def _asked(case: CaseView) -> dict[str, str]:
    return dict(case.facts.get(REQUESTS) or {})


def _waiting(requests: dict[str, str]) -> dict[str, Any]:
    first = min(requests.values(), default=None)
    return {"facts": {REQUESTS: requests}, "asked_at": datetime.fromisoformat(first) if first else None}


EFFECTS = {
    "ask_to_agree": Label("请第二人同意", "Ask a second person to agree"),
    "tell_asker": Label("告知申请人", "Tell who asked"),
}
COMPANIONS = frozenset({"check_second_person", "count_reveal"})


def steps(states: Iterable[State], *, handling: tuple[Guard, ...]) -> tuple[Transition, ...]:
    """Return the steps by which somebody comes to see who reported; `handling` guards one's own report."""
    everywhere = frozenset(states)
    apart = (*handling, is_not_of_venue)
    return (
        Transition(
            "request_identity", zh="申请查看举报人", en="Ask who the reporter is", sources=everywhere, target=None,
            roles=ASKERS, guards=(*apart, has_identity, has_not_asked), form=IdentityRequest, changes=note_request,
            effects=("ask_to_agree",),
            hint=Label("需主管或负责人同意，申请与查看均记入时间线。",
                       "A supervisor or leader has to agree; asking and looking both stand in the timeline."),
        ),
        Transition(
            "grant_identity", zh="同意查看举报人", en="Agree to show the reporter", sources=everywhere, target=None,
            roles=GRANTERS, guards=(*apart, somebody_else_asked, has_identity), form=IdentityGrant,
            checks=(asked_for_it,), changes=note_grant, companions=("check_second_person",), effects=("tell_asker",),
            quiet=True,
        ),
        Transition(
            "refuse_identity", zh="不同意查看举报人", en="Refuse to show the reporter", sources=everywhere,
            target=None, roles=GRANTERS, guards=(*apart, somebody_else_asked), form=IdentityRefusal,
            checks=(asked_for_it,), changes=note_decision, effects=("tell_asker",), quiet=True,
        ),
        Transition(
            "reveal_identity", zh="查看举报人", en="See who the reporter is", sources=everywhere, target=None,
            roles=ASKERS, guards=(*apart, has_identity, holds_grant), form=IdentityReveal,
            checks=(names_what_is_held,), companions=("count_reveal",), quiet=True,
        ),
    )  # fmt: skip
