"""Organisations: brigades, stations, street desks, micro stations, industry departments, the platform's operator."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import access, catalogue, people, register_log
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.forms import Form, LabelledChoice, Latitude, Longitude, choice_field, line_field, select_field, text_field
from domain.identifiers import NotAPhoneNumber, clean_phone, new_id
from domain.language import N_, Sentence
from domain.models import Area, Organisation
from domain.queries import area_tree
from domain.rights import Right
from domain.workflow import FieldRefusal


class Kind(LabelledChoice):
    """What an organisation is."""

    BRIGADE = "brigade", "消防救援大队", "Fire brigade"
    STATION = "station", "消防救援站", "Fire station"
    STREET_DESK = "street_desk", "街道消防工作站", "Street fire desk"
    TOWN_BRIGADE = "town_brigade", "乡镇专职消防队", "Town brigade"
    MICRO_STATION = "micro_station", "微型消防站", "Micro fire station"
    DEPARTMENT = "industry_department", "行业主管部门", "Industry department"
    OPERATOR = "platform_operator", "平台运营单位", "Platform operator"
    MAINTENANCE = "maintenance", "消防技术服务机构", "Maintenance company"


class OrganisationForm(Form):
    """What is written down of an organisation."""

    name: str = line_field(N_("Its name"), limit=80)
    name_en: str | None = line_field(N_("Name in English"), limit=120, required=False)
    kind: Kind = choice_field(N_("Kind"), widget="choice")
    area: str | None = select_field(N_("Area"), of="areas", required=False)
    parent: str | None = select_field(N_("Belongs to"), of="organisations", required=False)
    industry: str | None = select_field(N_("Industry"), of="industries", required=False,
                                        hint=N_("For an industry department: whose venues it sees"))  # fmt: skip
    phone: str | None = line_field(N_("Phone"), limit=40, required=False)
    address: str | None = line_field(N_("Address"), limit=200, required=False)
    lat: Latitude | None = Field(None, title=N_("Latitude"), json_schema_extra={"widget": "line", "optional": True})
    lon: Longitude | None = Field(None, title=N_("Longitude"), json_schema_extra={"widget": "line", "optional": True})


class NewOrganisation(OrganisationForm):
    """A new organisation."""

    code: str = line_field(N_("Code"), limit=24, hint=N_("Letters, digits and hyphens; it never changes"))


class OrganisationEnd(Form):
    """An organisation is no more."""

    ended_on: date = Field(..., title=N_("From"), json_schema_extra={"widget": "date"})
    reason: str = text_field(N_("Reason"), limit=300)


class UnknownOrganisation(access.OutOfReach):
    """There is no such organisation, or not for this person."""


def by_code(session: Session, code: str) -> Organisation:
    """Return the organisation with that code; raises `UnknownOrganisation`."""
    query = select(Organisation).where(col(Organisation.code) == code)
    found: Organisation | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise UnknownOrganisation(code)
    return found


def listed(session: Session, *, day: date, ended: bool = False) -> list[tuple[Organisation, Area | None]]:
    """Return the organisations with their areas, by area and name; with `ended` those that are no more as well."""
    query = select(Organisation, Area).outerjoin(Area, col(Area.id) == Organisation.area_id)
    if not ended:
        query = query.where(or_(col(Organisation.ended_on).is_(None), col(Organisation.ended_on) > day))
    rows = session.execute(query.order_by(col(Area.path), col(Organisation.kind), col(Organisation.name)))
    return [(row.Organisation, row.Area) for row in rows]


def known_to(
    session: Session, actor: Actor, *, day: date, ended: bool = False
) -> list[tuple[Organisation, Area | None]]:
    """Return those of `listed` that this actor may know of: of the whole city, or of an area within their reach."""
    reached = set(session.execute(select(col(Area.id)).where(area_tree.reachable(actor))).scalars())
    found = listed(session, day=day, ended=ended)
    return [(body, area) for body, area in found if area is None or area.id in reached]


def within(session: Session, actor: Actor, code: str) -> Organisation:
    """Return the organisation with that code; raises `UnknownOrganisation`, also for one out of reach."""
    found = by_code(session, code)
    if found.area_id is not None:
        reached = select(col(Area.id)).where(col(Area.id) == found.area_id, area_tree.reachable(actor))
        if session.execute(reached).first() is None:
            raise UnknownOrganisation(code)
    return found


def _refuse(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))


def _values(session: Session, form: OrganisationForm, actor: Actor) -> dict[str, Any]:
    """Return the columns a form stands for; raises `FieldRefused`."""
    area = session.execute(select(Area).where(col(Area.code) == form.area)).scalar_one_or_none() if form.area else None
    if form.area and (area is None or area.ended_on is not None):
        raise _refuse("area", Sentence("There is no area with this code."))
    try:
        parent = within(session, actor, form.parent) if form.parent else None
        phone = clean_phone(form.phone) if form.phone else None
    except UnknownOrganisation:
        raise _refuse("parent", Sentence("There is no organisation with this code.")) from None
    except NotAPhoneNumber as wrong:
        raise _refuse("phone", wrong.reason) from None
    if (form.lat is None) != (form.lon is None):
        raise _refuse("lon" if form.lon is None else "lat", Sentence("A position is a latitude and a longitude."))
    if form.industry and form.industry not in catalogue.industries():
        raise _refuse("industry", Sentence("Please choose one of the given answers."))
    if form.kind is Kind.DEPARTMENT and not form.industry:
        raise _refuse("industry", Sentence("Say which industry the department is for."))
    return {
        "name": form.name, "name_en": form.name_en or "", "kind": form.kind.value,
        "area_id": area.id if area else None, "parent_id": parent.id if parent else None, "industry": form.industry,
        "phone": phone, "address": form.address or "", "lat": form.lat, "lon": form.lon,
    }  # fmt: skip


def add(session: Session, form: NewOrganisation, *, actor: Actor, at: datetime) -> Organisation:
    """Add an organisation; raises `FieldRefused`, `NotPermitted`."""
    values = _values(session, form, actor)
    access.require(session, actor, Right.MANAGE_AREAS, area_id=values["area_id"])
    if not all(part.isalnum() and part.isascii() for part in form.code.split("-")):
        raise _refuse("code", Sentence("Letters, digits and hyphens only."))
    if session.execute(select(col(Organisation.id)).where(col(Organisation.code) == form.code)).first():
        raise _refuse("code", Sentence("There is an organisation with this code already."))
    made = Organisation(id=new_id(), code=form.code, from_on=people.local_day(at), **values)
    session.add(made)
    session.flush()
    data = {"code": form.code, **{name: value for name, value in values.items() if value not in (None, "")}}
    register_log.record(session, "organisation", made.id, "add", actor=actor, at=at, data=data)
    return made


def change(session: Session, organisation: Organisation, form: OrganisationForm, *, actor: Actor, at: datetime) -> None:
    """Write down what changed; raises `FieldRefused`, `NotPermitted`."""
    access.require(session, actor, Right.MANAGE_AREAS, area_id=organisation.area_id)
    values = _values(session, form, actor)
    access.require(session, actor, Right.MANAGE_AREAS, area_id=values["area_id"])
    if _is_below(session, organisation, values["parent_id"]):
        raise _refuse("parent", Sentence("An organisation does not belong to itself."))
    changed = register_log.changes({name: getattr(organisation, name) for name in values}, values)
    if not changed:
        return
    for name, value in values.items():
        setattr(organisation, name, value)
    register_log.record(session, "organisation", organisation.id, "change", actor=actor, at=at, data=changed)


def _is_below(session: Session, organisation: Organisation, parent_id: Any) -> bool:  # noqa: ANN401 - a UUID or None
    seen = set()
    while parent_id is not None and parent_id not in seen:
        if parent_id == organisation.id:
            return True
        seen.add(parent_id)
        parent_id = session.execute(
            select(col(Organisation.parent_id)).where(col(Organisation.id) == parent_id)
        ).scalar()
    return False


def end(session: Session, organisation: Organisation, form: OrganisationEnd, *, actor: Actor, at: datetime) -> None:
    """End an organisation on a day; it stays readable with all it did."""
    access.require(session, actor, Right.MANAGE_AREAS, area_id=organisation.area_id)
    if organisation.ended_on is not None:
        raise _refuse("ended_on", Sentence("It has ended already."))
    if form.ended_on < organisation.from_on:
        raise _refuse("ended_on", Sentence("This is before it began."))
    organisation.ended_on = form.ended_on
    data = {"ended_on": form.ended_on, "reason": form.reason}
    register_log.record(session, "organisation", organisation.id, "end", actor=actor, at=at, data=data)
