"""The forms of 入驻申请: what an applicant says of a place, and what reviewers answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from domain import catalogue
from domain.forms import Form, LabelledChoice, Latitude, Longitude, Sealed, choice_field, line_field, text_field
from domain.language import N_, Label
from domain.opening_hours import NotOpeningHours, read_hours
from domain.register_forms import CreditCode, IndustryCode, OwnPhone, VenueClassCode, refused

MOST_DOCUMENTS = 6

SIZES_OF_CLASS: Mapping[str, tuple[str, ...]] = {
    "V01": ("area_m2", "people", "storeys"),
    "V02": ("people", "rooms", "storeys"),
    "V03": ("storeys", "people"),
    "V04": ("height_m", "storeys", "area_m2"),
    "V05": ("area_m2", "rooms"),
    "V06": ("area_m2", "storeys"),
    "V07": ("people", "beds"),
    "V08": ("beds", "storeys"),
    "V09": ("rooms", "beds", "storeys"),
    "V10": ("area_m2", "seats"),
    "V11": ("area_m2", "stalls"),
    "V12": ("people", "beds", "storeys"),
    "V13": ("beds", "area_m2", "storeys"),
    "V14": ("area_m2", "storeys"),
}
"""Class → the sizes its applicants are asked for; our choice, after what the thresholds for key units ask of it."""
EXAMPLES: Mapping[str, Label] = {
    "V01": Label("工厂、车间、加工作坊", "factories, workshops"),
    "V02": Label("住 10 人以上的出租房、集体宿舍", "rented rooms or dormitories for ten and more"),
    "V03": Label("小区、居民楼", "estates, blocks of flats"),
    "V04": Label("高层写字楼、高层公寓", "tall offices, tall flats"),
    "V05": Label("歌厅、网吧、影院、棋牌室", "karaoke, internet cafés, cinemas"),
    "V06": Label("便利店、理发店、五金店", "corner shops, hairdressers"),
    "V07": Label("独居老人、残疾人、留守儿童的住所", "homes of people who need help to get out"),
    "V08": Label("养老院、日间照料中心", "care homes, day care for the elderly"),
    "V09": Label("酒店、旅馆、民宿", "hotels, inns, guest houses"),
    "V10": Label("饭店、小吃店、食堂", "restaurants, snack bars, canteens"),
    "V11": Label("商场、超市、农贸市场", "malls, supermarkets, markets"),
    "V12": Label("学校、幼儿园、培训机构", "schools, kindergartens, training centres"),
    "V13": Label("医院、诊所、体检中心", "hospitals, clinics"),
    "V14": Label("仓库、快递网点、物流园", "warehouses, parcel depots"),
}
"""Class → what people call such places, so that they find their own."""


def size_field(name: str, *, whole: bool = True) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """Return a field for a number that may be left out."""
    extra: dict[str, Any] = {"widget": "number", "optional": True, "whole": whole}
    return Field(None, ge=0, le=catalogue.LARGEST_SIZE, title=catalogue.SIZES[name].en, json_schema_extra=extra)


def _readable(hours: str) -> str:
    try:
        read_hours(hours)
    except NotOpeningHours as wrong:
        raise refused(wrong.reason) from wrong
    return hours


SaidHours = Annotated[str, AfterValidator(_readable)]
"""Opening hours in the applicant's words, such that we understand them."""


