"""Many code sheets in one PDF, in the background."""

from __future__ import annotations

from typing import cast

from documents import code_sheets
from documents.code_sheets import FacilityLabel, NothingToPrint, SheetSize, VenueSheet
from documents.printing import CannotPrint
from domain import catalogue, errand_files
from domain.errands import ErrandRefused, Made
from domain.exports import sheets
from domain.exports.sheets import Chosen, FacilityToPrint, VenueToPrint
from domain.language import N_, Label
from domain.people import local_day
from domain.rights import Right
from domain.settings import get_settings
from flows.chores import Chore
from flows.tables import maker_of

PRINTED = N_("%(count)s codes on one PDF, ready to print.")


def make(chore: Chore) -> None:
    """Make the PDF; each venue or facility as it is now, within the reach of who asked."""
    actor, at = maker_of(chore, Right.PRINT_CODES), chore.now()
    chosen = sheets.from_data(chore.row.data)
    with chore.database.read() as session:
        if chosen.subject == "venues":
            venues = sheets.venues(session, chosen, actor=actor, at=at)
            facilities = []
        else:
            venues, facilities = [], sheets.facilities(session, chosen, actor=actor)
    count = len(venues) + len(facilities)
    chore.progress(0, count)
    try:
        if chosen.subject == "venues":
            size = cast("SheetSize", chosen.layout)
            content = code_sheets.venue_sheets(
                [_sheet(one, chore) for one in venues], size=size, progress=chore.progress
            )
        else:
            content = code_sheets.facility_labels([_label(one) for one in facilities], progress=chore.progress)
    except (NothingToPrint, CannotPrint) as refused:
        raise ErrandRefused(refused.reason) from refused
    key = errand_files.store(content, get_settings().errand_files)
    made = Made(key, f"{_name(chosen)}-{local_day(at).isoformat()}.pdf", "application/pdf")
    with chore.database.write() as session:
        chore.settle(session, {"said": PRINTED, "said_params": {"count": count}}, file=made)


def _name(chosen: Chosen) -> str:
    return f"二维码-{chosen.layout}" if chosen.subject == "venues" else "设施标签"


def _sheet(one: VenueToPrint, chore: Chore) -> VenueSheet:
    venue = one.venue
    return VenueSheet(
        url=f"{_site()}/v/{venue.code}", code=venue.code, name=venue.name, name_en=venue.name_en,
        address=venue.address, issuer=one.issuer, issued_on=local_day(chore.now()),
    )  # fmt: skip


def _label(one: FacilityToPrint) -> FacilityLabel:
    facility = one.facility
    kind = catalogue.facility_kinds().get(facility.kind)
    words = Label(kind.zh, kind.en) if kind else Label(facility.kind, facility.kind)
    return FacilityLabel(
        url=f"{_site()}/f/{facility.code}", code=facility.code, kind=words, number=facility.number,
        location=facility.location, venue=one.venue,
    )  # fmt: skip


def _site() -> str:
    return get_settings().public_url.rstrip("/")
