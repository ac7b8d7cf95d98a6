"""Brings a database to the schema this code expects, through the migrations, and puts in what comes with the product.

Alembic is imported only where something has to be migrated: it costs every part 0.2 s and some megabytes.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlmodel import Session

from domain import calendar_years, errands
from domain.database import Database

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ROOT / "migrations"
LOCK = 0x46697265
"""Key of the PostgreSQL advisory lock that lets one process migrate at a time ("Fire")."""

TOLD_SINCE = "0003"
"""From this revision on entries keep what followed from them."""
ADOPTION = "adopt_cases"
"""The errand that takes over the cases of before."""

_REVISION = re.compile(r"""^(down_)?revision(?::[^=]+)? = (?:["']([^"']+)["']|None)$""", re.MULTILINE)


class BrokenMigrations(RuntimeError):
    """The migrations have no newest one, or several."""


def newest() -> str:
    """Return the revision this code expects."""
    revisions: set[str] = set()
    replaced: set[str] = set()
    for file in (MIGRATIONS / "versions").glob("*.py"):
        for down, revision in _REVISION.findall(file.read_text(encoding="utf-8")):
            (replaced if down else revisions).add(revision)
    heads = revisions - replaced
    if len(heads) != 1:
        msg = f"the migrations have {len(heads)} newest revisions, not one"
        raise BrokenMigrations(msg)
    return heads.pop()


def current(database: Database) -> str | None:
    """Return the revision of the database; None for an empty one."""
    with database.engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def upgrade(database: Database) -> None:
    """Bring the database to the newest revision and the package's calendar; several processes may try at once."""
    if current(database) != newest():
        _migrate(database)
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")  # noqa: PLW2901
        with connection.begin():
            calendar_years.seed(connection)


def _migrate(database: Database) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's first lines
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")  # noqa: PLW2901
        with connection.begin():
            if not database.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            config.attributes["connection"] = connection
            before = _revision(connection)
            command.upgrade(config, "head")
            if before is not None and before < TOLD_SINCE:
                _promise_adoption(connection)


def _promise_adoption(connection: Connection) -> None:
    """Have a worker take over the cases there are; in the transaction of the migration, so that neither is alone."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        errands.promise(session, ADOPTION, key=ADOPTION, at=calendar_years.moment(connection))
        session.commit()
