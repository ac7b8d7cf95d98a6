"""What is entered into the register: one Pydantic model for the page, the JSON API and the rows of an import."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from domain import catalogue
from domain.credit_code import clean_credit_code
from domain.forms import Form, LabelledChoice, Latitude, Longitude, choice_field, line_field, text_field
from domain.identifiers import NotAnIdentifier, clean_phone
from domain.language import N_, Sentence
from domain.opening_hours import checked_hours, read_hours

MOST_AT_ONCE = 200
"""Facilities added by one form."""
EARLIEST = date(1900, 1, 1)
LATEST = date(2199, 12, 31)


def refused(reason: Sentence) -> PydanticCustomError:
    """Return the fault of a field that says `reason` to the person who typed it."""
    return PydanticCustomError("sentence", "refused", {"sentence": reason})


def _credit_code(text: str) -> str:
    try:
        return clean_credit_code(text)
    except NotAnIdentifier as wrong:
        raise refused(wrong.reason) from wrong


def _phone(text: str) -> str:
    try:
        return clean_phone(text)
    except NotAnIdentifier as wrong:
        raise refused(wrong.reason) from wrong


def _hours(typed: Any) -> Any:  # noqa: ANN401 - a text, lines of text, or data
    try:
        if isinstance(typed, str):
            return read_hours(typed)
        if isinstance(typed, list) and all(isinstance(line, str) for line in typed):
            return read_hours("\n".join(typed))
        if isinstance(typed, list) and all(isinstance(span, dict) for span in typed):
            return checked_hours(typed)
    except NotAnIdentifier as wrong:
        raise refused(wrong.reason) from wrong
    return typed


def _own(phone: str) -> str:
    if not phone.startswith("+"):
        raise refused(Sentence("Write the person's own number, not a hotline."))
    return phone


def _one_of(listed: Any) -> AfterValidator:  # noqa: ANN401 - a function that returns a mapping by code
    def check(code: str) -> str:
        if code not in listed():
            raise refused(Sentence("Please choose one of the given answers."))
        return code

    return AfterValidator(check)


CreditCode = Annotated[str, AfterValidator(_credit_code)]
Phone = Annotated[str, AfterValidator(_phone)]
OwnPhone = Annotated[str, AfterValidator(_phone), AfterValidator(_own)]
"""A number at which one person is reached: not a hotline."""
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Hours = Annotated[list[dict[str, Any]], BeforeValidator(_hours)]
VenueClassCode = Annotated[str, _one_of(catalogue.venue_classes)]
IndustryCode = Annotated[str, _one_of(catalogue.industries)]
FacilityKindCode = Annotated[str, _one_of(catalogue.facility_kinds)]
KeyPartKindCode = Annotated[str, _one_of(catalogue.key_part_kinds)]
DocumentKindCode = Annotated[str, _one_of(catalogue.document_kinds)]


def select_field(title: str, *, listed: str, required: bool = True, hint: str = "") -> Any:  # noqa: ANN401
    """Return a field chosen from a list the page makes, by the list's name."""
    extra: dict[str, Any] = {"widget": "select", "of": listed, "hint": hint}
    if required:
        return Field(..., min_length=1, max_length=80, title=title, json_schema_extra=extra)
    return Field(None, max_length=80, title=title, json_schema_extra={**extra, "optional": True})


def number_field(title: str, *, least: float = 0, most: float = catalogue.LARGEST_SIZE, required: bool = False) -> Any:  # noqa: ANN401
    """Return a field for a number from `least` to `most`."""
    extra: dict[str, Any] = {"widget": "number"}
    if required:
        return Field(..., ge=least, le=most, title=title, json_schema_extra=extra)
    return Field(None, ge=least, le=most, title=title, json_schema_extra={**extra, "optional": True})


def date_field(title: str, *, required: bool = False, hint: str = "") -> Any:  # noqa: ANN401
    """Return a field for a calendar day."""
    extra: dict[str, Any] = {"widget": "date", "hint": hint}
    if required:
        return Field(..., title=title, json_schema_extra=extra)
    return Field(None, title=title, json_schema_extra={**extra, "optional": True})


