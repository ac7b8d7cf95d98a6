"""One number of a report in words: what it is now, what it was, how it changed; no data never reads as zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.language import CHINESE, N_, Label, translate
from domain.reporting.figures import Lengths, Share

Sort = Literal["count", "share", "minutes", "rating"]
NO_DATA = Label("无数据", "no data")
NOTHING = "—"
HOUR, DAY = 60, 24 * 60
LENGTHS = (
    (N_("%(count)s day"), N_("%(count)s days")),
    (N_("%(count)s hour"), N_("%(count)s hours")),
    (N_("%(count)s minute"), N_("%(count)s minutes")),
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of its sort; `value` None: there is nothing to say it of.

    Counts are cases or runs; shares per cent with one decimal, with what they are a share of; lengths whole minutes;
    ratings stars with one decimal, with how many rated.
    """

    sort: Sort
    value: float | None
    part: int = 0
    whole: int = 0

    def words(self, locale: str) -> str:
        """Return it as people read it."""
        if self.value is None:
            return NO_DATA.in_language(locale)
        match self.sort:
            case "share":
                return f"{self.value:.1f}%"
            case "minutes":
                return length_words(int(self.value), locale)
            case "rating":
                return f"{self.value:.1f}"
            case _:
                return f"{int(self.value):,}"

    def beside(self, locale: str) -> str:
        """Return what a share or a rating is made of: `29 of 31`; "" for the others and where there is no data."""
        if self.value is None:
            return ""
        if self.sort == "share":
            return translate(N_("%(part)s of %(whole)s"), locale, part=f"{self.part:,}", whole=f"{self.whole:,}")
        if self.sort == "rating":
            return translate(N_("%(count)s ratings"), locale, count=f"{self.whole:,}")
        return ""

    def change(self, before: Amount, locale: str) -> str:
        """Return how it differs from before, with its sign; a dash where either is not known."""
        if self.value is None or before.value is None:
            return NOTHING
        by = round(self.value - before.value, 1)
        sign = "+" if by > 0 else "−" if by < 0 else "±"
        match self.sort:
            case "share":
                return translate(N_("%(sign)s%(points)s points"), locale, sign=sign, points=f"{abs(by):.1f}")
            case "minutes":
                return f"{sign}{length_words(int(abs(by)), locale)}" if by else f"{sign}0"
            case "rating":
                return f"{sign}{abs(by):.1f}"
            case _:
                return f"{sign}{int(abs(by)):,}"

    @property
    def cell(self) -> float | int | None:
        """Return it for a cell of a table: counts and minutes whole, shares and ratings with a decimal."""
        if self.value is None:
            return None
        return self.value if self.sort in {"share", "rating"} else int(self.value)


def count(value: int | None) -> Amount:
    """Return a count; None: nobody counted it."""
    return Amount("count", value)


def share(of: Share) -> Amount:
    """Return a share with what it is made of."""
    return Amount("share", of.percent, of.part, of.whole)


def median(of: Lengths) -> Amount:
    """Return the middle length; of none there is none."""
    return Amount("minutes", of.median, whole=of.count)


def p90(of: Lengths) -> Amount:
    """Return the length nine of ten stayed within."""
    return Amount("minutes", of.p90, whole=of.count)


def rating(value: float | None, rated: int) -> Amount:
    """Return a mean rating."""
    return Amount("rating", value, whole=rated)


def length_words(minutes: int, locale: str) -> str:
    """Return whole minutes in their two largest units: `3 小时 12 分`, `3 hours 12 minutes`."""
    days, rest = divmod(minutes, DAY)
    counts = (days, rest // HOUR, 0 if days else rest % HOUR)
    if locale == CHINESE:
        units = ("天", "小时", "分")
        said = [f"{amount} {unit}" for amount, unit in zip(counts, units, strict=True) if amount]
        return " ".join(said) or "不足 1 分"
    said = [
        translate(one if amount == 1 else many, locale, count=amount)
        for amount, (one, many) in zip(counts, LENGTHS, strict=True)
        if amount
    ]
    return " ".join(said) or "less than 1 minute"
