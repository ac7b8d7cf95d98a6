"""What each question of an XLSForm asks in a checklist. Groups are taken apart; what is repeated is asked at points."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from documents.xlsform_logic import NotUnderstood, condition_of, days_of, limits_of, number, relevant_of, retold
from documents.xlsform_rows import CellFault, Line, SheetRows
from documents.xlsforms import unpacked
from domain.language import Sentence
from domain.patrols.item_rules import LIMITS
from domain.patrols.items import ANSWERS, EVIDENCE, MEASURED, OUTCOMES, PER, Choice, Condition, Item

_SILENT = frozenset({
    "start", "end", "today", "deviceid", "device id", "username", "phonenumber", "email", "audit", "calculate",
    "hidden", "background-audio", "start-geopoint", "background-geopoint",
})  # fmt: skip
"""Ask nobody anything."""
_KINDS = {"integer": "number", "decimal": "number", "range": "number", "text": "text", "string": "text", "date": "date",
          "datetime": "date", "image": "photo", "photo": "photo"}  # fmt: skip
_VERDICTS = {"pass": "pass", "yes": "pass", "ok": "pass", "合格": "pass", "是": "pass", "fail": "fail", "no": "fail",
             "不合格": "fail", "否": "fail", "na": "na", "n_a": "na", "n/a": "na", "not_applicable": "na",
             "不适用": "na"}  # fmt: skip
_YES = {"yes": True, "true": True, "1": True, "是": True, "no": False, "false": False, "0": False, "否": False}
_NOT_OURS = re.compile(r"[^A-Za-z0-9_]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CHOICE = re.compile(r"[A-Za-z0-9_-]{1,24}")
_BLOCK = re.compile(r"(begin|end)[ _](group|repeat)")
LONGEST_CODE = 24
LONGEST_NUMBER = 40
"""Far beyond what a gauge shows."""


@dataclass(slots=True)
class Reader:
    """Takes the lines of a survey one after the other; `items` are what they ask."""

    choices: SheetRows | None
    items: list[Item] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _named: dict[str, Item] = field(default_factory=dict)
    _verdicts: dict[str, dict[str, str]] = field(default_factory=dict)
    _codes: set[str] = field(default_factory=set)
    _blocks: list[tuple[str, Line]] = field(default_factory=list)
    _note: tuple[str, str] = ("", "")
    _note_name: str = ""

    def take(self, line: Line) -> None:
        """Take the next line of the survey."""
        kind = line.get("type").lower()
        if (block := _BLOCK.fullmatch(kind)) is not None:
            self._begin_or_end(block, line)
        elif kind in _SILENT or line.get("fireline::of"):
            self.left_out += [] if line.get("fireline::of") else [line.get("name")]
        elif kind == "note":
            self.end()
            self._note, self._note_name = line.words("label"), line.get("name")
        elif not kind:
            self._wrong(line, "type", Sentence("Say what kind of question this is."))
        else:
            self._ask(line, kind)

    def end(self) -> None:
        """Leave out a note that no question follows, to which it would be the hint."""
        if self._note_name:
            self.left_out.append(self._note_name)
        self._note, self._note_name = ("", ""), ""

    def _begin_or_end(self, block: re.Match[str], line: Line) -> None:
        if block[1] == "begin":
            self._blocks.append((block[2], line))
        elif self._blocks and self._blocks[-1][0] == block[2]:
            self._blocks.pop()
        else:
            self._wrong(line, "type", Sentence("This ends what was not begun."))

    def _ask(self, line: Line, kind: str) -> None:
        before = len(self.faults)
        item = self._own(line, self._foreign(line, kind))
        item = replace(item, condition=self._condition(line))
        name = line.get("name")
        if not name:
            self._wrong(line, "name", Sentence("A question needs a name."))
        if not item.zh:
            self._wrong(line, "label", Sentence("Write what is to be checked."))
        self._named[name] = item
        self._codes.add(item.code)
        if self._note_name and item.hint == self._note[0]:
            self._note_name = ""
        self.end()
        # Also of a line with faults: later ones may name it.
        if len(self.faults) == before:
            self.items.append(item)
            self.lines.append(line)

    def _foreign(self, line: Line, kind: str) -> Item:
        """Return what the question asks by what every XLSForm says."""
        zh, en = line.words("label")
        hint, hint_en = line.words("hint")
        if not hint and len(self._note[0]) <= LIMITS["hint"] and len(self._note[1]) <= LIMITS["hint_en"]:
            hint, hint_en = self._note
        per = "point" if any(block == "repeat" for block, _ in self._blocks) else "venue"
        code = self._code(line.get("name"))
        item = Item(code=code, zh=zh, en=en, hint=hint, per=per, hint_en=hint_en, evidence="none")
        for column in ("choice_filter", "calculation"):
            if line.get(column):
                reason = Sentence("A patrol cannot compute what it asks: leave this cell empty.")
                self._wrong(line, column, reason)
        word, _, rest = kind.partition(" ")
        if word in {"select_one", "select1"} and rest:
            return self._of_list(line, item, line.get("type").split()[1])
        if word == "image" and line.get("appearance") in {"signature", "draw"}:
            return replace(item, answer="signature")
        if kind not in _KINDS:
            self._wrong(
                line, "type", Sentence("A patrol cannot ask a question of the type “%(kind)s”.", kind=kind[:40])
            )
            return item
        return self._limited(line, replace(item, answer=_KINDS[kind]), is_whole=kind == "integer")

    def _limited(self, line: Line, item: Item, *, is_whole: bool) -> Item:
        if not line.get("constraint") or line.get("fireline::answer"):
            return item
        try:
            if item.answer == "date":
                return replace(item, high=days_of(line.get("constraint")))
            if item.answer == "number":
                low, high = limits_of(line.get("constraint"), is_whole=is_whole)
                return replace(item, low=low, high=high)
        except NotUnderstood:
            limits = ". >= today() - 365" if item.answer == "date" else ". >= 2 and . <= 8"
            reason = Sentence("Only limits such as %(limits)s can be taken over.", limits=limits)
            self._wrong(line, "constraint", reason)
        else:
            self._wrong(line, "constraint", Sentence("Only a number, a reading or a date has limits."))
        return item

    def _of_list(self, line: Line, item: Item, name: str) -> Item:
        if " or_other" in line.get("type") or len(line.get("type").split()) > 2:  # noqa: PLR2004 - type and list
            self._wrong(line, "type", Sentence("A patrol cannot ask for another choice in words."))
        listed = [one for one in (self.choices.lines if self.choices else ()) if one.get("list_name") == name]
        if not listed:
            self._wrong(line, "type", Sentence("The sheet “choices” has no list “%(name)s”.", name=name[:40]))
            return item
        meant = {one.get("name"): _VERDICTS.get(one.get("name").lower(), "") for one in listed}
        is_own_choice = line.get("fireline::answer") == "choice"
        if (
            not is_own_choice
            and all(meant.values())
            and {"pass", "fail"} <= set(meant.values())
            and len(set(meant.values())) == len(meant)
        ):
            self._verdicts[line.get("name")] = meant
            return replace(item, answer="pass_fail_na", evidence="none")
        codes = {one.get("name"): _choice_code(one.get("name"), place) for place, one in enumerate(listed, start=1)}
        self._verdicts[line.get("name")] = codes
        choices = []
        for one in listed:
            zh, en = one.words("label")
            fails = self._yes_or_no(one, "fireline_fails", default=False)
            choices.append(Choice(codes[one.get("name")], zh or one.get("name"), en, fails))
        return replace(item, answer="choice", choices=tuple(choices))

    def _own(self, line: Line, item: Item) -> Item:
        """Return the item with what our own columns say besides."""
        told = {name: line.get(f"fireline::{name}") for name in ("answer", "per", "evidence")}
        for name, listed in (("answer", ANSWERS), ("per", PER), ("evidence", EVIDENCE)):
            if told[name] and told[name] not in listed:
                self._wrong(line, f"fireline::{name}", Sentence("Please choose one of the given answers."))
                told[name] = ""
        if told["answer"] and not _is_same_kind(told["answer"], item.answer):
            self._wrong(line, "fireline::answer", Sentence("This does not fit the type of the question."))
        return replace(
            item,
            answer=told["answer"] or item.answer,
            per=told["per"] or item.per,
            evidence=told["evidence"] or item.evidence,
            facility_kinds=tuple(line.get("fireline::facility_kinds").split()) or item.facility_kinds,
            unit=line.get("fireline::unit"),
            low=self._number(line, "fireline::low", item.low),
            high=self._number(line, "fireline::high", item.high),
            is_critical=self._yes_or_no(line, "fireline::critical", default=False),
            on_spot=self._yes_or_no(line, "fireline::on_spot", default=False),
            hazard=line.get("fireline::hazard") or None,
            basis=tuple(part.strip() for part in line.get("fireline::basis").split(";") if part.strip()),
            shows_previous=self._yes_or_no(line, "fireline::shows_previous", default=True),
            canned=unpacked(line.get("fireline::canned")),
        )

    def _condition(self, line: Line) -> Condition | None:
        around = [(block, one) for block, one in self._blocks if one.get("relevant")]
        asked = [one for one in (*(one for _, one in around), line) if one.get("relevant")]
        if not asked:
            return None
        if len(asked) > 1:
            self._wrong(
                line, "relevant", Sentence("A question inside of a group with a condition cannot have another.")
            )
            return None
        here = asked[0]
        own = retold(here.get("fireline::condition"))
        other = next((item for item in self._named.values() if own and item.code == own.item), None)
        if own and other and relevant_of(own, other) == here.get("relevant"):
            return own
        try:
            return condition_of(here.get("relevant"), self._named, self._verdicts)
        except NotUnderstood:
            reason = Sentence(
                "This condition cannot be taken over. Ask for answers to one earlier question, such as ${P01} = 'fail'."
            )
            self._wrong(here, "relevant", reason)
            return None

    def _code(self, name: str) -> str:
        """Return a question's name as a code: other characters as underscores, a letter first, cut short, once only."""
        code = _NOT_OURS.sub("_", name)
        code = code if code[:1].isalpha() else f"q{code}" if code else ""
        if len(code) <= LONGEST_CODE and (code == name or code not in self._codes):
            return code
        ends = (f"_{number}" for number in range(2, 10_000))
        free = (f"{code[: LONGEST_CODE - len(end)]}{end}" for end in ends)
        return (
            code[:LONGEST_CODE]
            if code[:LONGEST_CODE] not in self._codes
            else next(one for one in free if one not in self._codes)
        )

    def _number(self, line: Line, column: str, otherwise: float | None) -> float | None:
        text = line.get(column)
        if not text:
            return otherwise
        if not _NUMBER.fullmatch(text) or len(text) > LONGEST_NUMBER:
            self._wrong(line, column, Sentence("This is not a number."))
            return None
        return number(text)

    def _yes_or_no(self, line: Line, column: str, *, default: bool) -> bool:
        text = line.get(column).lower()
        if text and text not in _YES:
            self._wrong(line, column, Sentence("Write yes or no."))
        return _YES.get(text, default)

    def _wrong(self, line: Line, column: str, reason: Sentence) -> None:
        self.faults.append(CellFault(line.at(column), reason))


def _is_same_kind(own: str, foreign: str) -> bool:
    alike = ({"pass_fail_na", "checkpoint"}, MEASURED)
    return own == foreign or any({own, foreign} <= group for group in alike)


def _choice_code(name: str, place: int) -> str:
    """Return the name of a choice as a code; ours are plain, and none is called like an outcome."""
    if not _CHOICE.fullmatch(name):
        return f"c{place}"
    return f"{name}_"[:LONGEST_CODE] if name in OUTCOMES else name
