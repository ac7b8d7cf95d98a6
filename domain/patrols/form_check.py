"""A check of a place brought by one form: what it says becomes a delivery as a phone makes it, and is shown again.

A form counts nothing itself. Its records get ids from what is there and what is said: pressed again with the same
words, an answer is the same record and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import Session, col

from domain.actors import Actor
from domain.models import Case, PatrolAnswer
from domain.patrols.delivery import Delivery, storable
from domain.patrols.items import Item
from domain.patrols.sheet import VENUE_ITSELF, Sheet


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of one item; `choice` is pass, fail or na."""

    choice: str
    comment: str = ""
    photos: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the same person said of one item by a form before, as it is stored."""

    id: UUID
    seq: int
    said: Said


def device_of(actor: Actor) -> UUID:
    """Return what stands for a phone where somebody fills in a form: the same in every browser of theirs."""
    if actor.person_id is None:
        msg = "only a person carries out a check"
        raise ValueError(msg)
    return uuid5(actor.person_id, "my-place")


def is_by_form(points: Collection[Any], answers: Iterable[str]) -> bool:
    """Return whether a list can be done as one form: no points to walk to, nothing but verdicts."""
    return not points and all(answer == "pass_fail_na" for answer in answers)


def kept(session: Session, case: Case, *, actor: Actor) -> dict[str, Kept]:
    """Return item → the actor's last word on it by a form."""
    query = (
        select(PatrolAnswer)
        .where(col(PatrolAnswer.case_id) == case.id, col(PatrolAnswer.device_id) == device_of(actor))
        .order_by(col(PatrolAnswer.seq), col(PatrolAnswer.at))
    )
    return {row.item: Kept(row.id, row.seq, _said(row)) for row in session.execute(query).scalars()}


def shown(session: Session, case: Case, *, actor: Actor) -> dict[str, Said]:
    """Return item → what a form opened again is filled in with: one's own last word, or what stands."""
    query = select(PatrolAnswer).where(
        col(PatrolAnswer.case_id) == case.id, col(PatrolAnswer.point) == VENUE_ITSELF, col(PatrolAnswer.stands)
    )
    standing = {row.item: _said(row) for row in session.execute(query).scalars()}
    return standing | {item: one.said for item, one in kept(session, case, actor=actor).items()}


def _said(row: PatrolAnswer) -> Said:
    return Said(str(row.value.get("choice") or ""), row.comment, tuple(UUID(str(one)) for one in row.photos))


def delivery(
    case: Case, sheet: Sheet, said: Mapping[str, Said], before: Mapping[str, Kept], *, batch: UUID, typed: str,
    is_done: bool, actor: Actor, at: datetime,
) -> tuple[Delivery, dict[str, str]]:  # fmt: skip
    """Return what a phone would send whose clock is ours, and record → item; what is kept already is left out."""
    asked = [item for seq, item in sheet.asked if seq == VENUE_ITSELF and item.code in said]
    fresh = [item for item in asked if item.code not in before or before[item.code].said != said[item.code]]
    counted = max((one.seq for one in before.values()), default=0)
    ids = {item.code: _id(case, item, said[item.code], before.get(item.code), actor) for item in fresh}
    # Back in the browser, corrected and sent again it is the same form; what ends the check counts once of each.
    parcel = batch if is_done else uuid5(batch, " ".join(str(record) for record in ids.values()))
    moment = at.isoformat()
    answers = [
        {"id": str(ids[item.code]), "seq": counted + place, "round": 1, "point": VENUE_ITSELF, "item": item.code,
         "version": str(sheet.version.id), "value": {"choice": said[item.code].choice},
         "comment": said[item.code].comment, "photos": [str(one) for one in said[item.code].photos],
         "claimed_at": moment}
        for place, item in enumerate(fresh, start=1)
    ]  # fmt: skip
    sent = Delivery.model_validate({
        "batch": str(parcel), "device": str(device_of(actor)), "person": str(actor.person_id), "task": str(case.id),
        "sent_at": moment, "clock": {"offset_ms": 0, "contact_at": moment}, "check_ins": [], "answers": answers,
        "done": {"claimed_at": moment, "signature": None, "typed": typed} if is_done else None,
    })  # fmt: skip
    return sent, {str(record): code for code, record in ids.items()}


def _id(case: Case, item: Item, said: Said, before: Kept | None, actor: Actor) -> UUID:
    # Chained to what was said before: taken back and said again it is a record of its own.
    root = before.id if before else uuid5(case.id, f"{device_of(actor)}")
    return uuid5(root, "\n".join([item.code, said.choice, *map(str, said.photos), str(storable(said.comment))]))
