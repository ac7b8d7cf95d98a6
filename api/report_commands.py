"""What `fireline report …` does: the reports the timetable makes, by hand, and editions made again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from api.commands import CommandRefused, database_in_use, plainly
from api.table_commands import actor_of, in_both_languages
from documents import editions as paper_editions
from documents.printing import CannotPrint
from documents.tables_out import TooManyRows
from domain import measures
from domain.access import OutOfReach
from domain.actors import SYSTEM, Actor
from domain.asking import AskedWrongly
from domain.database import Database
from domain.identifiers import new_id
from domain.language import LOCALES
from domain.models import Area, ReportEdition
from domain.reporting import asked as asking
from domain.reporting import editions, files
from domain.reporting import reach as reaches
from domain.reporting.asked import Asked
from domain.reporting.editions import FORMATS, Format, Wish
from domain.reporting.periods import Kind
from domain.rights import Right
from domain.settings import get_settings

AT_THE_MACHINE = replace(SYSTEM, name="fireline report")
"""Whoever has the database's address needs no role; the record says that it was done here."""
STANDARD_OUTPUT = "-"
OPTIONS = {"until": "--to", "as_of": "--as-of"}
"""Field → the option that asks for it, where it is called otherwise."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was made: what to say of it."""

    line: str
    edition_id: UUID


@plainly
def sla(fields: Mapping[str, str], *, form: str, output: str, username: str, language: str) -> Written:
    """Make an edition of the report of deadlines in one form, keep it, and write its file."""
    known: Format | None = next((one for one in FORMATS if one == form), None)
    if known is None:
        msg = f"there is no format {form!r}; choose one of {', '.join(FORMATS)}."
        raise CommandRefused(msg)
    if language and language not in LOCALES:
        msg = f"there is no language {language!r}; choose one of {', '.join(LOCALES)}."
        raise CommandRefused(msg)
    if output == STANDARD_OUTPUT and known != "json" and sys.stdout.isatty():
        msg = f"a {known.upper()} is not for a terminal: name a file with --output, or send it on with > or |."
        raise CommandRefused(msg)
    at, settings = datetime.now(UTC), get_settings()
    with database_in_use() as database:
        _catch_up(database, at)
        with database.read() as session:
            actor = actor_of(session, username, Right.SEE_REPORTS, at) if username else AT_THE_MACHINE
            asked = _read(session, fields, actor if username else reaches.actor_of(reaches.EVERYTHING), at)
            wish = Wish(Kind.ASKED, asked, _reach(session, actor, asked), language or settings.locale)
            as_of = measures.settled_until(session) or at
        try:
            edition_id = new_id()
            made = paper_editions.make(
                database, wish, key=f"{Kind.ASKED.value}:{edition_id}", edition_id=edition_id,
                as_of=min(as_of, asked.as_of or as_of), settings=settings, wanted=(known,),
            )  # fmt: skip
        except (CannotPrint, TooManyRows) as refused:
            raise CommandRefused(in_both_languages(refused.reason)) from refused
        with database.write() as session:
            kept = editions.keep(session, made, actor=actor, at=at)
    sha256, size = made.files[known]
    _write(files.path_of(sha256, settings.report_files).read_bytes(), output)
    where = "standard output" if output == STANDARD_OUTPUT else output
    return Written(f"{where}: {size:,} bytes, SHA-256 {sha256}, edition {kept.id}", kept.id)


@plainly
def compare(edition: str) -> tuple[bool, str]:
    """Make an edition again from its measures; return whether every file has the same bytes, and what to say."""
    try:
        edition_id = UUID(edition)
    except ValueError:
        msg = f"{edition!r} is no id of an edition."
        raise CommandRefused(msg) from None
    with database_in_use() as database:
        with database.read() as session:
            row = session.get(ReportEdition, edition_id)
        if row is None:
            msg = f"there is no edition {edition}."
            raise CommandRefused(msg)
        try:
            compared = paper_editions.compare(database, row, folder=get_settings().report_files)
        except (CannotPrint, TooManyRows) as refused:
            raise CommandRefused(in_both_languages(refused.reason)) from refused
    if compared.differing:
        return False, in_both_languages(compared.reason)
    return True, f"The same bytes in {', '.join(name.upper() for name in editions.formats_of(row))}."


def _catch_up(database: Database, at: datetime) -> None:
    """Measure what happened since the worker last did, or all of it where none runs."""
    while True:
        with database.write() as session:
            if not measures.catch_up(session, at=at):
                return


def _read(session: Session, fields: Mapping[str, str], actor: Actor, at: datetime) -> Asked:
    try:
        return asking.read(session, fields, actor=actor, at=at)
    except AskedWrongly as wrong:
        raise CommandRefused(
            "; ".join(
                f"{OPTIONS.get(one.field, f'--{one.field}')}: {in_both_languages(one.reason)}" for one in wrong.refusals
            )
        ) from wrong
    except OutOfReach as hidden:
        msg = f"there is no area or organisation {str(hidden)!r}, or not for this account."
        raise CommandRefused(msg) from hidden


def _reach(session: Session, actor: Actor, asked: Asked) -> reaches.Reach:
    reach = reaches.of(session, actor)
    return reaches.within(reach, session.get_one(Area, asked.area_id).path) if asked.area_id else reach


def _write(content: bytes, output: str) -> None:
    if output == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        msg = f"{output} cannot be written: {error.strerror}."
        raise CommandRefused(msg) from error
