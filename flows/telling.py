"""Telling the people an effect is for, each through their own attempts, and what the promise becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain import attempts, cases, notices, outbox
from domain.attempts import Recipient
from domain.escalation import Way
from domain.identifiers import mask_phone
from domain.language import N_
from domain.models import Attempt, Case, TimelineEntry
from flows.work import Work
from notifications import messages, phoning, restraint, sms, verdicts
from notifications.recipients import LEFT_TO_A_PERSON, TELLINGS, Audience, Telling
from notifications.verdicts import InDoubt, Later, Told, Unreachable, Verdict, Waiting

ENOUGH_TRIES = 3
"""Where one told recipient is enough, the others are tried so often."""
WAITS_UNTIL = "waits_until"
"""Where a promise that waits for the end of the quiet hours says so."""
FROM_A_CLOCK = ("clock", "level", "due_at")
SOME_UNREACHABLE = N_("Not everybody who has to know could be reached.")


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised, as the database has it now."""

    case: Case
    entry: TimelineEntry
    audience: Audience
    waits_until: datetime | None
    """When the quiet hours end that its messages wait for; None: they go out now."""
    untold: tuple[UUID, ...]
    """Who has no notice of it within the product yet."""


@dataclass(slots=True)
class Result:
    """What came of telling everybody."""

    told: list[str] = field(default_factory=list)
    unreachable: list[dict[str, Any]] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    doubts: list[InDoubt] = field(default_factory=list)

    def add(self, recipient: Recipient, verdict: Verdict) -> None:
        """Take in how it went with one recipient."""
        masked = mask_phone(recipient.phone)
        match verdict:
            case Told(how=how):
                self.told.append(masked if how == "sms" else f"{masked} ({how})")
            case Unreachable(reason=reason, code=code):
                self.unreachable.append({"to": masked, "reason": reason, "code": code})
            case Later():
                self.later.append(verdict)
            case Waiting():
                self.waiting.append(verdict)
            case InDoubt():
                self.doubts.append(verdict)

    def outcome(self, telling: Telling) -> dict[str, Any]:
        """Return what is kept with the promise."""
        kept: dict[str, Any] = {"told": self.told, "enough": "each" if telling.each else "one"}
        return {**kept, "unreachable": self.unreachable} if self.unreachable else kept


def look(work: Work, effect: str) -> Promise:
    """Return the case, the entry and whom the effect tells."""
    with work.database.read() as session:
        case = cases.by_id(session, work.row.case_id)
        entry = session.get(TimelineEntry, (work.row.case_id, work.row.seq))
        if entry is None:
            msg = f"{work.row.key} belongs to no entry"
            raise LookupError(msg)
        telling = TELLINGS[effect]
        at = work.now()
        audience = telling.whom(session, case, entry, at)
        has_notice = notices.told(session, work.row) if audience.people else frozenset()
        untold = tuple(person for person in audience.people if person not in has_notice)
        waits = restraint.waits_until(session, case, telling, at=at) if audience.recipients else None
        return Promise(case, entry, audience, waits, untold)


def tell(work: Work, *, extra: Mapping[str, Any] | None = None) -> None:
    """Tell everybody the work's effect is for, in the ways it has, and settle, hold or put off the promise.

    Within the product they are told at once; a message or call may have to wait for the end of the quiet hours.
    """
    promise = look(work, work.row.effect)
    audience = promise.audience
    if promise.waits_until is not None and audience.ways - {Way.NOTICE}:
        wait(work, promise, promise.waits_until)
        return
    work.row.outcome = {key: value for key, value in work.row.outcome.items() if key != WAITS_UNTIL}
    result = Result()
    for recipient in audience.recipients:
        if Way.VOICE in audience.ways:
            verdict = by_phone(work, promise, recipient)
            result.add(recipient, verdict)
            if TELLINGS[work.row.effect].one_by_one and _spares_the_next(verdict):
                break
        elif Way.SMS in audience.ways:
            result.add(recipient, by_sms(work, promise, recipient, extra=extra))
    conclude(work, promise, result)


def _spares_the_next(verdict: Verdict) -> bool:
    """Return whether the next need not be called: this one knows, or may still acknowledge."""
    return isinstance(verdict, Waiting | Later) or verdict == Told("acknowledged")


