"""Opening a case by program: the same request sent again opens nothing and gets the answer of the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.deps import address_of
from api.errors import CREATED
from api.field_errors import FieldsRefused
from api.rest import answers
from domain import cases, idempotency, sealed
from domain.accounts import Identity
from domain.database import Database
from domain.language import Sentence
from domain.models import Case
from domain.workflow import FieldRefusal

SHORTEST_KEY, SHORTEST_KEY_OF_NOBODY = 8, 16
"""Characters of an `Idempotency-Key`: a caller without a name shares theirs with everybody at the same address."""
KEY = (
    "Names this request, so that it counts once however often it is sent. Drawn by chance, such as a UUID: 8 to 100 "
    "characters, without a token 16 at least. It is known for 48 hours, to the same token or else the same address."
)
IdempotencyKey = Annotated[
    str | None, Header(max_length=100, description=KEY, json_schema_extra={"minLength": SHORTEST_KEY})
]


class Opened(Protocol):
    """A case just opened, and the code that opens it for whoever asked."""

    @property
    def case(self) -> Case:
        """Return the case."""

    @property
    def receipt(self) -> str:
        """Return the receipt code."""


def open_once(
    request: Request,
    database: Database,
    body: BaseModel,
    given: str | None,
    *,
    of: str,
    staff: Identity | None,
    at: datetime,
    do: Callable[[Session], Opened],
    receipt_of: Callable[[Session, UUID], str | None],
) -> JSONResponse:
    """Answer with the case that `do` opens, or with the one the same key opened before.

    `given`: the caller's `Idempotency-Key`; `of` keeps the keys of one address apart from another's. Raises
    `FieldsRefused` for a key that is too short, `KeyReused`, and whatever `do` does.
    """
    if given is not None:
        _refuse_short(given, is_known=staff is not None)
    caller = staff.account.id.hex if staff else f"anybody at {address_of(request)}"
    key = f"{of}:{sealed.mark(f'{caller}:{given}')}" if given else None
    with database.write() as session:
        known = idempotency.claim(session, key, fingerprint=_fingerprint(body), at=at) if key else None
        if known is not None:
            return _made(known, receipt_of(session, cases.by_number(session, known["number"]).id))
        opened = do(session)
        answer = {
            "number": opened.case.number,
            "state": opened.case.state,
            "due_at": answers.moment(opened.case.due_at),
        }
        if key:
            idempotency.settle(session, key, status=CREATED, answer=answer)
    return _made(answer, opened.receipt)


def _made(answer: dict[str, Any], receipt: str | None) -> JSONResponse:
    return JSONResponse({**answer, "receipt": receipt}, status_code=CREATED)


def _fingerprint(body: BaseModel) -> str:
    # Keyed: a plain hash of a body with a telephone number in it could be guessed back.
    return sealed.mark(json.dumps(body.model_dump(mode="json"), sort_keys=True))[:64]


def _refuse_short(key: str, *, is_known: bool) -> None:
    """Raise `FieldsRefused` for a key another caller could draw too; the sentence names the least length."""
    if is_known and len(key) < SHORTEST_KEY:
        wanted = Sentence("A key has at least %(least)s characters, drawn by chance.", least=SHORTEST_KEY)
    elif not is_known and len(key) < SHORTEST_KEY_OF_NOBODY:
        wanted = Sentence(
            "Without a token a key has at least %(least)s characters, drawn by chance.", least=SHORTEST_KEY_OF_NOBODY
        )
    else:
        return
    raise FieldsRefused([FieldRefusal("Idempotency-Key", wanted)])
