"""Messages in the reader's language; chooses no language itself.

Source strings are English and their Chinese stands in `domain/locale/zh_CN.po`. To add one:
1. write it: `Sentence("No more than %(count)s photos", count=9)`, `N_("…")`, or `{{ _("…") }}` in a template;
2. run `python -m api.translations`: it adds the new strings to the .po and keeps all that is there;
3. fill in the empty `msgstr` with Chinese, with the same `%(names)s`;
4. run `python -m api.translations --check`: silent when nothing is missing (a test runs the same).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

CHINESE = "zh_CN"
ENGLISH = "en"
LOCALES = (CHINESE, ENGLISH)
DEFAULT_LOCALE = CHINESE

CATALOGUE_FILE = Path(__file__).parent / "locale" / "zh_CN.po"


class UnknownLocale(ValueError):
    """A locale was asked for that is neither `zh_CN` nor `en`."""


@runtime_checkable
class Labelled(Protocol):
    """Anything that carries its own name in both languages: a state, a hazard, a role."""

    @property
    def zh(self) -> str:
        """The Chinese name."""

    @property
    def en(self) -> str:
        """The English name."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages, for things whose words come from data and not from the catalogue."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en

    def in_language(self, locale: str) -> str:
        """Return the name in `locale`; UnknownLocale for any but ours."""
        return self.zh if checked_locale(locale) == CHINESE else self.en


@dataclass(frozen=True, slots=True, init=False)
class Sentence:
    """A message that is put into words only when its reader, and so the language, is known.

    Params fill the `%(name)s` places; those that are sentences or carry `.zh` and `.en` are translated too.
    Without params the text is taken literally, so a lone `%` is harmless. Equal and hashable by text and
    params.
    """

    text: str
    _params: tuple[tuple[str, object], ...]

    def __init__(self, text: str, /, **params: object) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "_params", tuple(sorted(params.items())))

    def __str__(self) -> str:
        return self.in_language(ENGLISH)

    @property
    def params(self) -> dict[str, object]:
        """Return the params by name (a copy)."""
        return dict(self._params)

    def in_language(self, locale: str) -> str:
        """Return the words in `locale`; English where the catalogue has no Chinese."""
        return translate(self.text, locale, **self.params)


@dataclass(frozen=True, slots=True)
class Gettext:
    """The gettext calls of one locale, as jinja2's `install_gettext_translations` wants them."""

    locale: str

    def gettext(self, message: str) -> str:
        """Return `message` in this locale, places unfilled."""
        return _words(self.locale, message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the form for `n`; Chinese has a single one."""
        return _words(self.locale, singular if n == 1 else plural, catalogued_as=singular)

    def pgettext(self, context: str, message: str) -> str:
        """Return `message` as it is said in `context` (for English words with several Chinese ones)."""
        return _words(self.locale, message, context=context)

    def npgettext(self, context: str, singular: str, plural: str, n: int) -> str:
        """Return the form for `n` as it is said in `context`."""
        return _words(self.locale, singular if n == 1 else plural, catalogued_as=singular, context=context)


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know a string that is translated later
    """Return `text` as it is, marked for translation where it is used."""
    return text


def translate(text: str, locale: str, /, **params: object) -> str:
    """Return `text` in `locale` with its `%(name)s` places filled."""
    words = _words(locale, text)
    if not params:
        return words
    return words % {name: _said(value, locale) for name, value in params.items()}


@cache
def gettext_for(locale: str) -> Gettext:
    """Return the gettext calls for `locale`."""
    return Gettext(checked_locale(locale))


def checked_locale(locale: str) -> str:
    """Return `locale` if it is one of ours, else raise UnknownLocale."""
    if locale not in LOCALES:
        raise UnknownLocale(locale)
    return locale


def _said(value: object, locale: str) -> object:
    if isinstance(value, Sentence):
        return value.in_language(locale)
    if isinstance(value, Labelled):
        return value.zh if locale == CHINESE else value.en
    return value


def _words(locale: str, message: str, *, catalogued_as: str | None = None, context: str | None = None) -> str:
    if checked_locale(locale) == ENGLISH:
        return message
    return _chinese().get((context, catalogued_as or message), message)


@cache
def _chinese() -> dict[tuple[str | None, str], str]:
    # Plain dictionary: babel's own look-up normalises keys on every call.
    return {
        (message.context, first_form(message.id)): first_form(message.string)
        for message in read_catalogue()
        if message.id and first_form(message.string)
    }


def read_catalogue() -> Catalog:
    """Return the Chinese catalogue as it stands in the file; obsolete strings are in its `.obsolete`."""
    with CATALOGUE_FILE.open("rb") as file:
        return read_po(file, locale=CHINESE, abort_invalid=True)


def first_form(forms: str | list[str] | tuple[str, ...] | None) -> str:
    """Return the singular of a message's source, or the one form that its Chinese has; "" for none."""
    if forms is None or isinstance(forms, str):
        return forms or ""
    return forms[0]
