"""The forms of 隐患举报, and the two small changes a merge writes onto the other report."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.actors import Actor
from domain.forms import (
    Form,
    LabelledChoice,
    Latitude,
    Longitude,
    Photos,
    Sealed,
    choice_field,
    line_field,
    person_field,
    photos_field,
    text_field,
)
from domain.language import N_
from domain.workflow import CaseView


class VerifyClass(LabelledChoice):
    """How soon a report is verified on site (消防监督检查规定 第十八条)."""

    A24H = "A24H", "法定 24 小时内核查", "Within 24 hours by law"
    B3WD = "B3WD", "法定 3 个工作日内核查", "Within 3 working days by law"


class Outcome(LabelledChoice):
    """What the check on site showed."""

    SUBSTANTIATED = "substantiated", "属实", "Substantiated"
    PARTLY = "partly", "部分属实", "Partly substantiated"
    NOT = "not_substantiated", "不属实", "Not substantiated"
    COULD_NOT = "could_not_be_checked", "无法核实", "Could not be checked"


class RejectReason(LabelledChoice):
    """Why a report is not taken up."""

    NOT_FIRE = "not_fire", "非消防事项", "Not a fire safety matter"
    NO_PLACE = "no_place", "地点不明且无法联系", "Place unknown and nobody to ask"
    DONE = "already_done", "同一事项已办结", "The same matter is closed already"
    OTHER = "other", "其他", "Other"


class Accept(Form):
    """The report is taken up."""

    hazard_code: str = line_field(N_("Hazard"), limit=8, widget="hazard")
    verify_class: VerifyClass | None = choice_field(N_("Verify within"), required=False)
    venue_code: str | None = line_field(N_("Venue code"), limit=12, required=False, widget="venue")
    place: str | None = line_field(N_("Place"), limit=200, required=False)
    area: str | None = line_field(
        N_("Area"),
        limit=24,
        required=False,
        widget="area",
        hint=N_("Needed where there is no venue code"),
    )


class Reject(Form):
    """The report is not taken up; the reporter hears why and, where the matter is somebody else's, whose."""

    reason: RejectReason = choice_field(N_("Reason"))
    explanation: str = text_field(N_("Explanation for the reporter"), limit=300)
    competent: str | None = line_field(
        N_("Who is competent"),
        hint=N_("Authority and how to reach it; needed when the matter belongs to somebody else"),
        required=False,
    )


class Transfer(Form):
    """Another authority takes over."""

    authority: str = line_field(N_("Authority"))
    contact: str = line_field(N_("Its contact"), limit=200)
    explanation: str | None = text_field(N_("Explanation for the reporter"), limit=300, required=False)


class Merge(Form):
    """The report is handled together with an earlier one on the same premises."""

    into: str = line_field(N_("Into which report"), limit=20, widget="case")


class Reason(Form):
    """Why."""

    reason: str = text_field(N_("Reason"), limit=500)


class Assign(Form):
    """Who checks on site: the area's warden, or two inspectors (消防监督检查规定 第十四条)."""

    assignee: UUID = person_field(N_("Warden or inspector"), roles=("warden", "inspector"))
    second: UUID | None = person_field(N_("Second inspector"), roles=("inspector",), required=False)


class Decline(Form):
    """The assignee cannot do it."""

    reason: str = text_field(N_("Reason"), limit=500)
    who_instead: str | None = line_field(N_("Who should have it"), required=False)


class StartCheck(Form):
    """The assignee stands on site."""

    venue_code: str | None = line_field(
        N_("Code at the door"), limit=12, required=False, widget="scan", either_with="no_code_reason"
    )
    no_code_reason: str | None = line_field(
        N_("Why the code was not scanned"), required=False, either_with="venue_code"
    )
    lat: Latitude | None = Field(None, title=N_("Latitude"), json_schema_extra={"widget": "position", "optional": True})
    lon: Longitude | None = Field(None, title=N_("Longitude"), json_schema_extra={"widget": "hidden", "optional": True})
    accuracy_m: float | None = Field(
        None, ge=0, title=N_("Accuracy in metres"), json_schema_extra={"widget": "hidden", "optional": True}
    )


