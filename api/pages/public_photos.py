"""Photos of a form that had to be shown again: kept on our side, named by a signed note that runs out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from api import allowances, forms
from api.access import Router, public
from api.field_errors import FieldError
from domain import photos, uploads
from domain.database import Database
from domain.forms import MAX_PHOTOS
from domain.language import Sentence
from domain.photos import PhotoMissing, PhotoRefused
from domain.settings import Settings
from domain.throttles import AllowanceSpent

router = Router(include_in_schema=False)
KEPT_FOR = timedelta(hours=2)
"""How long a form may lie open before its photos have to be chosen again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A photo we hold for a form; `token` is what the form says instead of sending it again."""

    photo_id: UUID
    token: str


@dataclass(slots=True)
class TakenIn:
    """What became of the photos of one posted form."""

    kept: list[Kept] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    waiting: AllowanceSpent | None = None
    """More came from where they came from than is taken at once."""

    @property
    def ids(self) -> list[UUID]:
        """Return the ids of the photos a case may be given."""
        return [kept.photo_id for kept in self.kept]


def take_in(
    form: FormData, *, database: Database, settings: Settings, at: datetime, address: str | None = None
) -> TakenIn:
    """Keep the posted photos beside those kept before; what cannot be taken is refused by its name.

    The new ones of a caller without a name count for their `address`; when those were too many none is looked at.
    """
    taken = TakenIn()
    _take_tokens(form, taken, database=database, settings=settings, at=at)
    sent = forms.files(form, "photos")
    if address is not None and sent:
        try:
            with database.write() as session:
                allowances.spend_photos(session, address, len(sent), at=at)
        except AllowanceSpent as waiting:
            taken.waiting = waiting
            taken.errors.append(FieldError("photos", waiting.reason))
            return taken
    for upload in sent:
        if len(taken.kept) >= MAX_PHOTOS:
            too_many = Sentence("At most %(most)s photos; the others were left out.", most=MAX_PHOTOS)
            taken.errors.append(FieldError("photos", too_many))
            break
        try:
            photo = uploads.keep(database, _bytes(upload), upload.filename or "", at=at, directory=settings.photos)
        except PhotoRefused as refused:
            taken.errors.append(FieldError("photos", refused.reason))
        else:
            taken.kept.append(Kept(photo.id, _sign(photo.id, settings, at)))
    return taken


def hold(photo_ids: list[UUID], *, settings: Settings, at: datetime) -> list[Kept]:
    """Return notes for photos that a script has uploaded before its form was sent."""
    return [Kept(photo_id, _sign(photo_id, settings, at)) for photo_id in photo_ids]


def fingerprint(form: FormData) -> str:
    """Return a digest of the posted photos, new and kept: the same for the same form sent twice."""
    digest = hashlib.sha256()
    for upload in forms.files(form, "photos"):
        digest.update(hashlib.sha256(_bytes(upload)).digest())
    for token in form.getlist("kept"):
        digest.update(str(token).encode())
    return digest.hexdigest()


@router.get("/kept/{token}")
@public
def kept_photo(request: Request, token: str) -> Response:
    """Show the small picture of a photo to the form that holds its signed note."""
    state = request.app.state
    photo_id = _read(token, state.settings, state.clock())
    if photo_id is None:
        raise PhotoMissing(token[:8])
    with state.database.read() as session:
        key = uploads.by_id(session, photo_id).storage_key
    return Response(photos.read(key, state.settings.photos, "thumbnail"), media_type="image/jpeg")


def _take_tokens(form: FormData, taken: TakenIn, *, database: Database, settings: Settings, at: datetime) -> None:
    tokens = [str(token) for token in form.getlist("kept")][:MAX_PHOTOS]
    known = {token: _read(token, settings, at) for token in tokens}
    with database.read() as session:
        free = uploads.unclaimed(session, [photo_id for photo_id in known.values() if photo_id])
    for photo_id in known.values():
        if photo_id in free:
            taken.kept.append(Kept(photo_id, _sign(photo_id, settings, at)))
        else:
            gone = Sentence("A photo was kept too long or sent with another report; please choose it again.")
            taken.errors.append(FieldError("photos", gone))


def _bytes(upload: UploadFile) -> bytes:
    upload.file.seek(0)
    return upload.file.read()


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="kept-photo")


def _sign(photo_id: UUID, settings: Settings, at: datetime) -> str:
    return str(_signer(settings).dumps([photo_id.hex, int((at + KEPT_FOR).timestamp())]))


def _read(token: str, settings: Settings, at: datetime) -> UUID | None:
    try:
        hexed, until = _signer(settings).loads(token)
    except BadData:
        return None
    return UUID(hexed) if at.timestamp() <= until else None
