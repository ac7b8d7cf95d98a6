"""Conditions and limits of a checklist as XLSForm writes them (XPath), and back, as far as both can say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from domain.patrols.items import MEASURED, Condition, Item

_NAME = r"\$\{\s*(?P<name>[^{}\s]+)\s*\}"
_QUOTED = r"""(?:'(?P<one>[^']*)'|"(?P<two>[^"]*)")"""
_EQUALS = re.compile(rf"{_NAME}\s*=\s*{_QUOTED}")
_SELECTED = re.compile(rf"selected\(\s*{_NAME}\s*,\s*{_QUOTED}\s*\)")
_COMPARED = re.compile(rf"{_NAME}\s*(?P<sign>>|<)\s*(?P<number>-?\d+(?:\.\d+)?)")
_BOUND = re.compile(r"\.\s*(?P<sign>>=|<=|>|<)\s*(?P<number>-?\d+(?:\.\d+)?)")
_BACK = re.compile(r"\.\s*>=\s*today\(\)\s*-\s*(?P<days>\d{1,6})")
_NOT_TO_COME = re.compile(r"\.\s*<=\s*today\(\)")
LONGEST = 1_000
"""Characters of an expression that is looked at."""
NEVER = "1 = 0"


class NotUnderstood(ValueError):
    """The expression says something a checklist cannot."""


def relevant_of(condition: Condition, other: Item) -> str:
    """Return the expression under which an item with that condition is shown; `other` is the item it asks for."""
    name = f"${{{other.code}}}"
    if not condition.is_any:
        parts = [(">", condition.above), ("<", condition.below)]
        return " and ".join(f"{name} {sign} {plain(bound)}" for sign, bound in parts if bound is not None)
    said = [part for given in condition.is_any if (part := _outcome(other, given, name))]
    return " or ".join(said) or NEVER


def _outcome(other: Item, given: str, name: str) -> str:
    if other.answer == "choice" and given in {"pass", "fail"}:
        codes = [choice.code for choice in other.choices if choice.fails == (given == "fail")]
        return " or ".join(f"{name} = '{code}'" for code in codes)
    if other.answer not in MEASURED:
        return f"{name} = '{given}'"
    low, high = other.low, other.high
    if given == "fail":
        parts = ["" if low is None else f"{name} < {plain(low)}", "" if high is None else f"{name} > {plain(high)}"]
        return " or ".join(part for part in parts if part)
    if given == "pass":
        parts = ["" if low is None else f"{name} >= {plain(low)}", "" if high is None else f"{name} <= {plain(high)}"]
        return " and ".join(part for part in parts if part)
    return ""


def told(condition: Condition) -> str:
    """Return a condition as our own column has it: `P01: fail na` or `W01: > 3 < 10`."""
    parts = list(condition.is_any)
    parts += [f"> {plain(condition.above)}"] if condition.above is not None else []
    parts += [f"< {plain(condition.below)}"] if condition.below is not None else []
    return f"{condition.item}: {' '.join(parts)}"


def retold(text: str) -> Condition | None:
    """Return what `told` gave; None for anything else."""
    item, found, rest = text.partition(":")
    words = rest.split()
    bounds: dict[str, float] = {}
    given: list[str] = []
    while words:
        word = words.pop(0)
        if word in {">", "<"}:
            if not words or not re.fullmatch(r"-?\d+(?:\.\d+)?", words[0]):
                return None
            bounds[word] = number(words.pop(0))
        else:
            given.append(word)
    if not found or not item.strip() or not (given or bounds):
        return None
    return Condition(item.strip(), tuple(given), bounds.get(">"), bounds.get("<"))


def condition_of(expression: str, named: Mapping[str, Item], verdicts: Mapping[str, Mapping[str, str]]) -> Condition:
    """Return the condition an expression stands for.

    `named` are the items by the name of their question, `verdicts` what the answers of a question with choices mean.
    Raises `NotUnderstood`.
    """
    text = expression.strip()
    if not text or len(text) > LONGEST:
        raise NotUnderstood(text[:80])
    compared = [_COMPARED.fullmatch(part.strip()) for part in re.split(r"\s+and\s+", text)]
    if all(compared):
        return _bounds([match for match in compared if match], named)
    equal = [
        _SELECTED.fullmatch(part.strip()) or _EQUALS.fullmatch(part.strip()) for part in re.split(r"\s+or\s+", text)
    ]
    matches = [match for match in equal if match]
    names = {match["name"] for match in matches}
    if len(matches) < len(equal) or len(names) != 1:
        raise NotUnderstood(text[:80])
    name = names.pop()
    item = _known(name, named)
    given = [match["one"] if match["one"] is not None else match["two"] for match in matches]
    meant = verdicts.get(name, {})
    return Condition(item.code, tuple(dict.fromkeys(meant.get(one, one) for one in given)))


def _bounds(matches: list[re.Match[str]], named: Mapping[str, Item]) -> Condition:
    names = {match["name"] for match in matches}
    signs = [match["sign"] for match in matches]
    if len(names) != 1 or len(set(signs)) < len(signs):
        raise NotUnderstood(matches[0].string[:80])
    item = _known(names.pop(), named)
    bounds = {match["sign"]: number(match["number"]) for match in matches}
    return Condition(item.code, (), bounds.get(">"), bounds.get("<"))


def _known(name: str, named: Mapping[str, Item]) -> Item:
    if name not in named:
        raise NotUnderstood(name)
    return named[name]


def limits_of(constraint: str, *, is_whole: bool) -> tuple[float | None, float | None]:
    """Return the least and the most a constraint such as `. >= 2 and . <= 8` lets through; raises `NotUnderstood`."""
    low: float | None = None
    high: float | None = None
    if len(constraint) > LONGEST:
        raise NotUnderstood(constraint[:80])
    for part in re.split(r"\s+and\s+", constraint.strip()):
        match = _BOUND.fullmatch(part.strip().removeprefix("(").removesuffix(")").strip())
        # Of whole numbers `> 2` is `>= 3`; of others nothing we have says it.
        if match is None or (match["sign"] in {">", "<"} and not (is_whole and "." not in match["number"])):
            raise NotUnderstood(constraint[:80])
        bound, sign = number(match["number"]), match["sign"]
        if sign[0] == ">" and low is None:
            low = bound + 1 if sign == ">" else bound
        elif sign[0] == "<" and high is None:
            high = bound - 1 if sign == "<" else bound
        else:
            raise NotUnderstood(constraint[:80])
    return low, high


def days_of(constraint: str) -> float | None:
    """Return how many days a date may lie back by `. >= today() - 365`, None: any; raises `NotUnderstood`."""
    days: float | None = None
    for part in re.split(r"\s+and\s+", constraint[: LONGEST + 1].strip()):
        if match := _BACK.fullmatch(part.strip()):
            days = int(match["days"])
        elif not _NOT_TO_COME.fullmatch(part.strip()):  # a day to come is never taken anyway
            raise NotUnderstood(constraint[:80])
    return days


def number(text: str) -> float:
    """Return a number as written: 2 stays whole."""
    return float(text) if "." in text else int(text)


def plain(value: float | None) -> str:
    """Return a number whole, without exponent and needless zeros."""
    if value is None:
        return ""
    said = format(Decimal(repr(float(value))), "f")
    return said.rstrip("0").rstrip(".") if "." in said else said
