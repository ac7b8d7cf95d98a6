"""Passwords: argon2id hashes, and the rules a new password must keep. Knows no accounts."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.language import Sentence

SHORTEST = 10
COMMONEST = 10_000
"""So many of the passwords found most often in what was stolen elsewhere are refused."""
LONGEST = 256  # hashing a megabyte at every attempt would be a way to stop the service

# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class PasswordRefused(ValueError):
    """A new password breaks the rule; `reason` says which."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


def hash_password(password: str) -> str:
    """Return the hash to store. Check a new password with `check_new` first."""
    return _HASHER.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Tell whether `password` is the one behind `stored`.

    `stored` is None for a user who does not exist or has no password: that takes just as long and is never
    right, so the time does not tell which names exist.
    """
    nobodys = _nobodys_hash()  # made at the first attempt of the process, whoever makes it
    try:
        _HASHER.verify(nobodys if stored is None else stored, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None and len(password) <= LONGEST


def needs_rehash(stored: str) -> bool:
    """Tell whether `stored` was made with other costs than today's; hash anew at the next right password."""
    return _HASHER.check_needs_rehash(stored)


def check_new(password: str, *, username: str) -> None:
    """Raise PasswordRefused unless `password` may become the password of `username`."""
    if len(password) < SHORTEST:
        raise PasswordRefused(Sentence("A password has at least %(count)s characters.", count=SHORTEST))
    if len(password) > LONGEST:
        raise PasswordRefused(Sentence("A password has at most %(count)s characters.", count=LONGEST))
    if len(set(password)) < SHORTEST // 2:
        raise PasswordRefused(Sentence("This password repeats too few characters."))
    if password.casefold() in _commonest():
        raise PasswordRefused(Sentence("This password is among those that are tried first. Choose another."))
    if username and username.casefold() in password.casefold():
        raise PasswordRefused(Sentence("A password does not contain the user name."))


def make_initial() -> str:
    """Return a password for somebody to sign in with once: 80 random bits, without characters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


@cache
def _commonest() -> frozenset[str]:
    # A kept library's list, ordered by frequency. Only where a password is chosen: it takes 14 MB and 40 ms.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(password.casefold() for password in FREQUENCY_LISTS["passwords"][:COMMONEST])


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody has this password")
