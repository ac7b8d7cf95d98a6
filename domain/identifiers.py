"""What things and people are found by: ids, codes of venues and facilities, receipts, telephone numbers.

Makes, reads and shows them; stores none and asks no register whether they exist.
"""

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
import unicodedata
from uuid import UUID

from domain.language import Sentence

# 29 characters: a prime, so that a weighted sum proves a code. Without 0/O, 1/I/L and U/V mix-ups and without
# S, which hurried hands write as 5.
ALPHABET = "23456789ABCDEFGHJKMNPQRTVWXYZ"
VENUE_CODE_LENGTH = 8
FACILITY_CODE_LENGTH = 10
RECEIPT_LENGTH = 12  # 12 × log2(29) = 58.3 bits
LONGEST_TYPED = 64

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_LOOK_ALIKES = str.maketrans("SU", "5V")
_SEPARATORS = re.compile(r"[\s\-_·.]+")


class NotAnIdentifier(ValueError):
    """What was typed is not what was asked for; `reason` tells the user so."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class NotAVenueCode(NotAnIdentifier):
    """Not a venue code: wrong length, wrong characters, or the check character does not fit."""


class NotAFacilityCode(NotAnIdentifier):
    """Not the code of a facility or a key part."""


class NotAReceipt(NotAnIdentifier):
    """Not the shape of a receipt."""


class NotAPhoneNumber(NotAnIdentifier):
    """Not a telephone number that can be dialled as written."""


_PHONE_SENTENCE = Sentence(
    "This is not a telephone number. Write a mobile number, or a landline with its area code, such as 0877-6911119."
)
_AREA_CODE_SENTENCE = Sentence("Write the area code before a landline number, such as 0877-6911119.")


# --- ids ---


class _Uuid7Maker:
    """UUIDv7 as RFC 9562 §6.2 method 1: 48 bits of milliseconds, a 42-bit counter, 32 random bits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._counter = 0
        # A forked child must not count on where its parent does, nor inherit a lock held by a lost thread.
        os.register_at_fork(after_in_child=self._forget)

    def make(self) -> UUID:
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now > self._milliseconds:
                self._milliseconds = now
                self._counter = secrets.randbits(41)  # the 42nd bit is left to count into
            else:  # same millisecond, or the machine's clock was set back: keep the order
                self._counter += 1
                if self._counter >> 42:
                    self._milliseconds += 1
                    self._counter = secrets.randbits(41)
            milliseconds, counter = self._milliseconds, self._counter
        high, low = counter >> 30, counter & ((1 << 30) - 1)
        tail = 0b10 << 62 | low << 32 | secrets.randbits(32)
        return UUID(int=(milliseconds & ((1 << 48) - 1)) << 80 | 7 << 76 | high << 64 | tail)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0


_uuid7 = _Uuid7Maker()


def new_id() -> UUID:
    """Return a UUIDv7 greater than any this process made before; safe from any thread.

    It reads the machine's clock, which nothing else in `domain` does: the time in an id only keeps index
    pages together, and no rule reads it.
    """
    return _uuid7.make()


# --- venue codes and receipts ---


def new_venue_code() -> str:
    """Return a random venue code: seven characters and one that proves them (29⁷ ≈ 1.7 × 10¹⁰ codes)."""
    return with_check_character("".join(secrets.choice(ALPHABET) for _ in range(VENUE_CODE_LENGTH - 1)))


def with_check_character(body: str) -> str:
    """Return the code that begins with these characters of the alphabet: seven of a venue's, nine of a facility's."""
    return body + ALPHABET[-_weighted(body, of=len(body) + 1) % len(ALPHABET)]


def is_venue_code(text: str) -> bool:
    """Tell whether `text` is a venue code exactly as we write it: eight characters, the last one fitting."""
    return _proves_itself(text, VENUE_CODE_LENGTH)


def clean_venue_code(text: str) -> str:
    """Return the venue code that was meant by what was typed or scanned, or raise NotAVenueCode."""
    code = _folded(text)
    if not is_venue_code(code):
        raise NotAVenueCode(
            Sentence("This is not a venue code. It has 8 letters and digits and stands below the square code.")
        )
    return code


def new_facility_code() -> str:
    """Return a random code for a facility or a key part: nine characters and one that proves them."""
    return with_check_character("".join(secrets.choice(ALPHABET) for _ in range(FACILITY_CODE_LENGTH - 1)))


def is_facility_code(text: str) -> bool:
    """Tell whether `text` is the code of a facility or a key part exactly as we write it."""
    return _proves_itself(text, FACILITY_CODE_LENGTH)


