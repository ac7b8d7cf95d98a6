"""Writes a checklist as an XLSForm, which ODK and its kin can ask: what XLSForm cannot say stands in `fireline::…`.

A limit is no constraint there: a value beyond it is not refused, it fails. Photos a failing answer wants are questions
of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from documents.xlsform_check import Book
from documents.xlsform_logic import plain, relevant_of, told
from domain.language import Label
from domain.patrols.items import VERDICTS, Canned, Choice, Condition, Item

ZH, EN = "中文 (zh)", "English (en)"
VERDICT_LIST = "fl_verdict"
_VERDICT_WORDS = {
    "pass": Label("合格", "Pass"),
    "fail": Label("不合格", "Fail"),
    "na": Label("不适用", "Not applicable"),
}
_PHOTO = {
    "photo_on_fail": ("image", Label("不合格照片", "Photo of what is wrong")),
    "photo_always": ("image", Label("现场照片", "Photo")),
    "document": ("image", Label("资料照片", "Photo of the document")),
    "video": ("video", Label("现场影像", "Recording")),
}
SURVEY = ("type", "name", f"label::{ZH}", f"label::{EN}", f"hint::{ZH}", f"hint::{EN}", "required", "relevant",
          "appearance", "fireline::of", "fireline::answer", "fireline::per", "fireline::facility_kinds",
          "fireline::unit", "fireline::low", "fireline::high", "fireline::condition", "fireline::evidence",
          "fireline::critical", "fireline::on_spot", "fireline::hazard", "fireline::basis",
          "fireline::shows_previous", "fireline::canned")  # fmt: skip
CHOICES = ("list_name", "name", f"label::{ZH}", f"label::{EN}", "fireline_fails")
"""A column of ours without colons: pyxform makes elements of these, and an element is called like that."""
SETTINGS = ("form_title", "form_id", "version", "default_language", "fireline::title_en", "fireline::frequency",
            "fireline::venue_type", "fireline::signed")  # fmt: skip
BETWEEN, BETWEEN_LANGUAGES = " || ", " | "
WIDTHS = {"type": 22, f"label::{ZH}": 44, f"label::{EN}": 44, "relevant": 28}


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What an XLSForm says of the checklist as a whole."""

    title: str
    title_en: str = ""
    form_id: str = ""
    version: str = ""
    frequency: str = ""
    venue_type: str = ""
    is_signed: bool = True


def book_of(facts: FormFacts, items: Sequence[Item]) -> Book:
    """Return the sheets of a checklist's form."""
    by_code = {item.code: item for item in items}
    settings = {
        "form_title": facts.title, "form_id": facts.form_id, "version": facts.version, "default_language": ZH,
        "fireline::title_en": facts.title_en, "fireline::frequency": facts.frequency,
        "fireline::venue_type": facts.venue_type, "fireline::signed": _yes(facts.is_signed),
    }  # fmt: skip
    survey = [row for item in items for row in _questions(item, by_code)]
    lists: list[dict[str, str]] = []
    if any(row["type"] == f"select_one {VERDICT_LIST}" for row in survey):
        lists += [_choice(VERDICT_LIST, Choice(code, _VERDICT_WORDS[code].zh, _VERDICT_WORDS[code].en, code == "fail"))
                  for code in VERDICTS]  # fmt: skip
    lists += [_choice(f"c_{item.code}", choice) for item in items for choice in item.choices]
    return {
        "survey": [_filled(row) for row in survey],
        **({"choices": [_filled(row) for row in lists]} if lists else {}),
        "settings": [_filled(settings)],
    }


def write(path: Path, book: Book) -> None:
    """Write the sheets as a workbook; every cell is text."""
    import xlsxwriter  # noqa: PLC0415 - a tenth of a second that no page should wait for

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        bold, text = workbook.add_format({"bold": True}), workbook.add_format({"num_format": 49, "text_wrap": True})
        for name, columns in (("survey", SURVEY), ("choices", CHOICES), ("settings", SETTINGS)):
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 2)
            for place, column in enumerate(columns):
                sheet.set_column(place, place, WIDTHS.get(column, 16))
                sheet.write_string(0, place, column, bold)
                for number, row in enumerate(book.get(name, ()), start=1):
                    if row.get(column):
                        sheet.write_string(number, place, row[column], text)


