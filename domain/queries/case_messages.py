"""What the entries of a case promised, and what became of each promise for each recipient."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access
from domain.actors import ROLE_LABELS, Actor, Role
from domain.language import Label, Sentence
from domain.models import Attempt, Case, Notice, Outbox, Person
from domain.queries import provider_words
from domain.rights import FIELDS
from domain.workflow import Workflow

PROMISE_STATES: dict[str, Label] = {
    "pending": Label("待办", "Waiting"),
    "done": Label("已办", "Done"),
    "held": Label("待人工处理", "Held for a person"),
    "dropped": Label("不再发送", "Dropped"),
}
EVERYWHERE = Label("全部区域", "all areas")
NOBODY_TO_TELL = Label("无人可告知", "Nobody to tell")
"""How a promise ended that had no recipient: it is done, but nothing was sent."""
ATTEMPT_STATES: dict[str, Label] = {
    "dialling": Label("正在提交", "Being handed over"),
    "accepted": Label("运营商已接收", "Taken by the provider"),
    "sent": Label("已发出", "Sent"),
    "delivered": Label("已送达", "Delivered"),
    "undelivered": Label("未送达", "Not delivered"),
    "failed": Label("失败", "Failed"),
    "unknown": Label("结果不明", "Outcome unknown"),
    "not_sent": Label("未能发出", "Not sent"),
    "refused": Label("被拒收", "Refused"),
    "ringing": Label("振铃中", "Ringing"),
    "answered": Label("已接听", "Answered"),
    "completed": Label("通话结束", "Call over"),
    "busy": Label("占线", "Busy"),
    "no_answer": Label("无人接听", "No answer"),
    "cancelled": Label("已取消", "Cancelled"),
}
READ, UNREAD = "read", "unread"
NOTICE_STATES: dict[str, Label] = {READ: Label("已读", "Read"), UNREAD: Label("未读", "Not read yet")}
ATTEMPT_CHANNELS: dict[str, Label] = {
    "notice": Label("站内通知", "Notice here"), "sms": Label("短信", "SMS"), "voice": Label("电话", "Call")
}  # fmt: skip
GOOD_ENDS = frozenset({"delivered", READ})
BAD_ENDS = frozenset({"undelivered", "failed", "unknown", "not_sent", "refused", "busy", "no_answer", "cancelled"})


@dataclass(frozen=True, slots=True)
class Try:
    """One message or call at the provider, or a notice within the product. The number is masked."""

    recipient: str | Label
    way: str
    """notice, sms or voice."""
    channel: Label
    number: int
    masked: str
    state: str
    label: Label
    made_at: datetime
    changed_at: datetime
    error: Label | None = None
    """What the provider's error code means, with the code."""
    acknowledged_at: datetime | None = None
    """A call: when a key said that they know."""

    @property
    def tone(self) -> str:
        """Return good, bad or plain."""
        return "good" if self.state in GOOD_ENDS else "bad" if self.state in BAD_ENDS else "plain"


@dataclass(frozen=True, slots=True)
class Promise:
    """One effect of one entry and where it stands."""

    id: UUID
    seq: int
    effect: str
    label: Label
    state: str
    state_label: Label
    created_at: datetime
    settled_at: datetime | None
    reason: Sentence | None
    """Why it is held, why it was not kept yet, or why there was nobody to tell."""
    note: str | None
    """What a person wrote when deciding on it."""
    tries: tuple[Try, ...]
    flow_run_id: UUID | None
    waits_until: datetime | None = None
    """When the quiet hours end that it waits for."""
    handed_on: Sentence | None = None
    """What is to be said when it fell to somebody above."""

    @property
    def is_held(self) -> bool:
        """Return whether a person has to decide."""
        return self.state == "held"


def promises(session: Session, workflow: Workflow, case: Case, *, actor: Actor) -> dict[int, list[Promise]]:
    """Return the promises of a case by the number of the entry that made them, oldest first.

    `actor` as `acting_on` narrows it. Who does not see every call sees which of them reached themselves; the masked
    number of whoever reported or applied is left out for whom it is not meant.
    """
    rows = session.execute(select(Outbox).where(col(Outbox.case_id) == case.id).order_by(col(Outbox.id))).scalars()
    sees_all = actor.plays(*FIELDS["every_call"].roles) or access.reads_reporter(actor, case)
    tries = _tries(session, case, actor, sees_all=sees_all)
    found: dict[int, list[Promise]] = defaultdict(list)
    for row in rows:
        found[row.seq].append(_promise(workflow, row, tuple(tries.get(row.id, ())), sees_all=sees_all))
    return dict(found)


