"""Documents of a form that is not sent yet: kept on our side, named by a signed note that runs out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer
from starlette.datastructures import FormData

from api import allowances, forms
from api.field_errors import FieldError
from api.pages.public_photos import KEPT_FOR
from domain import papers
from domain.database import Database
from domain.language import Sentence
from domain.models import Document
from domain.papers import PaperRefused
from domain.processes.enrolment_forms import MOST_DOCUMENTS
from domain.settings import Settings
from domain.throttles import AllowanceSpent

FIELD = "documents"


@dataclass(frozen=True, slots=True)
class KeptPaper:
    """A document we hold for a form; `token` is what the form says instead of sending it again."""

    paper_id: UUID
    name: str
    kilobytes: int
    token: str


@dataclass(slots=True)
class PapersTaken:
    """What became of the documents of one posted form."""

    kept: list[KeptPaper] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    waiting: AllowanceSpent | None = None

    @property
    def ids(self) -> list[UUID]:
        """Return the ids of the documents the application may be given."""
        return [kept.paper_id for kept in self.kept]


def take_in(
    form: FormData,
    *,
    database: Database,
    settings: Settings,
    at: datetime,
    address: str | None = None,
    case_id: UUID | None = None,
) -> PapersTaken:
    """Keep the posted documents beside those kept before; what cannot be taken is refused by its name.

    `case_id`: an application whose own documents may be named too. The new ones of a caller without a name count for
    their `address`; when those were too many none is looked at.
    """
    taken = PapersTaken()
    _take_tokens(form, taken, database=database, settings=settings, at=at, case_id=case_id)
    sent = forms.files(form, FIELD)
    if address is not None and sent:
        try:
            with database.write() as session:
                allowances.spend_photos(session, address, len(sent), at=at)
        except AllowanceSpent as waiting:
            taken.waiting = waiting
            taken.errors.append(FieldError(FIELD, waiting.reason))
            return taken
    for upload in sent:
        if len(taken.kept) >= MOST_DOCUMENTS:
            too_many = Sentence("At most %(most)s documents; the others were left out.", most=MOST_DOCUMENTS)
            taken.errors.append(FieldError(FIELD, too_many))
            break
        upload.file.seek(0)
        try:
            paper = papers.keep(
                database, upload.file.read(), upload.filename or "", kind=papers.APPLICATION, at=at,
                directory=papers.folder(settings),
            )  # fmt: skip
        except PaperRefused as refused:
            taken.errors.append(FieldError(FIELD, refused.reason))
        else:
            taken.kept.append(kept_paper(paper, settings=settings, at=at))
    return taken


def kept_paper(paper: Document, *, settings: Settings, at: datetime) -> KeptPaper:
    """Return the note for a document we hold."""
    until = int((at + KEPT_FOR).timestamp())
    token = str(_signer(settings).dumps([paper.id.hex, until]))
    return KeptPaper(paper.id, paper.name, -(-paper.size // 1024), token)


def _take_tokens(
    form: FormData,
    taken: PapersTaken,
    *,
    database: Database,
    settings: Settings,
    at: datetime,
    case_id: UUID | None,
) -> None:
    named = [_read(str(token), settings, at) for token in form.getlist("kept")[:MOST_DOCUMENTS]]
    with database.read() as session:
        found = {paper.id: paper for paper in papers.by_ids(session, [one for one in named if one])}
    for paper_id in dict.fromkeys(named):
        paper = found.get(paper_id) if paper_id else None
        if paper is not None and paper.ended_at is None and paper.case_id in (None, case_id):
            taken.kept.append(kept_paper(paper, settings=settings, at=at))
        else:
            gone = Sentence("A document was kept too long or sent already; please choose it again.")
            taken.errors.append(FieldError(FIELD, gone))


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="kept-paper")


def _read(token: str, settings: Settings, at: datetime) -> UUID | None:
    try:
        hexed, until = _signer(settings).loads(token)
    except BadData:
        return None
    return UUID(hexed) if at.timestamp() <= until else None
