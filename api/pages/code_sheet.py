"""A venue's code on a page and on paper: the square as SVG, the sheet for its door as a PDF."""

from __future__ import annotations

from datetime import datetime
from typing import get_args
from urllib.parse import quote
from uuid import UUID

from sqlmodel import Session
from starlette.responses import Response

from documents import code_sheets, qr
from documents.code_sheets import SheetSize, VenueSheet
from domain import people
from domain.exports import sheets
from domain.models import Area, Venue
from domain.settings import Settings

SIZES: tuple[str, ...] = get_args(SheetSize)


def drawn(address: str) -> qr.Drawing:
    """Return the square code of an address."""
    return qr.draw(address)


def sheet_of(session: Session, venue_id: UUID, *, settings: Settings, at: datetime) -> VenueSheet | None:
    """Return what stands on a venue's sheet; None for a venue that is closed."""
    venue = session.get(Venue, venue_id)
    if venue is None or not venue.is_open(people.local_day(at)):
        return None
    day = people.local_day(at)
    area = session.get(Area, venue.area_id)
    return VenueSheet(
        url=f"{settings.public_url.rstrip('/')}/v/{venue.code}",
        code=venue.code,
        name=venue.name,
        name_en=venue.name_en,
        address=venue.address,
        issuer=sheets.issuer_of(session, venue.area_id, day) or (area.name if area else ""),
        issued_on=day,
    )


def download(sheet: VenueSheet, size: str) -> Response:
    """Return the sheet as a file, in A5 for every size there is none of; raises `documents.printing.CannotPrint`."""
    wanted: SheetSize = "A6" if size == "A6" else "A5"
    content = code_sheets.venue_sheets([sheet], size=wanted)
    name = quote(f"{sheet.name}-{sheet.code}-{wanted}.pdf")
    told = f"attachment; filename=\"{sheet.code}-{wanted}.pdf\"; filename*=UTF-8''{name}"
    return Response(content, media_type="application/pdf", headers={"content-disposition": told})
