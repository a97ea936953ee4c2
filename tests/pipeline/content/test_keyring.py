"""Keys wrapped by a ring: bound to their owner, readable after a rotation, never by another's."""

import base64
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.content.keyring import (
    KeyRing,
    KeyRingInvalid,
    KeyTampered,
    KeyUnknown,
    new_content_key,
    smelt_context,
    user_context,
)

ADA = UUID(int=1)
BOB = UUID(int=2)
OLD = f"old:{base64.b64encode(bytes(32)).decode()}"
NEW = f"new:{base64.b64encode(bytes([7]) * 32).decode()}"
RING = KeyRing.parse(OLD)


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_what_is_wrapped_unwraps_with_the_same_context(secret: bytes, context: bytes) -> None:
    assert RING.unwrap(RING.wrap(secret, context), context) == secret


def test_a_wrapped_secret_opens_for_no_other_owner() -> None:
    wrapped = RING.wrap(b"secret", smelt_context(ADA))
    for context in (smelt_context(BOB), user_context(ADA), b""):
        with pytest.raises(KeyTampered):
            RING.unwrap(wrapped, context)


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    wrapped = RING.wrap(b"secret", b"context")
    for at in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[at] ^= 1
        with pytest.raises((KeyTampered, KeyUnknown)):
            RING.unwrap(bytes(changed), b"context")
        with pytest.raises((KeyTampered, KeyUnknown)):
            RING.unwrap(wrapped[:at], b"context")


def test_the_same_secret_never_wraps_to_the_same_bytes() -> None:
    assert len({RING.wrap(b"secret", b"") for _ in range(100)}) == 100


def test_rotation_reads_the_old_and_writes_with_the_new() -> None:
    before = RING.wrap(b"secret", b"")
    rotated = KeyRing.parse(f"{NEW},{OLD}")
    assert rotated.unwrap(before, b"") == b"secret"
    assert rotated.needs_rewrap(before)
    after = rotated.wrap(b"secret", b"")
    assert rotated.key_id(after) == "new"
    assert not rotated.needs_rewrap(after)


def test_a_retired_key_opens_nothing() -> None:
    wrapped = RING.wrap(b"secret", b"")
    with pytest.raises(KeyUnknown):
        KeyRing.parse(NEW).unwrap(wrapped, b"")


def test_another_key_of_the_same_id_is_noticed() -> None:
    wrapped = RING.wrap(b"secret", b"")
    with pytest.raises(KeyTampered):
        KeyRing.parse(NEW.replace("new:", "old:")).unwrap(wrapped, b"")


def test_a_generated_setting_is_one_new_key_each_time() -> None:
    first, second = KeyRing.generate(), KeyRing.generate()
    assert first != second
    assert re.fullmatch(r"k[0-9a-f]{8}:[A-Za-z0-9+/]{43}=", first)
    wrapped = KeyRing.parse(first).wrap(b"secret", b"")
    assert KeyRing.parse(f"{second},{first}").unwrap(wrapped, b"") == b"secret"


def test_spaces_and_a_last_comma_do_no_harm() -> None:
    ring = KeyRing.parse(f" {NEW} ,\n{OLD},")
    assert repr(ring) == "KeyRing(new, old)"


SECRET = base64.b64encode(b"s" * 32).decode()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("", "empty"),
        (" , ", "empty"),
        (SECRET, "entry 1 .* not id:base64"),
        (f":{SECRET}", "entry 1 .* not id:base64"),
        (f"a b:{SECRET}", "entry 1 .* not id:base64"),
        (f"{'x' * 33}:{SECRET}", "entry 1 .* not id:base64"),
        (f"{OLD},bad:{SECRET[:-2]}!=", "entry 2 .* not base64"),
        (f"bad:{SECRET}é", "entry 1 .* not base64"),
        (f"{OLD},bad:{SECRET[:40]}", "entry 2 .* has 30 bytes"),
        (f"{OLD},old:{SECRET}", "entry 2 .* repeats"),
    ],
)
def test_a_bad_setting_is_explained_without_showing_it(setting: str, says: str) -> None:
    with pytest.raises(KeyRingInvalid, match=says) as caught:
        KeyRing.parse(setting)
    assert SECRET[:20] not in str(caught.value)
    assert caught.value.__cause__ is None


def test_content_keys_are_random() -> None:
    keys = {new_content_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {32}
