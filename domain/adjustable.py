"""Settings an administrator may change while the product runs: what each is, its bounds, its default, its words.

What is set is stored and recorded by `domain.product_settings`; here is only what can be said of it.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time

from domain.language import Label, Sentence
from domain.settings import Settings

LONGEST_REASON = 300
TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
Value = time | int | str


class NotAValue(ValueError):
    """What was given is no value of this setting; `reason` says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Adjustable:
    """One setting."""

    words: Label
    about: Label
    default: Callable[[Settings], Value]

    @abstractmethod
    def read(self, given: object) -> Value:
        """Return the value that somebody typed or the database keeps. Raises `NotAValue`."""

    @abstractmethod
    def said(self, value: Value) -> Label:
        """Return a value in words."""

    def kept(self, value: Value) -> int | str:
        """Return the value as the database keeps it."""
        return value.isoformat("minutes") if isinstance(value, time) else value

    @property
    def bounds(self) -> Label:
        """Return what it may be."""
        return Label("00:00 至 23:59，24 小时制", "00:00 to 23:59, 24-hour")


@dataclass(frozen=True, slots=True)
class TimeOfDay(Adjustable):
    """A minute of the city's day."""

    def read(self, given: object) -> time:
        """Return the time of day. Raises `NotAValue`."""
        if isinstance(given, str) and TIME_OF_DAY.fullmatch(given):
            return time.fromisoformat(given)
        raise NotAValue(Sentence("Write the time of day as hours and minutes, such as 09:00 or 17:30."))

    def said(self, value: Value) -> Label:
        """Return hours and minutes."""
        text = str(self.kept(value))
        return Label(text, text)


@dataclass(frozen=True, slots=True)
class Number(Adjustable):
    """A whole number within bounds."""

    least: int
    most: int
    unit: Label

    def read(self, given: object) -> int:
        """Return the number. Raises `NotAValue`."""
        text = str(given)
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise NotAValue(Sentence("This is not a number."))
        if not self.least <= int(text) <= self.most:
            raise NotAValue(Sentence("It can be from %(least)s to %(most)s.", least=self.least, most=self.most))
        return int(text)

    def said(self, value: Value) -> Label:
        """Return the number with its unit."""
        return Label(f"{value} {self.unit.zh}", f"{value} {self.unit.en}")

    @property
    def bounds(self) -> Label:
        """Return from where to where it goes."""
        return Label(f"{self.least} 至 {self.most} {self.unit.zh}", f"{self.least} to {self.most} {self.unit.en}")


@dataclass(frozen=True, slots=True)
class Choice(Adjustable):
    """One of several answers."""

    answers: Mapping[str, Label]

    def read(self, given: object) -> str:
        """Return the answer. Raises `NotAValue`."""
        if isinstance(given, str) and given in self.answers:
            return given
        raise NotAValue(Sentence("Please choose one of the given answers."))

    def said(self, value: Value) -> Label:
        """Return the answer's words."""
        return self.answers[str(value)]

    @property
    def bounds(self) -> Label:
        """Return the answers there are."""
        answers = self.answers.values()
        return Label("、".join(one.zh for one in answers), ", ".join(one.en for one in answers))


def _at(hour: int, minute: int = 0) -> Callable[[Settings], Value]:
    return lambda _: time(hour, minute)