class VenueFacts(Form):
    """What is known of a venue; people, buildings and decisions have forms of their own."""

    name: str = line_field(N_("Name of the venue"), limit=80)
    name_en: str | None = line_field(N_("Name in English"), limit=120, required=False)
    class_code: VenueClassCode = select_field(N_("Class"), listed="classes")
    industry: IndustryCode | None = select_field(N_("Industry"), listed="industries", required=False)
    credit_code: CreditCode | None = line_field(N_("Unified social credit code"), limit=40, required=False)
    address: str = line_field(N_("Address"), limit=200)
    area: str = select_field(N_("Area"), listed="areas")
    lat: Latitude | None = Field(None, title=N_("Latitude (WGS-84)"),
                                 json_schema_extra={"widget": "number", "optional": True})  # fmt: skip
    lon: Longitude | None = Field(None, title=N_("Longitude (WGS-84)"), validate_default=True,
                                  json_schema_extra={"widget": "number", "optional": True})  # fmt: skip
    phone: Phone | None = line_field(N_("Telephone of the venue"), limit=40, required=False)
    hours: Hours = Field(
        default_factory=list,
        max_length=20,
        title=N_("Opening hours"),
        json_schema_extra={"widget": "textarea", "optional": True,
                           "hint": N_("Such as: Mon–Fri 09:00–22:00; Sat, Sun 10:00–02:00")},
    )  # fmt: skip
    way_out: str | None = text_field(N_("The way out, as visitors read it"), limit=300, required=False)
    opened_on: Day | None = date_field(N_("In the register since"), hint=N_("Today when left empty"))
    area_m2: float | None = number_field(N_("Floor area (m²)"))
    storeys: int | None = number_field(N_("Storeys"), most=300)
    height_m: float | None = number_field(N_("Height (m)"), most=2000)
    rooms: int | None = number_field(N_("Guest rooms"))
    beds: int | None = number_field(N_("Beds"))
    seats: int | None = number_field(N_("Seats"))
    people: int | None = number_field(N_("Capacity (people)"))
    stalls: int | None = number_field(N_("Stalls"))

    @field_validator("lon", mode="after")
    @classmethod
    def _both_or_neither(cls, lon: float | None, info: ValidationInfo) -> float | None:
        """Refuse half a position, and the zeros that devices without a fix write."""
        if "lat" in info.data and (info.data["lat"] is None) != (lon is None):
            raise refused(Sentence("Write both latitude and longitude, or neither."))
        if lon == 0 and info.data.get("lat") == 0:
            raise refused(Sentence("0, 0 is no position of a venue."))
        return None if lon is None else round(lon, 6)

    @field_validator("lat", mode="after")
    @classmethod
    def _rounded(cls, lat: float | None) -> float | None:
        """Keep six decimals, a tenth of a metre."""
        return None if lat is None else round(lat, 6)

    @property
    def sizes(self) -> dict[str, float | int]:
        """Return the sizes that were given, by the names of `catalogue.SIZES`."""
        given = {name: getattr(self, name) for name in catalogue.SIZES}
        return {name: value for name, value in given.items() if value is not None}


class Reason(Form):
    """Why something of the register ends, stops or goes on."""

    reason: str = text_field(N_("Reason"), limit=300)


class Closing(Reason):
    """From which day on a venue exists no more, and why."""

    closed_on: Day | None = date_field(N_("Closed from"), hint=N_("Today when left empty"))


class YesNo(LabelledChoice):
    """Yes or no."""

    YES = "yes", "是", "Yes"
    NO = "no", "否", "No"


class KeyUnitDecision(Form):
    """Whether a venue is a 消防安全重点单位: decided by a person, on a stated basis."""

    is_key_unit: YesNo = choice_field(N_("Key unit for fire safety"))
    since: Day | None = date_field(N_("Since"), hint=N_("Today when left empty"))
    basis: str = line_field(N_("Basis of the decision"), limit=300)


class VenuePost(LabelledChoice):
    """Posts at a venue; the words are those of `actors.ROLE_LABELS`."""

    OWNER = "owner", "消防安全责任人", "Responsible person"
    MANAGER = "manager", "消防安全管理人", "Fire safety manager"
    OFFICER = "officer", "消防巡查人", "Patrol officer"


class Appointment(Form):
    """Who holds which post at a venue, by real name, from when."""

    role: VenuePost = choice_field(N_("Post"))
    name: str = line_field(N_("Real name"), limit=60)
    phone: OwnPhone = line_field(N_("Mobile phone"), limit=40, hint=N_("By it we know a person again"))
    from_on: Day | None = date_field(N_("First day"), hint=N_("Today when left empty"))
    until_on: Day | None = date_field(N_("Last day"))


class EndOfPost(Reason):
    """The last day of a post, and why it ends."""

    until_on: Day | None = date_field(N_("Last day"), hint=N_("Today when left empty"))