def _promise(workflow: Workflow, row: Outbox, tries: tuple[Try, ...], *, sees_all: bool) -> Promise:
    nobody = row.outcome.get("nobody") if row.state == "done" else None
    is_pending = row.state == "pending"
    reason = row.outcome.get("reason") or nobody or (row.outcome.get("last_error") if is_pending else None)
    waits = row.outcome.get("waits_until") if is_pending else None
    return Promise(
        id=row.id,
        seq=row.seq,
        effect=row.effect,
        label=workflow.effects.get(row.effect, Label(row.effect, row.effect)),
        state=row.state,
        state_label=NOBODY_TO_TELL if nobody else PROMISE_STATES.get(row.state, Label(row.state, row.state)),
        created_at=row.created_at,
        settled_at=row.settled_at,
        reason=said_reason(reason),
        note=row.outcome.get("note"),
        tries=tries,
        flow_run_id=row.flow_run_id,
        waits_until=datetime.fromisoformat(waits) if waits else None,
        handed_on=_handed_on(row.outcome.get("handed_on")) if sees_all else None,
    )


def _handed_on(said: dict[str, str] | None) -> Sentence | None:
    """Return to whom an escalation fell because nobody answers in the post, or for the area, that it asked first."""
    if not said:
        return None
    asked, post = (ROLE_LABELS[Role(said[key])] for key in ("asked", "post"))
    area = said["area"] or EVERYWHERE
    if said["asked"] != said["post"]:
        return Sentence(
            "There is no %(asked)s here: the %(post)s of %(area)s was told.", asked=asked, post=post, area=area
        )
    return Sentence("There is no %(post)s of %(own)s itself: that of %(area)s was told.",
                    post=post, own=said["own"], area=area)  # fmt: skip


def said_reason(reason: Any) -> Sentence | None:  # noqa: ANN401 - JSON
    """Return a stored reason (an English source string, alone or with its params) as a sentence."""
    if isinstance(reason, dict) and "text" in reason:
        return Sentence(reason["text"], **reason.get("params", {}))
    return Sentence(reason) if isinstance(reason, str) and reason else None


def _tries(session: Session, case: Case, actor: Actor, *, sees_all: bool) -> dict[UUID, list[Try]]:
    found: dict[UUID, list[Try]] = defaultdict(list)
    noticed = select(Notice, Person.name).join(Person, col(Person.id) == col(Notice.person_id))  # type: ignore[call-overload]
    for notice, name in session.execute(noticed.where(col(Notice.case_id) == case.id).order_by(col(Notice.id))):
        if notice.outbox_id and (sees_all or notice.person_id == actor.person_id):
            found[notice.outbox_id].append(_noticed(notice, name))
    outsider = Role.APPLICANT if case.process == "enrolment" else Role.REPORTER
    shows_outsider = access.sees_phone_masked(actor)
    rows = session.execute(
        select(Attempt, Person.name)  # type: ignore[call-overload]
        .outerjoin(Person, col(Person.id) == col(Attempt.recipient_id))
        .where(col(Attempt.case_id) == case.id)
        .order_by(col(Attempt.made_at), col(Attempt.id))
    )
    for attempt, name in rows:
        if sees_all or attempt.recipient_id in (None, actor.person_id):
            masked = attempt.to_masked if attempt.recipient_id or shows_outsider else ""
            found[attempt.outbox_id].append(_tried(attempt, name or ROLE_LABELS[outsider], masked))
    return found


def _noticed(notice: Notice, name: str) -> Try:
    state = READ if notice.read_at else UNREAD
    return Try(
        recipient=name, way="notice", channel=ATTEMPT_CHANNELS["notice"], number=1, masked="", state=state,
        label=NOTICE_STATES[state], made_at=notice.at, changed_at=notice.read_at or notice.at,
    )  # fmt: skip


def _tried(attempt: Attempt, recipient: str | Label, masked: str) -> Try:
    return Try(
        recipient=recipient,
        way=attempt.channel,
        channel=ATTEMPT_CHANNELS.get(attempt.channel, Label(attempt.channel, attempt.channel)),
        number=attempt.number,
        masked=masked,
        state=attempt.state,
        label=_state_label(attempt),
        made_at=attempt.made_at,
        changed_at=attempt.changed_at,
        error=provider_words.said(attempt.error),
        acknowledged_at=attempt.acknowledged_at,
    )


def _state_label(attempt: Attempt) -> Label:
    """Return the words of a try's state; a provider that failed or was too busy did not refuse the message."""
    if attempt.state == "refused" and provider_words.is_own_trouble(attempt.error):
        return ATTEMPT_STATES["not_sent"]
    return ATTEMPT_STATES.get(attempt.state, Label(attempt.state, attempt.state))
