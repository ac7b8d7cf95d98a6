"""Keeps routine processes (patrols: tens of thousands of cases a day) out of whatever looks at cases in general.

Everything that reads cases or clocks without naming a process asks here, and the indexes it reads hold no routine case
at all: they, and what reads them, do not grow with the patrols.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column, or_

from domain import processes

_NAMES = sorted(processes.ROUTINE)
APART = " AND ".join(f"process <> '{name}'" for name in _NAMES)
ROUTINE = " OR ".join(f"process = '{name}'" for name in _NAMES)
"""The conditions as the partial indexes have them."""


def not_routine(columns: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns of a table with a `process`
    """Return the condition that leaves the cases of every process but the routine ones.

    Written out: with a value sent beside the statement neither database would see that a partial index fits.
    """
    return and_(*(columns.process != literal_column(f"'{name}'") for name in _NAMES))


def routine(columns: Any) -> ColumnElement[bool]:  # noqa: ANN401 - same
    """Return the condition that leaves the routine cases, written out as well."""
    return or_(*(columns.process == literal_column(f"'{name}'") for name in _NAMES))


def of(columns: Any, process: str | None) -> list[ColumnElement[bool]]:  # noqa: ANN401 - same
    """Return the conditions that leave one process; None: all that are not routine."""
    if process is None:
        return [not_routine(columns)]
    return [columns.process == process, routine(columns) if process in processes.ROUTINE else not_routine(columns)]


def named_by(text: str) -> str | None:
    """Return the routine process whose number this is; None for anything else."""
    numbered = {processes.workflow_of(name).prefix: name for name in _NAMES}
    prefix, _, rest = text.strip().upper().partition("-")
    return numbered.get(prefix) if rest and rest.replace("-", "").isdecimal() else None
