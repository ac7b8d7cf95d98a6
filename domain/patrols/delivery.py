"""What a phone sends: one delivery for one task. Its envelope is read whole; its records one by one.

A record that cannot be read is refused by its id and stays on the phone; it never holds up the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from domain.patrols.items import LONGEST_COMMENT

MOST_RECORDS = 3000
"""Check-ins or answers of one delivery: 400 points with seven items each; the phone sends more in several."""
MOST_PHOTOS = 9
"""Of one answer."""
PHOTOS_OF_TASK = 150
LONGEST_REASON = 300
LONGEST_CODE = 200
LONGEST_NAME = 80
"""A code, or the address that stands in the square code."""
MOST_ROUNDS = 200
MOST_SEQ = 2**31 - 1
MOST_OFFSET_MS = 10**12
"""Thirty years: a phone that lost its battery says 1970."""
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _countable(at: datetime) -> datetime:
    """Return a moment that a year can still be added to, in UTC; raises ValueError for what no clock says."""
    at = at.astimezone(UTC) if _EARLIEST - timedelta(days=2) < at < _LATEST + timedelta(days=2) else at
    if not _EARLIEST <= at <= _LATEST:
        msg = "no clock says so"
        raise ValueError(msg)
    return at


def storable(text: Any) -> Any:  # noqa: ANN401 - whatever came in
    """Return a text without what no database keeps, NUL and halves of a character; anything else as it is."""
    if not isinstance(text, str):
        return text
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


Moment = Annotated[AwareDatetime, AfterValidator(_countable)]
Text = Annotated[str, BeforeValidator(storable)]
Reason = Annotated[Text, Field(max_length=LONGEST_REASON)]


class Sent(BaseModel):
    """Anything sent; what is not known is left aside: a newer phone may say more than we ask."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, allow_inf_nan=False)


class PhoneClock(Sent):
    """What the phone knows of our clock: `offset_ms` is ours minus its own at the last contact."""

    offset_ms: float | None = Field(None, ge=-MOST_OFFSET_MS, le=MOST_OFFSET_MS)
    contact_at: Moment | None = None
    """By the phone's clock."""


class Record(Sent):
    """Anything of a delivery that has an id of its own; the rest is read one by one."""

    model_config = ConfigDict(extra="allow")

    id: UUID


class Done(Sent):
    """Whoever carried it out says that it is done."""

    claimed_at: Moment
    signature: UUID | None = None
    """A photo."""
    typed: Annotated[Text, Field(max_length=LONGEST_NAME)] = ""
    """The name somebody typed instead of drawing it."""


class Delivery(Sent):
    """The envelope."""

    batch: UUID
    device: UUID
    person: UUID
    task: UUID
    sent_at: Moment
    """By the phone's clock."""
    clock: PhoneClock = Field(default_factory=PhoneClock)
    check_ins: list[Record] = Field(default_factory=list, max_length=MOST_RECORDS)
    answers: list[Record] = Field(default_factory=list, max_length=MOST_RECORDS)
    done: Done | None = None

    @property
    def ids(self) -> list[UUID]:
        """Return the ids of all records, in the order sent."""
        return [record.id for record in (*self.check_ins, *self.answers)]


class CheckIn(Sent):
    """Somebody was at a point."""

    id: UUID
    seq: int = Field(0, ge=0, le=MOST_SEQ)
    round: int = Field(1, ge=1, le=MOST_ROUNDS)
    point: int = Field(0, ge=0, le=MOST_SEQ)
    code: Annotated[Text, Field(max_length=LONGEST_CODE)] = ""
    how: Literal["camera", "typed", "none"]
    reason: Reason = ""
    claimed_at: Moment
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    accuracy_m: float | None = Field(None, ge=0, le=1e7)


class Answer(Sent):
    """What somebody found about one item at one point."""

    id: UUID
    seq: int = Field(0, ge=0, le=MOST_SEQ)
    round: int = Field(1, ge=1, le=MOST_ROUNDS)
    point: int = Field(0, ge=0, le=MOST_SEQ)
    item: Annotated[Text, Field(min_length=1, max_length=24)]
    version: UUID
    value: dict[str, Any] = Field(default_factory=dict)
    comment: Annotated[Text, Field(max_length=LONGEST_COMMENT)] = ""
    photos: list[UUID] = Field(default_factory=list, max_length=MOST_PHOTOS)
    claimed_at: Moment
    corrected: bool = False
    """It was put right while they stood there; before and after are on the photos."""


Read = TypeVar("Read", CheckIn, Answer)


def read_records(records: Iterable[Record], model: type[Read]) -> tuple[list[Read], list[tuple[UUID, ValidationError]]]:
    """Return the records that can be read, each id once (the last of them), and the faults of the others."""
    good: dict[UUID, Read] = {}
    bad: list[tuple[UUID, ValidationError]] = []
    for record in records:
        try:
            good[record.id] = model.model_validate({**(record.model_extra or {}), "id": record.id})
        except ValidationError as fault:
            bad.append((record.id, fault))
    return list(good.values()), bad
