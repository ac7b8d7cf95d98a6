"""Special campaigns: drafted by criteria, looked at before they are published, followed, ended early."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError, field_errors
from api.middleware.limits import takes_little
from api.pages.patrols import COLUMNS, links_of
from api.pages.staff_frame import staff_page
from domain import catalogue, people
from domain.access import NotPermitted, may
from domain.accounts import Identity
from domain.actors import Actor, Role
from domain.cases import FieldRefused
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import ChecklistTemplate, PatrolCampaign
from domain.patrols import campaign_picks, campaign_progress, campaigns
from domain.patrols.campaign_picks import CampaignFacts, Criteria
from domain.processes.patrol_task_forms import Reason
from domain.queries import area_tree
from domain.register_lock import NotNow
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "patrols"
UNPROCESSABLE = 422
LISTS = ("classes",)
TITLES = {name: Sentence(str(field.title)) for name, field in CampaignFacts.model_fields.items() if field.title}


def _refuse_others(actor: Actor) -> None:
    if not may(actor, Right.PUBLISH_PATROLS) and not actor.plays(Role.WARDEN):
        raise NotPermitted(Right.PUBLISH_PATROLS)


@router.get("/patrols/campaigns")
@needs(Right.SEE_PATROLS)
def show_campaigns(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the campaigns of one's reach; to a warden those with a task in their area."""
    _refuse_others(staff.actor)
    with db.read() as session:
        rows = [
            (
                one,
                campaign_progress.progress(session, one, actor=staff.actor, at=at).whole if one.published_at else None,
            )
            for one in campaign_progress.listed(session, actor=staff.actor)
        ]
    return staff_page(
        request, "pages/staff/patrols/campaigns.html", staff=staff, at=at, here=HERE, rows=rows,
        publishes=may(staff.actor, Right.PUBLISH_PATROLS), day=people.local_day(at),
    )  # fmt: skip


