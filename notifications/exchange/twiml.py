"""Reading TwiML: the verbs this exchange carries out, as plain data; `voice.py` speaks and listens.

Reference: https://www.twilio.com/docs/voice/twiml. A verb it does not know is an error, not something to
skip: a test must not pass with a document that says less than it seems to.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

LARGEST_DOCUMENT = 64 * 1024
"""Twilio refuses larger ones (error 11750)."""


class BadTwiml(ValueError):
    """The document is not TwiML that this exchange can carry out (error 12100)."""


@dataclass(frozen=True, slots=True)
class Say:
    """Words to be spoken; `language` as the document names it."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Play:
    """A recording; this exchange has no sound, so it takes no time."""

    url: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Listen for keys during and after `prompts`; an empty `action` is the document's own address."""

    prompts: tuple[Say | Pause | Play, ...]
    action: str
    method: str
    num_digits: int | None
    timeout_seconds: int
    finish_on_key: str
    action_on_empty_result: bool


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with another document."""

    url: str
    method: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Prompt = Say | Pause | Play
Verb = Prompt | Gather | Redirect | Hangup


def read(document: str) -> list[Verb]:
    """Return the document's verbs in order; BadTwiml when it is malformed, too long or has unknown verbs."""
    if len(document.encode()) > LARGEST_DOCUMENT:
        msg = f"the document is longer than {LARGEST_DOCUMENT} bytes"
        raise BadTwiml(msg)
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        msg = "a document type is not allowed"
        raise BadTwiml(msg)
    try:
        root = ET.fromstring(document.strip())  # noqa: S314 - without a document type there are no entities
    except ET.ParseError as error:
        msg = f"not well-formed: {error}"
        raise BadTwiml(msg) from error
    if root.tag != "Response":
        msg = f"the root must be Response, not {root.tag}"
        raise BadTwiml(msg)
    return [_verb(element) for element in root]


def _verb(element: ET.Element) -> Verb:
    if element.tag == "Gather":
        return _gather(element)
    if element.tag == "Redirect":
        return Redirect(url=_text(element), method=_method(element))
    if element.tag == "Hangup":
        return Hangup()
    return _prompt(element)


def _prompt(element: ET.Element) -> Prompt:
    if element.tag == "Say":
        times = _number(element, "loop", default=1, least=0) or 1  # 0 is endless: once is enough to read it
        text = " ".join([_text(element)] * min(times, 3))
        return Say(text=text, language=element.get("language", "en-US"))
    if element.tag == "Pause":
        return Pause(seconds=_number(element, "length", default=1, least=0))
    if element.tag == "Play":
        return Play(url=_text(element))
    msg = f"the verb {element.tag} is not known here"
    raise BadTwiml(msg)


def _gather(element: ET.Element) -> Gather:
    if "dtmf" not in element.get("input", "dtmf").split():
        msg = "Gather can only listen for keys (input must contain dtmf)"
        raise BadTwiml(msg)
    digits = _number(element, "numDigits", default=0, least=1) if "numDigits" in element.attrib else None
    finish_on_key = element.get("finishOnKey", "#")
    if finish_on_key not in {"", *"0123456789#*"}:
        msg = f"finishOnKey cannot be {finish_on_key!r}"
        raise BadTwiml(msg)
    return Gather(
        prompts=tuple(_prompt(child) for child in element),
        action=element.get("action", ""),
        method=_method(element),
        num_digits=digits,
        timeout_seconds=_number(element, "timeout", default=5, least=0),
        finish_on_key=finish_on_key,
        action_on_empty_result=element.get("actionOnEmptyResult", "false").lower() == "true",
    )


def _text(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _method(element: ET.Element) -> str:
    method = element.get("method", "POST").upper()
    if method not in {"GET", "POST"}:
        msg = f"the method of {element.tag} must be GET or POST, not {method}"
        raise BadTwiml(msg)
    return method


def _number(element: ET.Element, name: str, *, default: int, least: int) -> int:
    raw = element.get(name)
    if raw is None:
        return default
    if not raw.isdecimal() or int(raw) < least:
        msg = f"{name} of {element.tag} must be a whole number of at least {least}, not {raw!r}"
        raise BadTwiml(msg)
    return int(raw)
