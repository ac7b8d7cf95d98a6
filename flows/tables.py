"""Tables in and out in the background: looked at, taken into the register, exported."""

from __future__ import annotations

import hashlib

from sqlmodel import Session

from documents import exports
from documents.tables_in import open_table
from documents.tables_out import TooManyRows
from domain import access, errand_files, errands, people
from domain.access import NotPermitted
from domain.actors import Actor
from domain.errand_files import FileGone
from domain.errands import ErrandRefused, Made
from domain.exports import asked
from domain.imports import importing
from domain.imports.cells import TableRefused
from domain.imports.importing import Looked, RegisterMoved
from domain.imports.kinds import KINDS, ImportKind
from domain.imports.lines import Faults
from domain.imports.terms import Terms
from domain.language import N_, Sentence
from domain.models import Person
from domain.rights import Right
from domain.settings import get_settings
from flows.chores import Chore

LOOKED = N_("%(new)s new, %(changed)s changed, %(unchanged)s already there. Nothing is written yet.")
TAKEN = N_("%(new)s new, %(changed)s changed, %(unchanged)s already there. All of it is in the register now.")
MADE = N_("%(count)s rows.")
READ_SHARE = 2
"""Reading and comparing a table takes about as long as writing it: progress counts both alike."""
GONE = Sentence("The file is not kept any more. Upload it again.")


def check(chore: Chore) -> None:
    """Look at a table and say what an import of it would do, or what is wrong with it."""
    actor = maker_of(chore, Right.IMPORT)
    kind, terms = _kind(chore), _terms(chore, actor)
    looked = _looked(chore, kind, terms)
    link = {"link": f"/admin/import/{chore.row.id}"}
    _refuse(looked.faults, link)
    with chore.database.write() as session:
        chore.settle(session, {"said": LOOKED, "said_params": looked.counts, **looked.counts, **link})


def take(chore: Chore) -> None:
    """Take a table into the register: all of it, in one transaction with this errand's end, or nothing."""
    actor = maker_of(chore, Right.IMPORT)
    kind, terms = _kind(chore), _terms(chore, actor)
    looked = _looked(chore, kind, terms)
    _refuse(looked.faults, {})
    rows, size, written = len(looked.lines), max(1, looked.batch.size), 0

    def told(count: int) -> None:
        nonlocal written
        written += count
        if chore.database.is_sqlite:
            chore.extended()
        chore.progress(rows + rows * written // size)

    try:
        with chore.database.write() as session:
            # On SQLite nobody else can write while this goes on: not our watch its lease, nor another worker its own.
            if chore.database.is_sqlite:
                chore.prolong(session)
            done = importing.carry_out(session, kind, looked, terms, import_id=chore.row.id, told=told)
            _refuse(done.faults, {})
            chore.progress(rows * READ_SHARE)
            chore.settle(session, {"said": TAKEN, "said_params": done.counts, **done.counts})
    except RegisterMoved as moved:
        raise ErrandRefused(moved.reason) from moved


def export(chore: Chore) -> None:
    """Write a table somebody asked for; it is recorded with the sum of the very file they may fetch."""
    actor, at = maker_of(chore, Right.EXPORT), chore.now()
    wanted = asked.from_data(chore.row.data)
    folder = get_settings().errand_files
    with errand_files.writing(folder) as (key, file):
        path = folder / f".incoming-{key}.xlsx"
        try:
            with chore.database.read() as session:
                count = exports.write(path, session, wanted, actor=actor, at=at, progress=chore.progress)
            content = path.read_bytes()
        except TooManyRows as many:
            raise ErrandRefused(many.reason) from many
        finally:
            path.unlink(missing_ok=True)
        file.write(content)
    made = Made(key, exports.file_name(wanted, at), exports.XLSX)
    with chore.database.write() as session:
        sha256 = hashlib.sha256(content).hexdigest()
        asked.note(session, wanted, export_id=chore.row.id, rows=count, sha256=sha256, actor=actor, at=at)
        chore.settle(session, {"said": MADE, "said_params": {"count": count}}, file=made)


def maker_of(chore: Chore, right: Right) -> Actor:
    """Return whoever asked, with the roles they hold now; refused when they no longer may.

    What comes of it is theirs to read as long as `right` holds where it does now.
    """
    with chore.database.read() as session:
        actor = _actor(session, chore)
    if actor is None or not access.may(actor, right):
        raise ErrandRefused(NotPermitted(right).reason)
    chore.made_with = {errands.REACH: access.reach(actor, right), errands.RIGHT: right.value}
    return actor


def _actor(session: Session, chore: Chore) -> Actor | None:
    person = session.get(Person, chore.row.made_by) if chore.row.made_by else None
    return people.actor_of(session, person, at=chore.now()) if person is not None else None


def _kind(chore: Chore) -> ImportKind:
    return KINDS[str(chore.row.data["table"])]


def _terms(chore: Chore, actor: Actor) -> Terms:
    data = chore.row.data
    source = {"import": str(chore.row.id), "file": data["file"], "sha256": data["sha256"]}
    return Terms(actor, chore.now(), bool(data["update"]), source)


def _looked(chore: Chore, kind: ImportKind, terms: Terms) -> Looked:
    share = READ_SHARE if chore.row.kind == "import_table" else 1
    try:
        path = errand_files.path_of(chore.row.input_key or "", get_settings().errand_files)
        with open_table(path) as table:
            expected = table.expected or 0

            def progress(count: int) -> None:
                chore.progress(count, max(expected, count) * share)

            looked = importing.look(chore.database, kind, table.rows, terms, progress=progress)
    except FileGone as gone:
        raise ErrandRefused(GONE) from gone
    except TableRefused as refused:
        raise ErrandRefused(refused.reason) from refused
    chore.progress(len(looked.lines), len(looked.lines) * share)
    return looked


def _refuse(faults: Faults, outcome: dict[str, str]) -> None:
    if not faults.total:
        return
    listed = [errands.complaint(complaint.where, complaint.reason) for complaint in faults.listed]
    reason = Sentence("Errors: %(total)s. Nothing was written.", total=f"{faults.total:,}")
    raise ErrandRefused(reason, {**outcome, "errors": listed, "total": faults.total})
