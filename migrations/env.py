"""Alembic's entry: upgrades the database of the settings, or the connection it is handed."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import domain.models  # noqa: F401 - fills the metadata
from domain.database import open_database
from domain.settings import get_settings


def _run(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    _run(handed)
else:
    database = open_database(context.config.attributes.get("url") or get_settings().url)
    with database.engine.connect() as connection, connection.begin():
        _run(connection)
    database.dispose()
