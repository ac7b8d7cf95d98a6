"""统一社会信用代码, by which an organisation is known (GB 32100-2015): cleaned, proved, explained. Asks no register."""

import unicodedata

from domain.identifiers import LONGEST_TYPED, NotAnIdentifier
from domain.language import Sentence

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015, table 1: without I, O, S, V, Z. 31 characters, a prime."""
_DIVISION = slice(2, 8)
"""Six digits: the administrative division of the registering authority (GB/T 2260)."""
_SEPARATORS = str.maketrans("", "", " -‐‑–—·._\t\u3000")


class NotACreditCode(NotAnIdentifier):
    """Not a 统一社会信用代码; `reason` says what is wrong with it."""


def clean_credit_code(text: str) -> str:
    """Return the code that was meant by what was typed, in capitals without gaps, or raise NotACreditCode."""
    typed = unicodedata.normalize("NFKC", text) if len(text) <= LONGEST_TYPED else ""
    code = typed.translate(_SEPARATORS).upper()
    if len(code) != LENGTH:
        raise NotACreditCode(
            Sentence("A unified social credit code has 18 characters; this has %(count)s.", count=len(code))
        )
    if strange := sorted(set(code) - set(ALPHABET)):
        raise NotACreditCode(
            Sentence("A unified social credit code has no %(characters)s in it; it uses no I, O, S, V or Z.",
                     characters=" ".join(strange))
        )  # fmt: skip
    if not code[_DIVISION].isdigit():
        raise NotACreditCode(Sentence("Characters 3 to 8 of a unified social credit code are digits."))
    if code[-1] != check_character(code[:-1]):
        raise NotACreditCode(
            Sentence("The last character does not fit the others: one of them is mistyped. Compare with the licence.")
        )
    return code


def is_credit_code(text: str) -> bool:
    """Tell whether `text` is a credit code exactly as it is written down."""
    try:
        return clean_credit_code(text) == text
    except NotACreditCode:
        return False


def check_character(body: str) -> str:
    """Return the 18th character for the first 17: weights 3^n modulo 31 (GB 32100-2015, annex A)."""
    total = sum(ALPHABET.index(character) * pow(3, at, 31) for at, character in enumerate(body))
    return ALPHABET[-total % 31]
