"""Forms of the administration: those of the register, for what has no version to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api.pages import register_forms
from api.pages.register_forms import Unsent
from domain.database import Database

Model = TypeVar("Model", bound=BaseModel)


def send(
    database: Database, model: type[Model], form: FormData, do: Callable[[Session, Model], str]
) -> Response | Unsent:
    """Read the form, do what it asks in one transaction, and go to the address `do` returns.

    What cannot be taken comes back, for `register_forms.show`.
    """
    return register_forms.send(database, model, form, lambda session, filled, _: do(session, filled))