class Application(Form):
    """What an applicant says of their place. Who they are is sealed; the place is what visitors will read."""

    name: str = line_field(N_("Name of the place"), limit=80)
    class_code: VenueClassCode = line_field(N_("Kind of place"), limit=8, widget="venue_class")
    industry: IndustryCode | None = line_field(N_("Industry"), limit=24, required=False, widget="industry")
    credit_code: CreditCode | None = line_field(N_("Unified social credit code"), limit=40, required=False)
    address: str = line_field(N_("Address"), limit=200)
    area: str | None = line_field(N_("Area"), limit=24, required=False, widget="area")
    lat: Latitude | None = Field(None, title=N_("Latitude"), json_schema_extra={"widget": "position", "optional": True})
    lon: Longitude | None = Field(None, title=N_("Longitude"), json_schema_extra={"widget": "hidden", "optional": True})
    hours: SaidHours | None = line_field(
        N_("Opening hours"), limit=200, required=False, hint=N_("For example: Mon–Fri 9:00–22:00; Sat, Sun 10:00–20:00")
    )
    area_m2: float | None = size_field("area_m2", whole=False)
    storeys: int | None = size_field("storeys")
    height_m: float | None = size_field("height_m", whole=False)
    rooms: int | None = size_field("rooms")
    beds: int | None = size_field("beds")
    seats: int | None = size_field("seats")
    people: int | None = size_field("people")
    stalls: int | None = size_field("stalls")
    person: Annotated[str, Sealed("name")] = line_field(N_("Person responsible for fire safety"), limit=60)
    phone: Annotated[OwnPhone, Sealed("phone")] = line_field(N_("Their phone"), limit=40)
    documents: list[UUID] = Field(
        default_factory=list,
        max_length=MOST_DOCUMENTS,
        title=N_("Documents"),
        json_schema_extra={"widget": "documents", "optional": True},
    )
    remark: Annotated[str | None, Sealed("remark")] = text_field(
        N_("What else we should know"), limit=500, required=False
    )
    language: str = Field("zh_CN", pattern="^(zh_CN|en)$", json_schema_extra={"optional": True})


class StartReview(Form):
    """Somebody takes the application in hand."""


class Return(Form):
    """Something has to be changed before it can be decided; the applicant reads what, and where."""

    text: str = text_field(N_("What has to be changed"), limit=300)
    hint_what: str | None = line_field(N_("About the name, kind or industry"), limit=200, required=False)
    hint_code: str | None = line_field(N_("About the credit code"), limit=200, required=False)
    hint_where: str | None = line_field(N_("About the address, area or position"), limit=200, required=False)
    hint_hours: str | None = line_field(N_("About opening hours and size"), limit=200, required=False)
    hint_person: str | None = line_field(N_("About the responsible person"), limit=200, required=False)
    hint_documents: str | None = line_field(N_("About the documents"), limit=200, required=False)


class Approve(Form):
    """The place becomes a venue with a code."""

    area: str | None = line_field(
        N_("Area"), limit=24, required=False, widget="area", hint=N_("Only when it is another than was applied for")
    )
    owner: UUID | None = Field(
        None,
        title=N_("Responsible person"),
        json_schema_extra={
            "widget": "select",
            "of": "same_person",
            "optional": True,
            "hint": N_("Somebody of the register with this name and phone; otherwise a new person is entered"),
        },
    )


class RejectReason(LabelledChoice):
    """Why a place is not enrolled."""

    ALREADY_ENROLLED = "already_enrolled", "该场所已入驻", "The place is enrolled already"
    NOT_A_VENUE = "not_a_venue", "不属于入驻范围", "Not a place that is enrolled"
    NOT_ENTITLED = "not_entitled", "申请人无权代表该场所", "The applicant does not answer for the place"
    UNTRUE = "untrue", "所填情况不实", "What was said is not true"
    OTHER = "other_reason", "其他原因", "Another reason"


class Reject(Form):
    """The place is not enrolled; the applicant hears why."""

    reason: RejectReason = choice_field(N_("Reason"))
    duplicate_of: str | None = line_field(
        N_("Code of the venue it is already"),
        limit=12,
        required=False,
        widget="venue",
        hint=N_("Needed when the place is enrolled already"),
    )
    explanation: str = text_field(N_("Explanation for the applicant"), limit=300)


class Withdrawal(Form):
    """The applicant takes the application back."""

    reason: Annotated[str | None, Sealed("withdrawal")] = text_field(N_("Reason"), limit=500, required=False)
