"""What every row needs while a table is compared with the register."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from domain.imports.batch import Batch
from domain.imports.lines import Faults
from domain.imports.persons import Persons
from domain.imports.terms import Areas, Terms
from domain.language import Sentence

OWN_POST = Sentence("Nobody gives themselves a post: another administrator does it.")


@dataclass(frozen=True, slots=True)
class Work:
    """One import on its way: its terms, the register as it stands, what will be written, what is wrong."""

    terms: Terms
    areas: Areas
    persons: Persons
    batch: Batch
    faults: Faults


def begin(session: Session, faults: Faults, terms: Terms) -> Work:
    """Return the work with nothing to write yet."""
    batch = Batch(terms.actor, terms.at, terms.source)
    return Work(terms, Areas(session, terms), Persons(session, batch), batch, faults)