def _questions(item: Item, by_code: dict[str, Item]) -> Iterator[dict[str, str]]:
    relevant = relevant_of(item.condition, by_code[item.condition.item]) if item.condition else ""
    kind, appearance = _type(item)
    yield {
        "type": kind, "name": item.code, f"label::{ZH}": item.zh, f"label::{EN}": item.en, f"hint::{ZH}": item.hint,
        f"hint::{EN}": item.hint_en, "required": "yes", "relevant": relevant, "appearance": appearance,
        "fireline::answer": item.answer, "fireline::per": item.per,
        "fireline::facility_kinds": " ".join(item.facility_kinds), "fireline::unit": item.unit,
        "fireline::low": plain(item.low), "fireline::high": plain(item.high),
        "fireline::condition": told(item.condition) if item.condition else "", "fireline::evidence": item.evidence,
        "fireline::critical": _yes(item.is_critical), "fireline::on_spot": _yes(item.on_spot),
        "fireline::hazard": item.hazard or "", "fireline::basis": "; ".join(item.basis),
        "fireline::shows_previous": _yes(item.shows_previous),
        "fireline::canned": packed(item.canned),
    }  # fmt: skip
    if item.evidence in _PHOTO and item.answer != "photo":
        photo, words = _PHOTO[item.evidence]
        failed = Condition(item.code, ("fail",))
        wanted = relevant_of(failed, item) if item.evidence == "photo_on_fail" else f"${{{item.code}}} != ''"
        yield {
            "type": photo, "name": f"{item.code}__{item.evidence}", f"label::{ZH}": f"{words.zh}：{item.zh}",
            f"label::{EN}": f"{words.en}: {item.en}" if item.en else "", "relevant": wanted, "fireline::of": item.code,
        }  # fmt: skip


def packed(canned: Sequence[Canned]) -> str:
    """Return comments in one cell: `表坏了 | Gauge broken || 读不到`; a bar in words has a backslash first."""
    return BETWEEN.join(
        BETWEEN_LANGUAGES.join(part.replace("\\", r"\\").replace("|", r"\|") for part in (one.zh, one.en) if part)
        for one in canned
    )


def unpacked(text: str) -> tuple[Canned, ...]:
    """Return the comments that `packed` put into a cell, or somebody typed."""
    found, at = [[""]], 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            found[-1][-1] += text[at + 1]
            at += 2
        elif text.startswith(BETWEEN, at):
            found.append([""])
            at += len(BETWEEN)
        elif text.startswith(BETWEEN_LANGUAGES, at):
            found[-1].append("")
            at += len(BETWEEN_LANGUAGES)
        else:
            found[-1][-1] += text[at]
            at += 1
    return tuple(Canned(parts[0].strip(), " ".join(parts[1:]).strip()) for parts in found if parts[0].strip())


def _type(item: Item) -> tuple[str, str]:
    if item.answer == "choice":
        return f"select_one c_{item.code}", ""
    if item.answer in {"pass_fail_na", "checkpoint"}:
        return f"select_one {VERDICT_LIST}", ""
    kinds = {"number": "decimal", "reading": "decimal", "text": "text", "date": "date"}
    return kinds.get(item.answer, "image"), "signature" if item.answer == "signature" else ""


def _choice(list_name: str, choice: Choice) -> dict[str, str]:
    return {"list_name": list_name, "name": choice.code, f"label::{ZH}": choice.zh, f"label::{EN}": choice.en,
            "fireline_fails": _yes(choice.fails)}  # fmt: skip


def _filled(row: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if text}


def _yes(value: bool) -> str:  # noqa: FBT001 - the one thing it is asked
    return "yes" if value else "no"
