"""A call from dialling to its end: rings the phone, carries out TwiML, reports progress."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urljoin

from notifications.exchange.behaviour import Mode
from notifications.exchange.callbacks import Parameters, StatusCallbacks, WebhookFailed, Webhooks
from notifications.exchange.line import Act, Event, Line, LineEnded, LineRedirected
from notifications.exchange.pace import Pace
from notifications.exchange.records import Call, Utterance, now
from notifications.exchange.register import Register
from notifications.exchange.twiml import BadTwiml, Gather, Hangup, Pause, Play, Redirect, Say, Verb, read

log = logging.getLogger(__name__)

MOST_DOCUMENTS = 100
"""A call that fetched so many documents runs in a circle and is ended."""
NOT_RINGING = {Mode.UNREACHABLE: "failed", Mode.CARRIER_FAILURE: "failed", Mode.BUSY: "busy"}
AFTER_RINGING = {
    Act.ANSWER: "in-progress",
    Act.VOICEMAIL: "in-progress",
    Act.REJECT: "busy",
    Act.HANG_UP: "busy",
    Act.CANCEL: "canceled",
    Act.COMPLETE: "canceled",
    Act.NO_ANSWER: "no-answer",
    None: "no-answer",
}
APPLICATION_ERROR = "An application error has occurred. Goodbye."
"""What Twilio says to the person when a document cannot be had."""


@dataclass(frozen=True, slots=True)
class Document:
    """TwiML and the address it came from, against which its links are resolved."""

    verbs: list[Verb]
    url: str


class CallSession:
    """One call while it lasts; `run` is its whole life."""

    def __init__(self, call: Call, *, register: Register, webhooks: Webhooks, pace: Pace) -> None:
        self.line = Line()
        self._call = call
        self._register = register
        self._webhooks = webhooks
        self._pace = pace
        self._callbacks = StatusCallbacks(webhooks, url=call.callback.url, method=call.callback.method, mode=call.mode)

    async def run(self) -> None:
        """Take the call from where it stands to its end; one that was talking in an earlier run has ended."""
        call = self._call
        try:
            status = "completed" if call.status == "in-progress" else await self._ring()
            if status == "in-progress":
                await self._talk()
                status = "completed"
        except LineEnded:
            status = "completed"
        call.listening = False
        call.ended_at = now()
        self._move(status, event="completed")
        self.line.close()
        await self._callbacks.finish()

    async def _ring(self) -> str:
        """Return "in-progress" when somebody or something answered, else how the call ended."""
        call, pace = self._call, self._pace
        if call.status == "queued":
            await asyncio.sleep(pace.step_seconds)
            call.started_at = now()
            self._move("initiated", event="initiated")
            await asyncio.sleep(pace.step_seconds)
        if call.mode in NOT_RINGING:
            return NOT_RINGING[call.mode]
        if call.status != "ringing":
            self._move("ringing", event="ringing")
        act = await self._reaction()
        if act is Act.ANSWER:
            self._answered("human")
        elif act is Act.VOICEMAIL:
            at_the_beep = call.machine_detection == "DetectMessageEnd"
            self._answered("machine_end_beep" if at_the_beep else "machine_start")
        return AFTER_RINGING[act]

    async def _reaction(self) -> Act | None:
        """Return what happens to the ringing phone: what its mode says, unless a person is quicker."""
        by_itself = {Mode.ANSWER_AND_PRESS_1: Act.ANSWER, Mode.VOICEMAIL: Act.VOICEMAIL}.get(self._call.mode)
        if by_itself:
            return await self._act_within(self._pace.step_seconds) or by_itself
        if self._call.mode is Mode.NO_ANSWER:
            return await self._act_within(min(self._pace.unanswered_seconds, self._call.ring_seconds))
        return await self._act_within(self._call.ring_seconds)

    async def _act_within(self, seconds: float) -> Act | None:
        """Return what was done to the phone; keys and redirects mean nothing before it is answered."""
        deadline = asyncio.get_running_loop().time() + seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            act = await self.line.ringing(left)
            if act not in {Act.PRESS, Act.REDIRECT}:
                return act
        return None

    def _answered(self, by: str) -> None:
        call = self._call
        call.answered_at = now()
        call.answered_by = by if call.machine_detection else None
        if call.mode is Mode.ANSWER_AND_PRESS_1 and by == "human":
            self.line.put(Event(Act.PRESS, key="1"))
        self._move("in-progress", event="answered")

    async def _talk(self) -> None:
        """Carry out documents until one ends, somebody hangs up, or the call runs in a circle."""
        step: Redirect | None = Redirect(url=self._call.url, method=self._call.url_method)
        twiml, parameters = self._call.twiml, dict[str, str]()
        for _ in range(MOST_DOCUMENTS):
            try:
                document = await self.line.during(self._document(step, twiml=twiml, parameters=parameters))
                twiml, parameters = "", {}
                step, parameters = await self._carry_out(document)
            except LineRedirected as redirected:
                step = Redirect(url=redirected.event.url, method=redirected.event.method)
                twiml, parameters = redirected.event.twiml, {}
            except (WebhookFailed, BadTwiml) as failure:
                log.warning("call %s has no document to go on with: %s", self._call.sid, failure)
                self._call.error_code = 11200 if isinstance(failure, WebhookFailed) else 12100
                await self._say(Say(text=APPLICATION_ERROR, language="en-US"))
                return
            if step is None:
                return
        log.warning("call %s was ended after %d documents", self._call.sid, MOST_DOCUMENTS)

    async def _document(self, step: Redirect | None, *, twiml: str, parameters: Parameters) -> Document:
        if twiml or step is None:
            return Document(verbs=read(twiml), url=self._call.url)
        everything = {**self._parameters(), **parameters}
        try:
            text = await self._webhooks.request(url=step.url, method=step.method, parameters=everything)
            return Document(verbs=read(text), url=step.url)
        except (WebhookFailed, BadTwiml):
            if not self._call.fallback_url:
                raise
        text = await self._webhooks.request(url=self._call.fallback_url, method="POST", parameters=everything)
        return Document(verbs=read(text), url=self._call.fallback_url)

    async def _carry_out(self, document: Document) -> tuple[Redirect | None, dict[str, str]]:
        """Return where to go next and with which parameters; None: the call is over."""
        for verb in document.verbs:
            match verb:
                case Say():
                    await self._say(verb)
                case Pause():
                    await self.line.silence(verb.seconds)
                case Play():
                    pass
                case Hangup():
                    return None, {}
                case Redirect():
                    return Redirect(url=urljoin(document.url, verb.url), method=verb.method), {}
                case Gather():
                    pressed = await self._gather(verb)
                    if pressed is not None:
                        action = urljoin(document.url, verb.action) if verb.action else document.url
                        return Redirect(url=action, method=verb.method), pressed
        return None, {}

    async def _say(self, say: Say) -> None:
        self._note(say)
        await self.line.silence(self._pace.speaking_seconds(say.text))

    def _note(self, say: Say) -> None:
        self._call.said.append(Utterance(text=say.text, language=say.language, spoken_at=now().isoformat()))
        self._keep()

    async def _gather(self, gather: Gather) -> dict[str, str] | None:
        """Return the parameters for the action; None: nothing was pressed, go on with the next verb."""
        self._call.listening = True
        self._keep()
        try:
            digits, finished_on = await self._keys(gather)
        finally:
            self._call.listening = False
            self._keep()
        if not digits and not gather.action_on_empty_result:
            return None
        parameters = {"Digits": digits, "msg": "Gather End"}
        return {**parameters, "FinishedOnKey": finished_on} if finished_on else parameters

    async def _keys(self, gather: Gather) -> tuple[str, str]:
        """Return the digits and the key that finished them, if one did."""
        key = await self._first_key(gather)
        digits = ""
        while key is not None:
            self._call.pressed += key
            if key == gather.finish_on_key:
                return digits, key
            digits += key
            if len(digits) == gather.num_digits:
                break
            key = await self.line.key(gather.timeout_seconds)
        return digits, ""

    async def _first_key(self, gather: Gather) -> str | None:
        """Return the first key, which cuts the prompts short; the timeout starts when they are over."""
        for prompt in gather.prompts:
            if isinstance(prompt, Say):
                self._note(prompt)
                seconds = self._pace.speaking_seconds(prompt.text)
            else:
                seconds = prompt.seconds if isinstance(prompt, Pause) else 0.0
            if seconds and (key := await self.line.key(seconds)) is not None:
                return key
        return await self.line.key(gather.timeout_seconds)

    def _move(self, status: str, *, event: str) -> None:
        call = self._call
        call.status = status
        if call.callback.url and event in call.callback.events:
            self._callbacks.send(self._progress())
            call.sequence += 1
        self._keep()

    def _keep(self) -> None:
        if self._register.knows(self._call):  # a reset may have emptied the register meanwhile
            self._register.keep(self._call)

    def _parameters(self) -> dict[str, str]:
        """Return what every request about a call carries."""
        call = self._call
        parameters = {
            "AccountSid": call.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.to,
            "Caller": call.from_,
            "Direction": "outbound-api",
            "From": call.from_,
            "To": call.to,
        }
        return {**parameters, "AnsweredBy": call.answered_by} if call.answered_by else parameters

    def _progress(self) -> dict[str, str]:
        """Return the parameters of a status callback."""
        call = self._call
        parameters = {
            **self._parameters(),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence),
            "Timestamp": format_datetime(now()),
        }
        if call.ended:
            seconds = call.duration_seconds
            parameters |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        return parameters
