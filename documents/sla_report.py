"""A report as PDF, on the grid of official documents: 22 lines of 28 characters on a page (GB/T 9704—2012 §5.2.1).

Every row of a table and every chart is a whole number of lines high, so that the lines of all pages lie on each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import ceil
from typing import Any

from documents import charts, printing, qr
from documents.charts import Bar, Column, Drawing
from domain.language import CHINESE, Label, Sentence
from domain.reporting import paper
from domain.reporting.amounts import NO_DATA
from domain.reporting.content import TITLE, Content
from domain.reporting.figures import Point
from domain.reporting.paper import Chapter, Line, Row, Table

MEDIA_TYPE = "application/pdf"
NUMERALS = "一二三四五六七八九十"
MOST_ROWS = 60
"""Rows of one table on paper; the workbook has all of them."""
WORDS = {
    "figure": Label("指标", "Figure"),
    "now": Label("本期", "This period"),
    "before": Label("上期", "Before"),
    "change": Label("变化", "Change"),
    "results": Label("办理结果", "Results"),
    "durations": Label("办理用时", "How long it took"),
    "series": Label("收到与办结", "Received and closed"),
    "received": Label("收到", "Received"),
    "closed": Label("办结", "Closed"),
    "breaches": Label("各环节逾期次数", "Breaches by stage"),
    "notes": Label("统计说明", "How it is counted"),
    "empty": Label("本期没有此类案件。", "There was no case of this kind in the period."),
    "version": Label("编制版本", "Made by version"),
    "as_of": Label("数据截至", "As of"),
    "checksum": Label("数据校验值（SHA-256）", "Checksum of the data (SHA-256)"),
    "verify": Label("扫码核对原件", "Scan to compare with the original"),
}
LEAD = Sentence(
    "Period: %(period)s. Compared with: %(before)s. Area: %(area)s. Organisation: %(organisation)s. "
    "Process: %(process)s. Hazard: %(hazard)s. As of %(as_of)s."
)
NOTES = (
    Sentence("Counted are the cases that were opened in the period, as they stood at the moment named above."),
    Sentence(
        "In time is what was done at its deadline at the latest; the share is of those that are decided: done, or over "
        "their deadline."
    ),
    Sentence("Medians and nine of ten are lengths that really occurred, in whole minutes."),
    Sentence("“No data” says that there was nothing to count from; it is not zero."),
)
MORE = Sentence("%(count)s more rows stand in the workbook of this edition.")
UNITS = {"day": Label("日", "day"), "week": Label("周", "week"), "month": Label("月", "month")}
CHART_MM = 130
"""Width of a chart on paper."""
LINE_MM = 225 / 22


def write(content: Content, *, checksum: str) -> bytes:
    """Return the PDF; `checksum` is that of the report's JSON. printing.CannotPrint.

    Equal content gives equal bytes: nothing in it comes from the moment or the machine that writes it.
    """
    context = {
        "lang": "zh-CN" if content.locale == CHINESE else "en",
        "words": {name: content.say(words) for name, words in WORDS.items()},
        "title": content.say(TITLE),
        "issuer": content.say(content.issuer),
        "period": content.period,
        "kind": content.say(content.kind.label),
        "lead": content.say(_lead(content)),
        "chapters": [_chapter(content, chapter, at) for at, chapter in enumerate(paper.chapters(content.numbers))],
        "notes": [content.say(note) for note in NOTES],
        "version": content.version,
        "as_of": content.moment(content.numbers.as_of),
        "checksum": checksum,
        "address": content.address,
        "qr": qr.draw(content.address) if content.address else None,
        "edition": str(content.edition_id or ""),
    }
    return printing.pdf("sla_report.html", [context])


def _lead(content: Content) -> Sentence:
    said = dict(zip(("area", "organisation", "process", "hazard"), (one for _, one in content.filters()), strict=True))
    return Sentence(
        LEAD.text, period=content.period, before=content.period_before, as_of=content.moment(content.numbers.as_of),
        **said,
    )  # fmt: skip


def _chapter(content: Content, chapter: Chapter, at: int) -> dict[str, Any]:
    name = content.say(content.names.of("process", chapter.process))
    number = f"{NUMERALS[at]}、" if content.locale == CHINESE else f"{at + 1}. "
    shown: dict[str, Any] = {"title": f"{number}{name}", "is_empty": chapter.is_empty}
    if chapter.is_empty:
        return shown
    return {
        **shown,
        "headline": list(_lines(content, chapter.headline)),
        "results": list(_lines(content, chapter.results)),
        "durations": list(_lines(content, chapter.durations)),
        "charts": [(drawing, _lines_high(drawing)) for drawing in drawings(content, chapter)],
        "tables": [_table(content, table, chapter.process) for table in (chapter.stages, *chapter.tables)],
    }


def _lines(content: Content, lines: Sequence[Line]) -> Iterator[dict[str, str]]:
    for line in lines:
        yield {
            "label": content.say(paper.title_of(line, content.names)),
            "now": line.now.words(content.locale),
            "beside": line.now.beside(content.locale),
            "before": line.before.words(content.locale),
            "change": line.now.change(line.before, content.locale),
        }


def drawings(content: Content, chapter: Chapter) -> Iterator[Drawing]:
    """Give the charts of a chapter; the table of each stands beside it."""
    if chapter.series:
        title = f"{content.say(WORDS['series'])} · {content.say(UNITS[content.numbers.unit])}"
        names = (content.say(WORDS["received"]), content.say(WORDS["closed"]))
        yield charts.columns([_column(*point) for point in chapter.series], title=title, names=names)
    if rows := chapter.stages.rows:
        title = content.say(WORDS["breaches"])
        yield charts.bars([_bar(content, row, chapter.process) for row in rows], title=title, alarming=True)


def _bar(content: Content, row: Row, process: str) -> Bar:
    found = {cell.name: cell.now for cell in row.cells}
    name = content.say(paper.row_title(row, process, content.names))
    if not found["started"].value and not found["breaches"].value:
        return Bar(name, None, content.say(NO_DATA))
    return Bar(name, found["breaches"].value, found["breaches"].words(content.locale))


def _lines_high(drawing: Drawing) -> int:
    return ceil(drawing.height * CHART_MM / charts.WIDTH / LINE_MM)


def _column(begins: date, point: Point | None) -> Column:
    words = f"{begins.month}-{begins.day}"
    return Column(words, point.received, point.closed) if point else Column(words, None)


def _table(content: Content, table: Table, process: str) -> dict[str, Any]:
    rows = [
        {
            "label": content.say(paper.row_title(row, process, content.names)),
            "cells": [cell.now.words(content.locale) for cell in row.cells],
        }
        for row in table.rows[:MOST_ROWS]
    ]
    left = len(table.rows) - len(rows)
    return {
        "title": content.say(table.title),
        "first": content.say(paper.FIRST[table.kind]),
        "columns": [content.say(label) for label in table.columns],
        "rows": rows,
        "more": content.say(Sentence(MORE.text, count=left)) if left else "",
    }