class FireResistance(LabelledChoice):
    """耐火等级 (GB 50016-2014, 3.2 and 5.1)."""

    ONE = "一", "一级", "Class I"
    TWO = "二", "二级", "Class II"
    THREE = "三", "三级", "Class III"
    FOUR = "四", "四级", "Class IV"


class BuildingFacts(Form):
    """A building of a venue; its floors are made from the number of its storeys."""

    name: str = line_field(N_("Name of the building"), limit=80)
    storeys_above: int | None = number_field(N_("Storeys above ground"), most=200)
    storeys_below: int | None = number_field(N_("Storeys below ground"), most=20)
    height_m: float | None = number_field(N_("Height (m)"), most=2000)
    area_m2: float | None = number_field(N_("Floor area (m²)"))
    fire_resistance: FireResistance | None = choice_field(N_("Fire resistance class"), required=False)
    use: str | None = line_field(N_("Use"), limit=60, required=False)
    built_on: Day | None = date_field(N_("Built on"))


class FloorFacts(Form):
    """A floor: 1 is the ground floor, -1 the first below it."""

    number: int = Field(..., ge=-20, le=200, title=N_("Number of the floor"), json_schema_extra={
        "widget": "number", "hint": N_("1 is the ground floor, -1 the first below it")})  # fmt: skip
    name: str | None = line_field(N_("Name of the floor"), limit=60, required=False)
    use: str | None = line_field(N_("Use"), limit=60, required=False)

    @field_validator("number")
    @classmethod
    def _no_zero(cls, number: int) -> int:
        """Refuse 0: the ground floor is 1."""
        if number == 0:
            raise refused(Sentence("There is no floor 0: the ground floor is 1, below it comes -1."))
        return number


class KeyPartFacts(Form):
    """A 消防安全重点部位 and who answers for it."""

    kind: KeyPartKindCode = select_field(N_("Kind"), listed="key_part_kinds")
    name: str = line_field(N_("Name of the key part"), limit=80)
    where: str | None = select_field(N_("Building or floor"), listed="places", required=False)
    location: str | None = line_field(N_("Where exactly"), limit=120, required=False)
    responsible: str | None = select_field(N_("Person responsible"), listed="people", required=False)


class FacilityFacts(Form):
    """One piece of fire safety equipment."""

    kind: FacilityKindCode = select_field(N_("Kind"), listed="facility_kinds")
    number: str | None = line_field(
        N_("Number"), limit=24, required=False, hint=N_("As on the spot, such as 3F-07; made from the kind when empty")
    )
    where: str | None = select_field(N_("Building or floor"), listed="places", required=False)
    key_part: str | None = select_field(N_("Key part"), listed="key_parts", required=False)
    location: str | None = line_field(N_("Where exactly"), limit=120, required=False)
    model: str | None = line_field(N_("Model"), limit=60, required=False)
    maker: str | None = line_field(N_("Maker"), limit=80, required=False)
    made_on: Day | None = date_field(N_("Made on"))
    installed_on: Day | None = date_field(N_("Installed on"))
    expires_on: Day | None = date_field(N_("To be serviced or replaced by"))
    responsible: str | None = select_field(N_("Person responsible"), listed="people", required=False)


class NewFacilities(FacilityFacts):
    """One facility, or several alike with numbers that follow each other."""

    count: int = Field(1, ge=1, le=MOST_AT_ONCE, title=N_("How many"), json_schema_extra={"widget": "number"})


class Move(Form):
    """Where a facility is from now on."""

    where: str | None = select_field(N_("Building or floor"), listed="places", required=False)
    key_part: str | None = select_field(N_("Key part"), listed="key_parts", required=False)
    location: str | None = line_field(N_("Where exactly"), limit=120, required=False)


class Ending(Reason):
    """From which day on something is there no more, and why."""

    ended_on: Day | None = date_field(N_("Gone from"), hint=N_("Today when left empty"))


class DocumentFacts(Form):
    """What a file of a venue is."""

    kind: DocumentKindCode = select_field(N_("Kind"), listed="document_kinds")
    name: str | None = line_field(
        N_("Name of the document"), limit=120, required=False, hint=N_("The file's own name when left empty")
    )
    expires_on: Day | None = date_field(N_("Valid until"))


class Reveal(Form):
    """Why somebody has to see a phone number."""

    reason: str = line_field(N_("Why do you need the number?"), limit=200)