def wait(work: Work, promise: Promise, until: datetime) -> None:
    """Put the promise aside for the quiet hours; it is looked at again meanwhile, because the case may become grave."""
    again_at = min(until, work.now() + restraint.LOOKED_AT_AGAIN)
    with work.database.write() as session:
        _within_the_product(session, work, promise)
        work.postpone(session, again_at, {WAITS_UNTIL: until.isoformat()})


def _within_the_product(session: Session, work: Work, promise: Promise) -> None:
    """Write the notice of everybody who has none yet; it names codes and moments, the reader's page makes the words."""
    if Way.NOTICE not in promise.audience.ways or not promise.untold:
        return
    entry = promise.entry
    data: dict[str, Any] = {"seq": entry.seq, "transition": entry.transition}
    data |= {key: entry.data[key] for key in FROM_A_CLOCK if key in entry.data}
    notices.tell(session, work.row, promise.untold, data=data, at=work.now())


def by_sms(work: Work, promise: Promise, recipient: Recipient, *, extra: Mapping[str, Any] | None = None) -> Verdict:
    """Send the effect's message to one recipient."""
    effect = work.row.effect
    with work.database.read() as session:
        words = messages.compose(session, promise.case, promise.entry, effect, recipient=recipient, extra=extra)
    hold = TELLINGS[effect].hold_in_doubt
    return sms.tell(work.line, work.row, recipient, words, hold_in_doubt=hold)


def by_phone(work: Work, promise: Promise, recipient: Recipient) -> Verdict:
    """Call one recipient until they acknowledge; after three calls send the message instead."""
    with work.database.read() as session:
        words = messages.spoken(session, promise.case, promise.entry, work.row.effect, recipient=recipient)
    verdict = phoning.ring(work.line, work.row, recipient, words)
    if verdict is not None and not isinstance(verdict, Unreachable):
        return verdict
    message = by_sms(work, promise, recipient)
    if isinstance(message, Unreachable):
        return Unreachable(verdicts.NOT_ACKNOWLEDGED, message.code)
    return message


def conclude(work: Work, promise: Promise, result: Result) -> None:
    """Settle, hold or put off the promise, by what came of telling everybody; what is in the product is written too."""
    telling, audience = TELLINGS[work.row.effect], promise.audience
    outcome = result.outcome(telling)
    if audience.handed_on:
        outcome["handed_on"] = dict(audience.handed_on)
    with work.database.write() as session:
        _within_the_product(session, work, promise)
        if audience.people and audience.ways == {Way.NOTICE}:
            work.settle(session, outcome)
        elif audience.nobody in LEFT_TO_A_PERSON:
            work.hold(session, audience.nobody, {**outcome, "nobody": audience.nobody})
        elif not audience.recipients:
            work.settle(session, {"nobody": audience.nobody})
        else:
            _by_the_verdicts(session, work, telling, result, outcome)


def _by_the_verdicts(session: Session, work: Work, telling: Telling, result: Result, outcome: dict[str, Any]) -> None:
    # Held from here on, so that a callback either is seen below or finds the promise settled.
    outbox.locked(session, work.row.id)
    made = attempts.of_outbox(session, work.row.id)
    satisfied = bool(result.told) and not telling.each
    if result.later and not (satisfied and work.row.attempts >= ENOUGH_TRIES):
        until: list[datetime] = [later.until for later in result.later if later.until]
        work.retry(session, result.later[0].reason, until=min(until, default=None))
    elif result.waiting:
        work.postpone(session, _until(work, result, made), outcome)
    elif lost := attempts.undelivered(made, each=telling.each):
        work.hold(session, lost, outcome)
    elif satisfied:
        work.settle(session, outcome)
    elif result.doubts:
        work.hold(session, result.doubts[0].reason, outcome)
    elif result.unreachable:
        reason = SOME_UNREACHABLE if result.told else str(result.unreachable[0]["reason"])
        work.hold(session, reason, outcome)
    else:
        work.settle(session, outcome)


def _until(work: Work, result: Result, made: list[Attempt]) -> datetime:
    """Return until when to wait; not at all when the news that is waited for has come meanwhile."""
    newest = {attempt.recipient_id: attempt for attempt in made if attempt.channel == "voice"}
    has_news = any(attempt.acknowledged_at or attempt.state in attempts.OVER for attempt in newest.values())
    if has_news and any(waiting.for_news for waiting in result.waiting):
        return work.now()
    return min(waiting.until for waiting in result.waiting)
