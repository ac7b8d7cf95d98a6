"""What `fireline import …` and `fireline export …` do: tables in and out from the command line."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlmodel import Session

from api.commands import CommandRefused, database_in_use, plainly
from documents import exports
from documents.tables_in import Table, open_table
from documents.tables_out import TooManyRows
from domain import access, accounts, people
from domain.access import NotPermitted
from domain.actors import SYSTEM, Actor
from domain.database import Database
from domain.exports import asked
from domain.exports.asked import TABLES, Asked
from domain.identifiers import new_id
from domain.imports import importing
from domain.imports.cells import TableRefused
from domain.imports.importing import Looked, RegisterMoved
from domain.imports.kinds import KINDS
from domain.imports.terms import Terms
from domain.language import CHINESE, ENGLISH
from domain.models import Person
from domain.queries import case_list, venue_list
from domain.rights import Right
from domain.settings import get_settings

AT_THE_MACHINE = replace(SYSTEM, name="fireline import")
"""Whoever has the database's address needs no role; the record says that it was done here."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: lines to say, and whether it was as wanted."""

    is_well: bool
    lines: tuple[str, ...]


@plainly
def import_table(table: str, file: Path, *, dry_run: bool, update: bool, username: str) -> Imported:
    """Look at a file and, unless it has errors or this is only a try, enter all of it."""
    if table not in KINDS:
        msg = f"there is no table {table!r} to import; choose one of {', '.join(KINDS)}."
        raise CommandRefused(msg)
    kind, at = KINDS[table], datetime.now(UTC)
    with database_in_use() as database, _opened(file) as opened, _bar() as bar:
        actor = actor_with(database, username, Right.IMPORT, at) if username else AT_THE_MACHINE
        import_id = new_id()
        source = {"import": str(import_id), "file": file.name, "sha256": _sha256(file)}
        terms = Terms(actor, at, update, source)
        try:
            looked = importing.look(database, kind, opened.rows, terms, progress=bar("Reading", opened.expected))
        except TableRefused as refused:
            raise CommandRefused(in_both_languages(refused.reason)) from refused
        if looked.faults.total or dry_run:
            return _said(looked, "Nothing was written")
        told, written = bar("Writing", looked.batch.size), 0

        def count(rows: int) -> None:
            nonlocal written
            written += rows
            told(written)

        try:
            with database.write() as session:
                done = importing.carry_out(session, kind, looked, terms, import_id=import_id, told=count)
        except RegisterMoved as moved:
            raise CommandRefused(in_both_languages(moved.reason)) from moved
    return _said(done, "Nothing was written" if done.faults.total else "Entered into the register")


@plainly
def export_table(table: str, file: Path, *, username: str) -> str:
    """Write what an account may export into a file, record it, and return what was done."""
    if table not in TABLES:
        msg = f"there is no table {table!r} to export; choose one of {', '.join(TABLES)}."
        raise CommandRefused(msg)
    if file.suffix.lower() not in (".xlsx", ".csv"):
        msg = f"{file.name}: name a file that ends with .xlsx or .csv."
        raise CommandRefused(msg)
    at = datetime.now(UTC)
    wanted = case_list.Wanted() if table == "cases" else venue_list.Wanted()
    found = Asked(table, wanted, get_settings().locale)
    with database_in_use() as database, _bar() as bar:
        actor = actor_with(database, username, Right.EXPORT, at)
        told = bar("Writing", None)
        try:
            with database.read() as session:
                count = exports.write(file, session, found, actor=actor, at=at, progress=told)
        except TooManyRows as many:
            raise CommandRefused(in_both_languages(many.reason)) from many
        except OSError as error:
            msg = f"{file} cannot be written: {error.strerror}."
            raise CommandRefused(msg) from error
        with database.write() as session:
            sha256 = _sha256(file)
            asked.note(session, found, export_id=new_id(), rows=count, sha256=sha256, actor=actor, at=at)
    return f"{count} rows in {file}."


def actor_with(database: Database, username: str, right: Right, at: datetime) -> Actor:
    """Return whose account it is; `CommandRefused` for none, or one without the right."""
    with database.read() as session:
        return actor_of(session, username, right, at)


def actor_of(session: Session, username: str, right: Right, at: datetime) -> Actor:
    """Return whose account it is; raises as `actor_with`."""
    actor = _holder(session, username, at)
    if not access.may(actor, right):
        raise CommandRefused(in_both_languages(NotPermitted(right).reason))
    return actor


def _holder(session: Session, username: str, at: datetime) -> Actor:
    try:
        account = accounts.by_username(session, username)
    except accounts.UnknownAccount:
        msg = f"there is no account {username!r}."
        raise CommandRefused(msg) from None
    person = session.get(Person, account.person_id)
    if person is None or account.disabled_at is not None:
        msg = f"the account {username!r} is disabled."
        raise CommandRefused(msg)
    return people.actor_of(session, person, at=at)


@contextmanager
def _opened(file: Path) -> Iterator[Table]:
    if not file.is_file():
        msg = f"there is no file {file}."
        raise CommandRefused(msg)
    try:
        with open_table(file) as table:
            yield table
    except TableRefused as refused:
        raise CommandRefused(in_both_languages(refused.reason)) from refused


def _said(looked: Looked, outcome: str) -> Imported:
    faults, counts = looked.faults, looked.counts
    lines = [f"{complaint.where}\t{in_both_languages(complaint.reason)}" for complaint in faults.listed]
    if faults.total:
        more = faults.total - len(faults.listed)
        lines += [f"and {more:,} more."] if more else []
        lines.append(f"{outcome}: {faults.total:,} {'error' if faults.total == 1 else 'errors'}.")
        return Imported(is_well=False, lines=tuple(lines))
    numbers = f"{counts['new']:,} new, {counts['changed']:,} changed, {counts['unchanged']:,} already there"
    return Imported(is_well=True, lines=(f"{outcome}: {numbers}.",))


def in_both_languages(reason: object) -> str:
    """Return a reason in both languages: offices and programmers read the same terminal."""
    said = getattr(reason, "in_language", None)
    return f"{said(CHINESE)} | {said(ENGLISH)}" if said is not None else str(reason)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


Told = Callable[..., None]


@contextmanager
def _bar() -> Iterator[Callable[[str, int | None], Told]]:
    """Give a function that begins a progress bar on standard error; silent where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        def begin(words: str, total: int | None) -> Told:
            task = progress.add_task(words, total=total)

            def told(done: int, of: int | None = None) -> None:
                progress.update(task, completed=done, **({"total": of} if of is not None else {}))

            return told

        yield begin