@router.get("/patrols/campaigns/new")
@needs(Right.PUBLISH_PATROLS)
def ask_for_campaign(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the empty form."""
    with db.read() as session:
        around = _around(session, staff, at)
    return staff_page(request, "pages/staff/patrols/campaign_form.html", staff=staff, at=at, here=HERE,
                      typed=dict.fromkeys(CampaignFacts.model_fields),
                      errors=(), key=new_id(), **around)  # fmt: skip


def _around(session: Session, staff: Identity, at: datetime) -> dict[str, Any]:
    today = people.local_day(at)
    query = select(ChecklistTemplate).where(col(ChecklistTemplate.venue_id).is_(None))
    listed = session.execute(query.order_by(col(ChecklistTemplate.code))).scalars()
    return {
        "templates": [one for one in listed if one.ended_on is None or one.ended_on > today],
        "areas": area_tree.named(session, staff.actor), "classes": catalogue.venue_classes(),
        "industries": catalogue.industries(), "categories": catalogue.categories(), "titles": TITLES,
    }  # fmt: skip


@router.post("/patrols/campaigns/new")
@needs(Right.PUBLISH_PATROLS)
@takes_little
def draft(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Enter a campaign and show whom it would reach; nobody is told yet."""
    typed = {name: form.getlist(name) if name in LISTS else form.get(name) for name in CampaignFacts.model_fields}
    errors: list[FieldError] = []
    key = _id(form.get("key"))
    try:
        facts = CampaignFacts.model_validate(_given(typed))
        with db.write() as session:
            campaign = campaigns.draft(session, facts, actor=staff.actor, at=at, campaign_id=key)
            return RedirectResponse(f"/patrols/campaigns/{campaign.id}", status_code=303)
    except (ValidationError, FieldRefused) as wrong:
        errors = field_errors(wrong)
    with db.read() as session:
        around = _around(session, staff, at)
    return staff_page(request, "pages/staff/patrols/campaign_form.html", status=UNPROCESSABLE, staff=staff, at=at,
                      here=HERE, typed=typed, errors=errors, key=key, **around)  # fmt: skip


def _given(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in typed.items() if value not in (None, "", [])}


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        return new_id()


@router.get("/patrols/campaigns/{campaign_id}")
@needs(Right.SEE_PATROLS)
def show_campaign(request: Request, campaign_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show a campaign: before it is published whom it would reach, afterwards how far it is."""
    with db.read() as session:
        campaign = campaigns.seen(session, campaign_id, actor=staff.actor)
        return _page(request, session, campaign, staff=staff, at=at)


def _page(request: Request, session: Session, campaign: PatrolCampaign, *, staff: Identity, at: datetime,
          errors: tuple[FieldError, ...] = (), typed: str = "") -> Response:  # fmt: skip
    may_manage = may(staff.actor, Right.PUBLISH_PATROLS)
    criteria = Criteria.of_json(campaign.criteria)
    picked = loads = progress = None
    if campaign.published_at is None:
        picked = campaign_picks.venues(session, criteria, actor=staff.actor, at=at)
        loads = campaign_picks.loads(session, picked)
    else:
        progress = campaign_progress.progress(session, campaign, actor=staff.actor, at=at)
    first = campaign.from_on.isoformat()
    asked = {"from": first, "until": first, "campaign": str(campaign.id)}
    return staff_page(
        request, "pages/staff/patrols/campaign.html", status=UNPROCESSABLE if errors else 200, staff=staff, at=at,
        here=HERE, campaign=campaign, criteria=criteria, picked=picked, loads=loads, progress=progress, errors=errors,
        typed=typed, manages=may_manage, columns=COLUMNS, to=links_of(asked, campaign_progress.question(campaign)),
        checklist=session.get_one(ChecklistTemplate, campaign.template_id), classes=catalogue.venue_classes(),
        industries=catalogue.industries(), categories=catalogue.categories(), over=_is_over(campaign, at),
        area=_area_name(session, campaign), exports=may(staff.actor, Right.EXPORT), key=new_id(),
    )  # fmt: skip


def _area_name(session: Session, campaign: PatrolCampaign) -> str:
    return people.area_name(session, campaign.area_id)


def _is_over(campaign: PatrolCampaign, at: datetime) -> bool:
    return campaign.ended_at is not None or people.local_day(at) > campaign.due_on


@router.post("/patrols/campaigns/{campaign_id}/publish")
@needs(Right.PUBLISH_PATROLS)
@takes_little
def publish(request: Request, campaign_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Have every warden given their tasks; how far that is the page of the errand says."""
    try:
        with db.write() as session:
            errand = campaigns.publish(session, campaign_id, actor=staff.actor, at=at)
            return RedirectResponse(f"/errands/{errand.id}", status_code=303)
    except NotNow as wrong:
        return _again(request, campaign_id, at=at, staff=staff, errors=(FieldError("", wrong.reason),))


@router.post("/patrols/campaigns/{campaign_id}/end")
@needs(Right.PUBLISH_PATROLS)
@takes_little
def end(
    request: Request, campaign_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:  # fmt: skip
    """End a campaign early, with a reason; what nobody has begun is cancelled."""
    try:
        reason = Reason.model_validate({"reason": form.get("reason")}).reason
    except ValidationError as wrong:
        errors = tuple(field_errors(wrong))
        return _again(request, campaign_id, at=at, staff=staff, errors=errors, typed=str(form.get("reason") or ""))
    with db.write() as session:
        errand = campaigns.end(session, campaign_id, reason=reason[:300], actor=staff.actor, at=at)
        return RedirectResponse(f"/errands/{errand.id}", status_code=303)


def _again(
    request: Request, campaign_id: UUID, *, at: datetime, staff: Identity, errors: tuple[FieldError, ...],
    typed: str = "",
) -> Response:  # fmt: skip
    with request.app.state.database.read() as session:
        campaign = campaigns.seen(session, campaign_id, actor=staff.actor)
        return _page(request, session, campaign, staff=staff, at=at, errors=errors, typed=typed)
