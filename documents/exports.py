"""Puts rows that were let out into a file: their columns, headers in the reader's language, the name of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from documents.tables_out import OutColumn, Value, write_csv, write_xlsx
from domain.actors import Actor
from domain.exports import rows
from domain.exports.asked import TABLES, Asked
from domain.imports import facility_columns, venue_columns
from domain.language import Label
from domain.people import local_day

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
TOLD_EVERY = 500
NOT_OUT = frozenset({
    "owner_phone", "manager_phone", "officer_name", "officer_phone", "responsible_name",
    "responsible_phone",
})  # fmt: skip
"""Columns of imports that exports leave out: telephones are shown one by one, with a reason."""

CASES: tuple[tuple[str, Label, float], ...] = (
    ("number", Label("案件编号", "Number"), 18),
    ("process", Label("流程", "Process"), 14),
    ("state", Label("状态", "State"), 16),
    ("hazard_code", Label("隐患代码", "Hazard code"), 12),
    ("hazard", Label("隐患", "Hazard"), 36),
    ("venue_code", Label("场所编码", "Venue code"), 12),
    ("where", Label("地点", "Place"), 36),
    ("area", Label("区域", "Area"), 16),
    ("channel", Label("渠道", "Channel"), 14),
    ("opened_at", Label("收到时间", "Received"), 17),
    ("due_at", Label("期限", "Due"), 17),
    ("closed_at", Label("结束时间", "Closed"), 17),
    ("overdue", Label("已逾期", "Overdue"), 9),
    ("assignee", Label("承办人", "Assignee"), 14),
    ("second_assignee", Label("协办人", "Second assignee"), 14),
)

PATROLS: tuple[tuple[str, Label, float], ...] = (
    ("number", Label("任务编号", "Number"), 18),
    ("title", Label("巡查内容", "Patrol"), 28),
    ("venue_code", Label("场所编码", "Venue code"), 12),
    ("venue", Label("场所", "Venue"), 30),
    ("area", Label("区域", "Area"), 16),
    ("day", Label("日期", "Day"), 12),
    ("frequency", Label("频次", "Frequency"), 14),
    ("due_at", Label("期限", "Due"), 17),
    ("outcome", Label("结果", "Outcome"), 12),
    ("done_at", Label("完成时间", "Done"), 17),
    ("person", Label("人员", "Person"), 14),
    ("failed", Label("不合格项", "Not in order"), 10),
    ("doubts", Label("存疑", "Doubts"), 8),
)

Progress = Callable[[int, int], None]
"""Told how many rows are written, of how many."""


def columns_of(table: str) -> list[tuple[str, Label, float]]:
    """Return the columns of an exported table: key, header, width in characters."""
    if table == "cases":
        return list(CASES)
    if table == "patrols":
        return list(PATROLS)
    known = venue_columns.COLUMNS if table == "venues" else facility_columns.COLUMNS
    left_out = NOT_OUT if table == "venues" else NOT_OUT | {"credit_code"}
    return [(column.key, column.title, column.width) for column in known if column.key not in left_out]


def write(
    path: Path, session: Session, asked: Asked, *, actor: Actor, at: datetime, progress: Progress | None = None
) -> int:
    """Write the file, CSV when its name says so, and return how many rows it has. tables_out.TooManyRows."""
    columns = columns_of(asked.table)
    total = rows.count(session, asked, actor=actor, at=at)

    def lines() -> Iterator[Sequence[Value]]:
        for count, row in enumerate(rows.read(session, asked, actor=actor, at=at), start=1):
            if progress is not None and count % TOLD_EVERY == 0:
                progress(count, max(total, count))
            yield [row.get(key) for key, _, _ in columns]

    heads = [OutColumn(title.in_language(asked.locale), width) for _, title, width in columns]
    if path.suffix.lower() == ".csv":
        return write_csv(path, heads, lines(), locale=asked.locale)
    return write_xlsx(path, heads, lines(), title=TABLES[asked.table].in_language(asked.locale), locale=asked.locale)


def file_name(asked: Asked, at: datetime) -> str:
    """Return what the file is called when it is fetched."""
    return f"{TABLES[asked.table].in_language(asked.locale)}-{local_day(at).isoformat()}.xlsx"
