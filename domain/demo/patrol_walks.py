"""Carries a patrol of the demo city out as a phone would have: check-ins, answers, photos, a signature, delivered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlmodel import col, select

from domain.demo.stage import Stage
from domain.identifiers import new_id
from domain.models import PatrolTask
from domain.patrols import items, sheet, syncing
from domain.patrols.delivery import Delivery
from domain.patrols.items import Item
from domain.patrols.sheet import Sheet
from domain.settings import city_zone

A_POINT_TAKES = timedelta(seconds=80)
NOT_ASKED_FOR = frozenset({"checkpoint", "signature"})
"""What a check-in and the signature at the end answer."""
SHOWN = frozenset({"photo_always", "document", "video"})
PASSED, FAILED = {"choice": "pass"}, {"choice": "fail"}


def task_on(stage: Stage, series_id: UUID, offset: int) -> UUID | None:
    """Return the task of a series that begins on the day so many days after the end; None: there is none."""
    query = select(col(PatrolTask.case_id)).where(
        col(PatrolTask.series_id) == series_id, col(PatrolTask.day) == stage.day(offset)
    )
    found: UUID | None = stage.session.execute(query).scalars().first()
    return found


class RefusedInTheDemo(ValueError):
    """Something the demo records is refused: its story is wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was not in order."""

    item: str
    """Code of the item."""
    comment: str
    photo: str
    """Name of a picture."""
    number: float | None = None
    """Of an item that is measured."""

    @property
    def value(self) -> Mapping[str, Any]:
        """Return the answer."""
        return FAILED if self.number is None else {**FAILED, "number": self.number}


@dataclass
class Walk:
    """One walk of somebody's: recorded up to now, and delivered."""

    stage: Stage
    task_id: UUID
    by: str
    """Key of the roster."""
    found: tuple[Found, ...] = ()
    away: tuple[float, float] = (0.0, 0.0)
    """Degrees by which the phone's position lies beside the venue's."""
    no_code: str = ""
    """Why no code was scanned."""
    ended_at: datetime | None = None
    """None: just now."""
    _records: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"check_ins": [], "answers": []})
    _seq: int = 0

    def all(self) -> None:
        """Walk every point, answer everything, sign, and deliver it."""
        self.deliver(done_at=self._walk())

    def once(self) -> None:
        """Walk and answer, and deliver it without saying that it is done."""
        self._walk()
        self.deliver()

    def _walk(self) -> datetime:
        about = self._about()
        points = [0, *(point.seq for point in about.points)]
        ended_at = self.ended_at or self.stage.now
        for number, point in enumerate(points):
            self.at_point(about, point, ended_at - A_POINT_TAKES * (len(points) - number))
        return ended_at

    def rounds(self, moments: Collection[datetime]) -> None:
        """Make a round at each of these moments and deliver them; the first one answers what is asked."""
        about = self._about()
        for number, moment in enumerate(sorted(moments), start=1):
            self.at_point(about, 0, moment, round_=number, asked=number == 1)
        self.deliver()

    def _about(self) -> Sheet:
        return sheet.sheet_of(self.stage.session, self.stage.session.get_one(PatrolTask, self.task_id))

    def _next(self, at: datetime, round_: int) -> dict[str, Any]:
        self._seq += 1
        return {"id": new_id(), "seq": self._seq, "round": round_, "claimed_at": at}

    def at_point(self, about: Sheet, point: int, at: datetime, *, round_: int = 1, asked: bool = True) -> None:
        """Check in at a point and answer what is asked there."""
        venue = about.venue
        code = venue.code if point == 0 else about.by_seq[point].code
        check_in = {**self._next(at, round_), "point": point, "how": "camera", "code": code}
        if self.no_code:
            check_in |= {"how": "none", "code": "", "reason": self.no_code}
        if venue.lat is not None and venue.lon is not None:
            check_in |= {"lat": venue.lat + self.away[0], "lon": venue.lon + self.away[1], "accuracy_m": 12.0}
        self._records["check_ins"].append(check_in)
        for there, item in about.asked if asked else ():
            if there == point and item.answer not in NOT_ASKED_FOR:
                self._answer(about, point, item, at, round_)

    def _answer(self, about: Sheet, point: int, item: Item, at: datetime, round_: int) -> None:
        wrong = next((one for one in self.found if one.item == item.code), None)
        pictures = [wrong.photo] if wrong else ["clear_corridor"] if item.evidence in SHOWN else []
        self._records["answers"].append({
            **self._next(at, round_), "point": point, "item": item.code, "version": about.version.id,
            "value": wrong.value if wrong else in_order(item, at), "comment": wrong.comment if wrong else "",
            "photos": self.stage.pictures(pictures),
        })  # fmt: skip

    def deliver(self, *, done_at: datetime | None = None) -> None:
        """Send what was recorded; raises `RefusedInTheDemo`."""
        now, actor = self.stage.now, self.stage.actor(self.by)
        # The phone was last in touch when the walk began.
        began = min((one["claimed_at"] for some in self._records.values() for one in some), default=now)
        done = {"claimed_at": done_at, "signature": self.stage.pictures(["signature"])[0]} if done_at else None
        sent = Delivery.model_validate({
            "batch": new_id(), "device": uuid5(NAMESPACE_URL, f"fireline:demo:{self.by}"), "person": actor.person_id,
            "task": self.task_id, "sent_at": now, "clock": {"offset_ms": 0, "contact_at": began}, "done": done,
            **self._records,
        })  # fmt: skip
        said = syncing.deliver(self.stage.session, sent, actor=actor, at=now)
        if said["refused"]:
            raise RefusedInTheDemo([str(one["reason"]) for one in said["refused"]])


def in_order(item: Item, at: datetime) -> Mapping[str, Any]:
    """Return an answer that says that an item is in order."""
    if item.answer in items.MEASURED:
        low = item.low if item.low is not None else 1.0
        return {"number": low if item.high is None else (low + item.high) / 2}
    if item.answer == "choice":
        return {"choice": next(choice.code for choice in item.choices if not choice.fails)}
    if item.answer == "date":
        return {"date": at.astimezone(city_zone()).date().isoformat()}
    return {"text": {"text": "一切正常"}, "photo": {}}.get(item.answer, PASSED)