def clean_facility_code(text: str) -> str:
    """Return the facility's or key part's code that was meant, or raise NotAFacilityCode. It need not exist."""
    code = _folded(text)
    if not is_facility_code(code):
        raise NotAFacilityCode(
            Sentence("This is not a facility code. It has 10 letters and digits and stands on the label.")
        )
    return code


def new_receipt() -> str:
    """Return a random receipt: 12 characters, 58 bits; whoever holds it may follow the report."""
    return "".join(secrets.choice(ALPHABET) for _ in range(RECEIPT_LENGTH))


def clean_receipt(text: str) -> str:
    """Return the receipt that was meant by what was typed, or raise NotAReceipt. It need not exist."""
    receipt = _folded(text)
    if len(receipt) != RECEIPT_LENGTH or not all(character in _VALUE for character in receipt):
        raise NotAReceipt(Sentence("This is not a receipt code. It has 12 letters and digits."))
    return receipt


def show_receipt(receipt: str) -> str:
    """Return a receipt in groups of four: `7KQM-3XWD-9RTP`."""
    return "-".join(receipt[start : start + 4] for start in range(0, len(receipt), 4))


def receipt_digest(receipt: str, key: bytes) -> bytes:
    """Return the 32 bytes under which a cleaned receipt is stored and looked up.

    HMAC-SHA256: the database holds no receipt, and looking up a digest takes the same time however much of a
    guessed receipt is right.
    """
    return hmac.digest(key, b"receipt:" + receipt.encode("ascii"), hashlib.sha256)


def _proves_itself(text: str, length: int) -> bool:
    right_shape = len(text) == length and all(character in _VALUE for character in text)
    return right_shape and _weighted(text, of=length) % len(ALPHABET) == 0


def _weighted(characters: str, *, of: int) -> int:
    # Weights such as 8, 7, … 1: all different and none 0 modulo 29, so one wrong character or any two exchanged
    # ones change the sum.
    return sum((of - at) * _VALUE[character] for at, character in enumerate(characters))


def _folded(text: str) -> str:
    if len(text) > LONGEST_TYPED:
        return ""
    typed = unicodedata.normalize("NFKC", text).upper()
    return _SEPARATORS.sub("", typed).translate(_LOOK_ALIKES)


# --- telephone numbers ---

# Short numbers are dialled as they are: 110/119/120/122, 12345, 12119, 96119, 95xxx.
_HOTLINE = re.compile(r"1(?:10|19|20|22)|12\d{3}|9[56]\d{3,4}")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SERVICE = re.compile(r"[48]00\d{7}")
_AREA_CODE = re.compile(r"0(?:10|2\d|[3-9]\d\d)")
_SUBSCRIBER = re.compile(r"[2-8]\d{6,7}|96\d{3,4}|12\d{3}")
_FOREIGN = re.compile(r"[1-9]\d{6,14}")
_EXTENSION_MARK = re.compile(r"(?:;ext=|ext\.?|extension|分机号?|转|[x#,])\s*[:：]?\s*(\d{1,6})$", re.IGNORECASE)
_DASHES = re.compile(r"[\u2010-\u2015\u2212\u30fc\u4e00~]")
_PHONE_CHARACTERS = re.compile(r"\+?[\d\s().\-/]+")
_EXTENSION = ";ext="  # RFC 3966 §5.3
_LONGEST_EXTENSION = 6


def clean_phone(text: str, default_region: str = "CN") -> str:
    """Return the number that was meant, in one form, or raise NotAPhoneNumber.

    E.164 (`+8613800138000`), an extension after it as in RFC 3966 (`+868776911119;ext=8001`), hotlines as
    they are dialled (`119`, `12345`). Outside "CN" only numbers with their country code are understood.
    """
    if len(text) > LONGEST_TYPED:
        raise NotAPhoneNumber(_PHONE_SENTENCE)
    typed = _DASHES.sub("-", unicodedata.normalize("NFKC", text.strip()))
    extension = ""
    if mark := _EXTENSION_MARK.search(typed):
        typed, extension = typed[: mark.start()].strip(), mark[1]
    if not _PHONE_CHARACTERS.fullmatch(typed):
        raise NotAPhoneNumber(_PHONE_SENTENCE)
    groups = re.findall(r"\d+", typed)
    digits = "".join(groups)
    if typed.startswith("+") or digits.startswith("00"):
        abroad = digits if typed.startswith("+") else digits[2:]
        if not abroad.startswith("86"):
            return _foreign(abroad, extension)
        groups = _without_country_code(groups)
    elif default_region != "CN":
        raise NotAPhoneNumber(Sentence("Write the number with its country code, such as +86 138 0013 8000."))
    elif digits.startswith("86") and _MOBILE.fullmatch(digits[2:]):
        groups = [digits[2:]]
    return _chinese_number(groups, extension)


