"""Seals what could identify a person, with AES-256-GCM under keys that can be changed; stores nothing.

A sealed value reads: version (1 byte), length of the key id (1), key id, key fingerprint (4), nonce (12),
ciphertext with its 16-byte tag. The context it was sealed for (whose it is, which field) is not in it: it
must be given again to open it, so a value copied to another person's row does not open there.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D §5.2.1.1; random, so one key may seal 2^32 values (§8.3)
TAG_BYTES = 16
FINGERPRINT_BYTES = 4
UNNAMED_KEY = "k1"

_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class VaultError(Exception):
    """A sealed value could not be opened. Says nothing of what is in it."""


class BadKeyring(ValueError):
    """The vault key setting is not `id:base64[,id:base64…]` with 32-byte keys."""


class WrongKey(VaultError):
    """The value was sealed with a key that is not in the keyring."""


class Tampered(VaultError):
    """The value was changed, cut short, or sealed for another context."""


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    id: str
    sealing: AESGCM
    index: bytes
    fingerprint: bytes

    @classmethod
    def derived(cls, key_id: str, secret: bytes) -> "_Key":
        return cls(
            key_id,
            AESGCM(_derive(secret, b"fireline vault seal")),
            _derive(secret, b"fireline vault blind index"),
            _derive(secret, b"fireline vault fingerprint")[:FINGERPRINT_BYTES],
        )

    @property
    def header(self) -> bytes:
        name = self.id.encode("ascii")
        return bytes((VERSION, len(name))) + name + self.fingerprint


class Keyring:
    """The keys of the vault: the first seals, all open. Its repr shows ids only."""

    def __init__(self, setting: str) -> None:
        """Read `k2:base64,k1:base64` (current first) or a single base64 key, else raise BadKeyring."""
        keys = [_read_key(part.strip()) for part in setting.split(",")]
        self._keys = {key.id: key for key in keys}
        if len(self._keys) != len(keys):
            raise BadKeyring("a key id stands twice in the vault key setting")
        self._current = keys[0]

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @property
    def current_id(self) -> str:
        """Return the id of the key that seals."""
        return self._current.id

    @property
    def headers(self) -> dict[str, bytes]:
        """Return key id → the bytes with which whatever that key sealed begins, current first."""
        return {key.id: key.header for key in self._keys.values()}

    def seal(self, plaintext: str | bytes, *, context: str) -> bytes:
        """Return `plaintext` sealed for `context`; never twice the same bytes."""
        header, nonce = self._current.header, os.urandom(NONCE_BYTES)
        data = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return header + nonce + self._current.sealing.encrypt(nonce, data, _bound(header, context))

    def unseal(self, sealed: bytes, *, context: str) -> bytes:
        """Return what was sealed for `context`, or raise WrongKey or Tampered."""
        key = self._key_of(sealed)
        start = len(key.header)
        nonce, ciphertext = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        if len(ciphertext) < TAG_BYTES:
            raise Tampered("the sealed value is cut short")
        try:
            return key.sealing.decrypt(nonce, ciphertext, _bound(key.header, context))
        except InvalidTag:
            raise Tampered("the sealed value does not open in this context") from None

    def unseal_text(self, sealed: bytes, *, context: str) -> str:
        """Return the text that was sealed for `context`."""
        return self.unseal(sealed, context=context).decode()

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether `sealed` is under the current key, so need not be sealed anew."""
        return self._key_of(sealed) is self._current

    def blind_index(self, text: str, *, context: str = "") -> bytes:
        """Return 32 bytes by which equal texts find each other without being opened (keyed HMAC-SHA256).

        Normalise the text first (`identifiers.clean_phone`). It depends on the current key: look up with
        `blind_indexes` while older keys are in the keyring.
        """
        return _index(self._current, text, context)

    def blind_indexes(self, text: str, *, context: str = "") -> dict[str, bytes]:
        """Return key id → the blind index under that key, current first."""
        return {key.id: _index(key, text, context) for key in self._keys.values()}

    def _key_of(self, sealed: bytes) -> _Key:
        if len(sealed) < 2 or sealed[0] != VERSION:  # noqa: PLR2004 - version and length, one byte each
            raise Tampered("this is not a sealed value")
        end = 2 + sealed[1]
        key = self._keys.get(sealed[2:end].decode("ascii", "replace"))
        if key is None or key.fingerprint != sealed[end : end + FINGERPRINT_BYTES]:
            raise WrongKey("the key of this sealed value is not in the keyring")
        return key


def _read_key(part: str) -> _Key:
    key_id, colon, encoded = part.partition(":")
    if not colon:
        key_id, encoded = UNNAMED_KEY, part
    try:
        secret = base64.b64decode(encoded.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    # The refusal quotes nothing of the setting: a mistyped one is mostly key.
    if len(secret) != KEY_BYTES or not _KEY_ID.fullmatch(key_id):
        raise BadKeyring(f"the vault key setting wants id:base64 of {KEY_BYTES} bytes, comma between keys")
    return _Key.derived(key_id, secret)


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret)


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()


def _index(key: _Key, text: str, context: str) -> bytes:
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    kind = context.encode()
    return hmac.digest(key.index, len(kind).to_bytes(4, "big") + kind + text.encode(), hashlib.sha256)
