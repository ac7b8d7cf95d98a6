"""A report as XLSX: the summary, the stages, each part of the whole, and the cases behind the numbers.

Counts are numbers and lengths are minutes, so that they can be reckoned with; a cell of no data is empty, not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from documents.tables_out import OutColumn, Sheet, Value, write_book
from domain.language import Label, Sentence
from domain.reporting import paper
from domain.reporting.case_rows import CaseRow
from domain.reporting.content import TITLE, Content
from domain.reporting.paper import Chapter, Line

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_CASES = 200_000
"""Rows of the sheet of cases; its last line says that there are more."""
SUMMARY = (
    (Label("流程", "Process"), 14),
    (Label("指标", "Figure"), 34),
    (Label("本期", "This period"), 12),
    (Label("其中", "Part"), 10),
    (Label("基数", "Of"), 10),
    (Label("上期", "Before"), 12),
    (Label("单位", "Unit"), 10),
    (Label("文字", "In words"), 18),
)
UNITS = {
    "count": Label("件", "number"),
    "share": Label("%", "%"),
    "minutes": Label("分钟", "minutes"),
    "rating": Label("星", "stars"),
}
CASES = (
    (Label("案件编号", "Number"), 18),
    (Label("流程", "Process"), 12),
    (Label("区域", "Area"), 16),
    (Label("隐患", "Hazard"), 30),
    (Label("收到时间", "Received"), 17),
    (Label("状态", "State"), 14),
    (Label("结束时间", "Ended"), 17),
    (Label("结果", "Result"), 12),
    (Label("有异议", "Disputed"), 9),
    (Label("重新核查次数", "Reopened"), 12),
    (Label("评分", "Rating"), 8),
    (Label("最近期限", "Due"), 17),
)
RESULTS = {
    "fixed": Label("核实已整改", "verified fixed"),
    "fixing": Label("整改中", "being corrected"),
    "unproven": Label("未查实", "unproven"),
}
CASES_TITLE = Label("案件", "Cases")
SUMMARY_TITLE = Label("汇总", "Summary")
STAGES_TITLE = Label("环节", "Stages")
AS_OF = Sentence("%(title)s, %(period)s, as of %(as_of)s. Version %(version)s. Checksum of the data: %(checksum)s")
MORE = Sentence("There are more cases: choose a shorter period.")


def write(path: Path, content: Content, cases: Iterable[CaseRow], *, checksum: str) -> None:
    """Write the workbook; equal content and cases give equal bytes. tables_out.TooManyRows."""
    chapters = paper.chapters(content.numbers)
    said = Sentence(
        AS_OF.text, title=TITLE, period=content.period, as_of=content.moment(content.numbers.as_of),
        version=content.version, checksum=checksum,
    )  # fmt: skip
    chosen = [f"{content.say(name)}: {content.say(value)}" for name, value in content.filters()]
    sheets = [
        Sheet(content.say(SUMMARY_TITLE), _columns(content, SUMMARY), list(_summary(content, chapters)),
              above=(content.say(said), *chosen)),
        Sheet(content.say(STAGES_TITLE), _stage_columns(content), list(_stages(content, chapters))),
        *_parts(content, chapters),
        Sheet(content.say(CASES_TITLE), _columns(content, CASES), _cases(content, cases)),
    ]  # fmt: skip
    write_book(path, sheets, title=content.say(TITLE), created=content.numbers.as_of, locale=content.locale)


def _columns(content: Content, known: Sequence[tuple[Label, float]]) -> list[OutColumn]:
    return [OutColumn(content.say(title), width) for title, width in known]


def _process(content: Content, process: str) -> str:
    return content.say(content.names.of("process", process))


def _summary(content: Content, chapters: Sequence[Chapter]) -> Iterator[Sequence[Value]]:
    for chapter in chapters:
        for line in (*chapter.headline, *chapter.results, *chapter.durations):
            yield _line(content, line)


def _line(content: Content, line: Line) -> Sequence[Value]:
    now, has_parts = line.now, line.now.sort in {"share", "rating"}
    return (
        _process(content, line.figure.process),
        content.say(paper.title_of(line, content.names)),
        now.cell,
        now.part if now.sort == "share" else None,
        now.whole if has_parts else None,
        line.before.cell,
        content.say(UNITS[now.sort]),
        now.words(content.locale),
    )


def _stage_columns(content: Content) -> list[OutColumn]:
    named = [OutColumn(content.say(SUMMARY[0][0]), 14), OutColumn(content.say(paper.FIRST["stage"]), 24)]
    return named + [OutColumn(content.say(one.label), 12) for one in paper.STAGE_COLUMNS]


def _stages(content: Content, chapters: Sequence[Chapter]) -> Iterator[Sequence[Value]]:
    for chapter in chapters:
        for row in chapter.stages.rows:
            name = content.say(paper.row_title(row, chapter.process, content.names))
            yield (_process(content, chapter.process), name, *(cell.now.cell for cell in row.cells))


def _parts(content: Content, chapters: Sequence[Chapter]) -> Iterator[Sheet]:
    for kind in ("area", "organisation", "hazard"):
        rows: list[Sequence[Value]] = []
        for chapter in chapters:
            for table in chapter.tables:
                if table.kind == kind:
                    rows += [
                        (_process(content, chapter.process),
                         content.say(paper.row_title(row, chapter.process, content.names)),
                         *(cell.now.cell for cell in row.cells))
                        for row in table.rows
                    ]  # fmt: skip
        columns = [OutColumn(content.say(SUMMARY[0][0]), 14), OutColumn(content.say(paper.FIRST[kind]), 28)]
        columns += [OutColumn(content.say(one.label), 12) for one in (*paper.SLICE_COLUMNS, *paper.SUMS)]
        yield Sheet(content.say(paper.TITLES[kind]), columns, rows)


def _cases(content: Content, cases: Iterable[CaseRow]) -> Iterator[Sequence[Value]]:
    names = content.names
    for at, case in enumerate(cases):
        if at == MOST_CASES:
            yield (content.say(MORE),)
            return
        yield (
            case.number, names.of("process", case.process), names.of("area", case.area),
            names.of("hazard", case.hazard), case.opened_at, names.of("state", f"{case.process}.{case.state}"),
            case.ended_at, RESULTS.get(case.result or ""), case.disputed, case.reopened, case.rating, case.due_at,
        )  # fmt: skip
