"""What the steps of a patrol take in. The phone fills most of them; people those with words of their own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.forms import Form, LabelledChoice, Photos, choice_field, photos_field, text_field
from domain.language import N_


class Gap(BaseModel):
    """From when to when nobody made a round although somebody had to."""

    model_config = ConfigDict(extra="forbid")

    from_at: datetime
    until_at: datetime


class Delivered(Form):
    """What one delivery of a phone brought; the records stand in tables of their own, their digest stands here."""

    batch: UUID
    device: UUID
    check_ins: int = Field(0, ge=0)
    answers: int = Field(0, ge=0)
    failed: int = Field(0, ge=0)
    sha256: str = Field(..., min_length=64, max_length=64)
    doubts: int = Field(0, ge=0)
    """Marks of doubt of the whole task that are not decided on, after this delivery."""
    conflicts: int = Field(0, ge=0)
    """Answers of the whole task that another phone answered differently, after this delivery."""


class Critical(Form):
    """A critical item that is not in order."""

    answer: UUID
    item: str
    title: str
    point: str = ""
    rectification: str | None = None
    others: int = Field(0, ge=0)
    """How many more of the same delivery."""


class Completion(Form):
    """The work is done."""

    worked_until: datetime
    """When it ended, by our clock as far as the phone's can be corrected."""
    points: int = Field(0, ge=0)
    points_done: int = Field(0, ge=0)
    failed: int = Field(0, ge=0)
    signature: UUID | None = None
    signed_name: str = Field("", max_length=80)
    """The full name of whoever signed by typing it."""
    gaps: list[Gap] = Field(default_factory=list)


class Judged(Form):
    """Rounds with gaps that are too long."""

    gaps: list[Gap] = Field(..., min_length=1)
    limit_minutes: int


class Rebound(Form):
    """Nobody had begun when the checklist was changed: it is asked as it stands now."""

    version: UUID
    number: int


class Reason(Form):
    """Why."""

    reason: str = text_field(N_("Reason"), limit=500)


class Contest(Form):
    """Who carried it out says how it was."""

    text: str = text_field(N_("How it was"))
    photos: Photos = photos_field(N_("Photos"))


class DoubtVerdict(LabelledChoice):
    """What becomes of a doubt."""

    CLEARED = "cleared", "情况属实，予以认可", "Accepted: it happened as recorded"
    UPHELD = "upheld", "存疑成立", "The doubt stands"


class DoubtDecision(Form):
    """Somebody decides on the doubts about one check-in or answer."""

    subject: UUID = Field(..., title=N_("Record"), json_schema_extra={"widget": "hidden"})
    verdict: DoubtVerdict = choice_field(N_("Decision"))
    reason: str = text_field(N_("Reason"), limit=500)


class ConflictDecision(Form):
    """Somebody decides which of two answers stands."""

    answer: UUID = Field(..., title=N_("The answer that stands"), json_schema_extra={"widget": "hidden"})
    reason: str = text_field(N_("Reason"), limit=500)
