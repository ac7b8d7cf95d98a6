"""Puts constant words into a template while it is compiled, so that a page costs no look-up for them.

An environment has one language: `{{ _("Report a hazard") }}` is known when the template is read. Calls with
arguments, plurals and contexts stay calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2.environment import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from domain.language import translate

MARKS = frozenset({"_", "gettext"})
PIECES = ("name", "lparen", "string", "rparen")


class FoldedWords(Extension):
    """Replaces the tokens of `_("words")` by the translated string; `folds_into` says into which language."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(words_locale="")

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterable[Token]:
        """Return the template's tokens with its constant words in the environment's language."""
        locale: str = self.environment.words_locale  # type: ignore[attr-defined]  # added by extend()
        return _folded(stream, locale) if locale else stream


def folds_into(environment: Environment, locale: str) -> None:
    """Tell the extension which language this environment is."""
    environment.words_locale = locale  # type: ignore[attr-defined]  # added by extend()


def _folded(stream: Iterable[Token], locale: str) -> Iterator[Token]:
    held: list[Token] = []
    for token in stream:
        held.append(token)
        while held and not _may_become_call(held):
            yield held.pop(0)
        if len(held) == len(PIECES):
            first, words = held[0], held[2].value
            # The call would fill its (no) arguments in, which turns "%%" into "%".
            yield Token(first.lineno, "string", translate(words, locale) % ())
            held = []
    yield from held


def _may_become_call(held: list[Token]) -> bool:
    if held[0].value not in MARKS:
        return False
    return all(token.type == piece for token, piece in zip(held, PIECES, strict=False))