DAYS = Label("天", "days")
ADJUSTABLE: Mapping[str, Adjustable] = {
    "office_opens": TimeOfDay(
        Label("办公开始时间", "The office opens"),
        Label("工作日从此时起办公；按工作小时计算的时限从此时起算。",
              "From then on the office works on working days; limits in working hours run from then."),
        _at(9),
    ),
    "office_closes": TimeOfDay(
        Label("办公结束时间", "The office closes"),
        Label("工作日到此时为止；以工作日计算的时限在最后一日的此时届满。",
              "The working day ends then; a limit in working days ends at this time of its last day."),
        _at(17, 30),
    ),
    "quiet_from": TimeOfDay(
        Label("免打扰开始时间", "Quiet from"),
        Label("从此时起，不紧急的消息不发给工作人员，留到免打扰结束。",
              "From then on staff are sent nothing that is not urgent; it waits until the quiet hours end."),
        _at(22),
    ),
    "quiet_until": TimeOfDay(
        Label("免打扰结束时间", "Quiet until"),
        Label("到此时免打扰结束，留下的消息随即发出。与开始时间相同即不设免打扰。",
              "Then the quiet hours end and what waited is sent. The same as their start: there are none."),
        _at(7),
    ),
    "day_unspecified": Choice(
        Label("未写明的“日”", "A day that is not defined"),
        Label("依据文件只写“日”而未说明是工作日还是自然日时，按哪一种计算。",
              "How a number of days is counted where the text does not say working days or calendar days."),
        lambda _: "calendar_day",
        {"calendar_day": Label("自然日", "calendar days"), "working_day": Label("工作日", "working days")},
    ),
    "identity_days": Number(
        Label("举报人身份资料保存天数", "A reporter's identity is kept for"),
        Label("案件全部办结后，举报人和申请人的姓名、电话、位置和短信再保存这些天，随后删除。改短后下一次每日清理即按新期限删除。",
              "So long after everything about a case has ended, names, phones, positions and messages of who reported "
              "or applied are removed. A shorter time holds from the next daily removal on."),
        lambda settings: settings.identity_days, 1, 3650, DAYS,
    ),
    "words_days": Number(
        Label("举报文字和照片保存天数", "A reporter's words are kept for"),
        Label("案件全部办结后，举报人的文字和照片再保存这些天，随后删除。改短后下一次每日清理即按新期限删除。",
              "So long after everything about a case has ended, the reporter's words and photos are removed. A shorter "
              "time holds from the next daily removal on."),
        lambda settings: settings.words_days, 1, 3650, DAYS,
    ),
    "reveals_per_day": Number(
        Label("每人每日可查看举报人", "Reporters looked up in a day"),
        Label("一个人一天内最多可查看几位举报人的身份，每一位都须第二人同意。",
              "How many reporters one person may look up within a day, each with a second one's consent."),
        lambda settings: settings.reveals_per_day, 1, 100, Label("人", "reporters"),
    ),
    "session_idle_minutes": Number(
        Label("无操作退出", "A sign-in ends unused after"),
        Label("登录后这么久没有操作即退出；改短后已登录的人也按新时间计算。",
              "A sign-in without a request for so long has ended; a shorter time holds for those signed in, too."),
        lambda settings: settings.session_idle_minutes, 5, 720, Label("分钟", "minutes"),
    ),
    "session_hours": Number(
        Label("登录最长时间", "A sign-in lasts at most"),
        Label("登录满这些小时必须重新登录；改短后已登录的人也按新时间计算。",
              "After so many hours one has to sign in again; a shorter time holds for those signed in, too."),
        lambda settings: settings.session_hours, 1, 72, Label("小时", "hours"),
    ),
    "target_on_time": Number(
        Label("目标：专管员任务按期完成率", "Target: wardens' tasks done in time"),
        Label("驾驶舱把每名专管员和每个区域的按期完成率与此比较；只用于显示，不改变任何期限。",
              "The cockpit compares each warden and each area with this share; it changes no deadline."),
        lambda _: 95, 1, 100, Label("%", "%"),
    ),
    "target_discovery": Number(
        Label("目标：隐患查实率", "Target: hazards found per check"),
        Label("已核查的举报中查实隐患的比例，驾驶舱据此比较；只用于显示。",
              "Of the reports that were checked, the share in which a hazard was found; only shown, in the cockpit."),
        lambda _: 50, 1, 100, Label("%", "%"),
    ),
}  # fmt: skip
"""Setting → what it is, in the order of the page."""
