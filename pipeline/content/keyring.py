"""The key ring: keys that wrap other keys, so that a stolen database reads nothing.

A setting such as `k2:<base64>,k1:<base64>` names 32-byte keys, the current one first. New secrets are wrapped
by the current key; older keys only unwrap, until everything is wrapped anew and they are taken off the ring.

A wrapped secret, in bytes:

    1         1              n    12      len(secret)   16
    version   n = len(id)    id   nonce   ciphertext    tag

AES-256-GCM (NIST SP 800-38D). Nonces are random: one key should wrap fewer than 2**32 secrets (section 8.3
there). Version, key id and the caller's context are associated data, so a wrapped secret opens only for its
own owner.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.errors import WorkError
from pipeline.states import ErrorCode, WaitingFor

KEY_BYTES = 32
_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class KeyRingInvalid(ValueError):
    """The setting can't be read. The message names the entry by its number, never by its text."""


class KeyUnknown(WorkError):
    """No key of that id is on this ring: retired, or not yet known to this process.

    An outage: another process may have it, and this one the next time that it starts.
    """

    def __init__(self, key_id: str) -> None:
        super().__init__(
            ErrorCode.INTERNAL_ERROR,
            f"A stored key is wrapped by the key {key_id}, which isn't on this process's SMELT_KEYRING.",
            retryable=True,
            waiting_for=WaitingFor.CONTENT_STORE,
        )


class KeyTampered(WorkError):
    """The wrapped secret is damaged, or was wrapped for another owner or by another key of the same id."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.INTERNAL_ERROR,
            "The content's key is damaged, or wrapped by another key of the same id.",
        )


def new_content_key() -> bytes:
    """A random key of 32 bytes for one smelt's content."""
    return secrets.token_bytes(KEY_BYTES)


def smelt_context(smelt_id: UUID) -> bytes:
    """What binds a wrapped content key to its smelt."""
    return b"smelt:" + smelt_id.bytes


def user_context(user_id: UUID) -> bytes:
    """What binds a wrapped API key to its user. Never equal to a smelt's context, whatever the ids."""
    return b"user:" + user_id.bytes


def webhook_context(secret_id: UUID) -> bytes:
    """What binds a wrapped webhook secret to its row."""
    return b"webhook:" + secret_id.bytes


class KeyRing:
    """Wraps and unwraps secrets. Immutable; its repr shows key ids only."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys`: id to 32 bytes, the current one first; at least one."""
        if not keys:
            raise KeyRingInvalid("the key ring is empty; expected id:base64")
        self._current = next(iter(keys))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._ciphers)})"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `id:base64,id2:base64…`. Raises KeyRingInvalid, whose message is safe to show."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
            key_id, key = _parse_entry(entry, number)
            if key_id in keys:
                raise KeyRingInvalid(f"entry {number} of the key ring repeats an earlier id")
            keys[key_id] = key
        return cls(keys)

    @staticmethod
    def generate() -> str:
        """A new setting of one key."""
        return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Encrypts `secret` (any length) with the current key, bound to `context`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        header = bytes([_VERSION, len(self._current)]) + self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, secret, header + context)
        return header + nonce + sealed

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypts what `wrap` made with the same context. Raises KeyUnknown, KeyTampered."""
        key_id = self.key_id(wrapped)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyUnknown(key_id)
        body = 2 + len(key_id)
        nonce, sealed = wrapped[body : body + _NONCE_BYTES], wrapped[body + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, wrapped[:body] + context)
        except InvalidTag as error:
            raise KeyTampered from error

    def needs_rewrap(self, wrapped: bytes) -> bool:
        """Whether another key than the current one wrapped it. Raises KeyTampered."""
        return self.key_id(wrapped) != self._current

    @staticmethod
    def key_id(wrapped: bytes) -> str:
        """The id of the key that wrapped it; not authenticated until unwrapped. Raises KeyTampered."""
        if len(wrapped) < 2 or wrapped[0] != _VERSION:
            raise KeyTampered
        end = 2 + wrapped[1]
        key_id = wrapped[2:end].decode("ascii", errors="replace")
        if not _KEY_ID.fullmatch(key_id) or len(wrapped) < end + _NONCE_BYTES + _TAG_BYTES:
            raise KeyTampered
        return key_id


def _parse_entry(entry: str, number: int) -> tuple[str, bytes]:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise KeyRingInvalid(
            f"entry {number} of the key ring is not id:base64 (ids are 1 to 32 of A-Z a-z 0-9 _ -)"
        )
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        # `from None`: the cause would carry the text into a traceback
        raise KeyRingInvalid(f"entry {number} of the key ring: its key is not base64") from None
    if len(key) != KEY_BYTES:
        raise KeyRingInvalid(f"entry {number} of the key ring: its key has {len(key)} bytes, not {KEY_BYTES}")
    return key_id, key