def split_extension(phone: str) -> tuple[str, str]:
    """Return the number to dial and the extension to key in after the answer, "" when there is none."""
    number, _mark, extension = phone.partition(_EXTENSION)
    return number, extension


def show_phone(phone: str) -> str:
    """Return a cleaned number as people write it: `138 0013 8000`, `0877-6911119-8001`, `+14155552671`."""
    number, extension = split_extension(phone)
    national = number.removeprefix("+86")
    if national == number:
        shown = number
    elif _MOBILE.fullmatch(national):
        shown = f"{national[:3]} {national[3:7]} {national[7:]}"
    elif _SERVICE.fullmatch(national):
        shown = f"{national[:3]}-{national[3:6]}-{national[6:]}"
    else:
        area, subscriber = _area_and_subscriber(national)
        shown = f"{area}-{subscriber}"
    return f"{shown}-{extension}" if extension else shown


def mask_phone(phone: str) -> str:
    """Return a cleaned number as shown to those who may not see it: `138 **** 8000`, `0877-****119`.

    A hotline is nobody's secret and is shown whole; an extension is left out.
    """
    number, _extension = split_extension(phone)
    national = number.removeprefix("+86")
    if not number.startswith("+"):
        return number
    if national == number:
        return f"{number[:3]}****{number[-2:]}"
    if _MOBILE.fullmatch(national):
        return f"{national[:3]} **** {national[7:]}"
    if _SERVICE.fullmatch(national):
        return f"{national[:3]}-****{national[-3:]}"
    area, subscriber = _area_and_subscriber(national)
    return f"{area}-****{subscriber[-3:]}"


def _without_country_code(groups: list[str]) -> list[str]:
    first = groups[0].removeprefix("00").removeprefix("86")
    rest = [first, *groups[1:]] if first else groups[1:]
    if groups[0] == "00":  # written "00 86 138…"
        rest = [groups[1].removeprefix("86"), *groups[2:]]
    rest = [group for group in rest if group]
    national = "".join(rest)
    if not rest or national.startswith("0") or _MOBILE.fullmatch(national) or _SERVICE.fullmatch(national):
        return rest
    return [f"0{rest[0]}", *rest[1:]]


def _chinese_number(groups: list[str], extension: str) -> str:
    digits = "".join(groups)
    if _HOTLINE.fullmatch(digits) and not extension:
        return digits
    mobile = digits.removeprefix("0")  # an old habit for mobiles of other cities
    if _MOBILE.fullmatch(mobile) and not extension:
        return f"+86{mobile}"
    if _SERVICE.fullmatch(digits):
        return _with_extension(f"+86{digits}", extension)
    area = _AREA_CODE.match(digits)
    if area is None:
        local = re.fullmatch(r"[2-8]\d{6,7}", digits)
        raise NotAPhoneNumber(_AREA_CODE_SENTENCE if local else _PHONE_SENTENCE)
    subscriber, keyed = _split_after_subscriber(groups, len(area[0]))
    if not _SUBSCRIBER.fullmatch(subscriber) or (keyed and extension) or len(keyed) > _LONGEST_EXTENSION:
        raise NotAPhoneNumber(_PHONE_SENTENCE)
    return _with_extension(f"+86{area[0][1:]}{subscriber}", keyed or extension)


def _split_after_subscriber(groups: list[str], area_length: int) -> tuple[str, str]:
    # `0877-6911119-8001` and `021-6888-8888-801`: the number is complete at the first gap after seven digits.
    taken = -area_length
    for at, group in enumerate(groups):
        taken += len(group)
        if taken >= 7:  # noqa: PLR2004 - the shortest subscriber number
            return "".join(groups[: at + 1])[area_length:], "".join(groups[at + 1 :])
    return "".join(groups)[area_length:], ""


def _area_and_subscriber(national: str) -> tuple[str, str]:
    area = _AREA_CODE.match(f"0{national}")
    length = len(area[0]) if area else 0
    return f"0{national}"[:length], f"0{national}"[length:]


def _foreign(digits: str, extension: str) -> str:
    if not _FOREIGN.fullmatch(digits):
        raise NotAPhoneNumber(_PHONE_SENTENCE)
    return _with_extension(f"+{digits}", extension)


def _with_extension(number: str, extension: str) -> str:
    return f"{number}{_EXTENSION}{extension}" if extension else number


# --- people ---


def mask_name(name: str) -> str:
    """Return a person's name as shown to those who need not know it: `李*`."""
    return f"{name.strip()[:1]}*" if name.strip() else ""