class Finding(Form):
    """What was seen on site."""

    outcome: Outcome = choice_field(N_("Outcome"))
    description: str = text_field(N_("What you found"), limit=2000)
    hazards: list[str] = Field(
        default_factory=list,
        max_length=20,
        title=N_("Hazards found"),
        json_schema_extra={"widget": "hazards", "optional": True},
    )
    corrected: list[str] = Field(
        default_factory=list,
        max_length=20,
        title=N_("Corrected on the spot"),
        json_schema_extra={"widget": "hazards", "optional": True},
    )
    photos: Photos = photos_field(N_("Photos"), either_with="no_photo_reason")
    no_photo_reason: str | None = line_field(
        N_("Why there is no photo"), limit=200, required=False, either_with="photos"
    )


class Reply(Form):
    """What the reporter is told."""

    text: str | None = text_field(
        N_("Reply to the reporter"), limit=500, required=False, either_with="cannot_tell_reason"
    )
    cannot_tell_reason: str | None = line_field(
        N_("Why nobody can be told"), limit=200, required=False, either_with="text"
    )


class SendBack(Form):
    """The finding is not enough."""

    missing: str = text_field(N_("What is missing"), limit=500)


class Objection(Form):
    """The reporter is not satisfied with the answer."""

    text: Annotated[str, Sealed("objection")] = text_field(N_("What is still wrong"), limit=1000)
    photos: Photos = photos_field(N_("Photos"))


class Rating(Form):
    """How satisfied the reporter is, 1 (not at all) to 5 (very)."""

    rating: int = Field(..., ge=1, le=5, title=N_("How satisfied are you?"), json_schema_extra={"widget": "rating"})
    comment: Annotated[str | None, Sealed("rating")] = text_field(N_("Comment"), limit=500, required=False)


class Closing(Form):
    """Why the system closes."""

    clock: str | None = None
    level: int | None = None
    due_at: datetime | None = None
    satisfied: bool = False


class Withdrawal(Form):
    """The reporter takes the report back."""

    reason: Annotated[str | None, Sealed("withdrawal")] = text_field(N_("Reason"), limit=500, required=False)


class Addition(Form):
    """Something the reporter adds."""

    text: Annotated[str, Sealed("addition")] = text_field(N_("What you want to add"), limit=1000)
    photos: Photos = photos_field(N_("Photos"))


class Reclassify(Form):
    """The hazard or its class was wrong."""

    hazard_code: str = line_field(N_("Hazard"), limit=8, widget="hazard")
    verify_class: VerifyClass | None = choice_field(N_("Verify within"), required=False)
    reason: str = text_field(N_("Reason"), limit=500)


class SharedReply(Form):
    """The answer to the report this one was merged into."""

    text: str = text_field(N_("Reply to the reporter"), limit=500)


class OtherCase(Form):
    """The linked case an entry speaks of."""

    other: str = line_field(N_("Other case"), limit=20)


def note_absorbed(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember which reports were merged into this one."""
    return {"facts": {"absorbed": [*case.facts.get("absorbed", ()), form.other]}}


def note_released(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Forget a report that was taken out again."""
    return {"facts": {"absorbed": [number for number in case.facts.get("absorbed", ()) if number != form.other]}}


def note_corrected(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Remember which rectifications are done, so that each is told once."""
    return {"facts": {"corrected_cases": [*case.facts.get("corrected_cases", ()), form.other]}}


def note_shared(case: CaseView, actor: Actor, form: Any, at: datetime) -> dict[str, Any]:  # noqa: ANN401
    """Keep the answer where the reporter's page reads it."""
    return {"facts": {"reply": form.text, "replied_at": at.isoformat(), "rating": None}}
