"""Small rules: addresses, file names, media types, cursors, languages."""

import time
from datetime import UTC, date, datetime
from ipaddress import ip_address
from uuid import UUID

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.auth.client_address import client_address, ip_hash
from api.http import cursor
from api.http.filename import MAX_CHARS, safe_filename
from api.http.negotiation import choose
from pipeline.language_names import LANGUAGES, MULTI, language_code
from pipeline.net.networks import networks

PROXIES = networks(["10.0.0.0/8", "2001:db8:aaaa::/48"])
DAY = date(2026, 11, 22)


def asked(peer: str, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    request = Request({"type": "http", "client": (peer, 1234), "headers": headers})
    return str(client_address(request, PROXIES))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: list[str], address: str) -> None:
    assert asked(peer, *forwarded) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ("for=1.1.1.1, for=203.0.113.9;proto=https;by=10.0.0.2", "203.0.113.9"),
        ('proto=https; For="203.0.113.9:4711", for=10.0.0.2', "203.0.113.9"),
        ('for="[2001:db8::1]:443"', "2001:db8::1"),
        ("for=_hidden", "10.0.0.1"),
        ("by=203.0.113.9", "10.0.0.1"),
        ('for="1.1.1.1,for=203.0.113.9', "203.0.113.9"),
    ],
)
def test_the_standard_header_is_read_where_it_is_the_proxies(forwarded: str, address: str) -> None:
    headers = [(b"forwarded", forwarded.encode()), (b"x-forwarded-for", b"8.8.8.8")]
    request = Request({"type": "http", "client": ("10.0.0.1", 1234), "headers": headers})
    assert str(client_address(request, PROXIES, "forwarded")) == address
    assert str(client_address(request, PROXIES)) == "8.8.8.8"


def test_an_address_is_hashed_by_the_day_and_a_household_is_one() -> None:
    def hashed(address: str, day: date = DAY, key: bytes = b"k") -> str:
        return ip_hash(key, day, ip_address(address))

    assert hashed("2001:db8::1") == hashed("2001:db8::ffff")
    assert hashed("2001:db8::1") != hashed("2001:db8:0:1::1")
    assert hashed("192.0.2.1") != hashed("192.0.2.2")
    assert hashed("192.0.2.1") != hashed("192.0.2.1", date(2026, 11, 23))
    assert hashed("192.0.2.1") != hashed("192.0.2.1", key=b"other")


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        (None, "text-1.txt"),
        ("", "text-1.txt"),
        ("..", "text-1.txt"),
        ("a/b/c.txt", "c.txt"),
        ("C:\\Users\\ada\\c.txt", "c.txt"),
        ("../../etc/passwd", "passwd"),
        ("in\u202evoice\x00\r\n.txt", "invoice.txt"),
        ("  two   words .txt ", "two words .txt"),
        ("a" * 300 + ".flac", "a" * 250 + ".flac"),
        ("Ångström.txt", "Ångström.txt"),
    ],
)
def test_file_names_are_made_safe(given_name: str | None, safe: str) -> None:
    assert safe_filename(given_name, "text-1.txt") == safe


@given(st.text())
def test_any_file_name_can_be_stored_and_printed(name: str) -> None:
    safe = safe_filename(name, "file-1")
    assert 1 <= len(safe) <= MAX_CHARS
    assert safe.isprintable()
    assert "/" not in safe
    assert safe_filename(safe, "file-1") == safe


def test_a_name_is_cut_before_any_work_on_it() -> None:
    """Combining marks are sorted in quadratic time: as many as these took some seconds."""
    begun = time.process_time()
    assert len(safe_filename("a" + "\u0301\u0323" * 30_000 + ".md", "file-1")) == MAX_CHARS
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/markdown"),
        ("application/json;q=0.1, text/markdown", "text/markdown"),
        ("application/*;q=0.2, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "text/markdown"),
        ("image/png", None),
        ("text/markdown;q=bogus", None),
    ],
)
def test_the_accept_header_chooses(accept: str, chosen: str | None) -> None:
    assert choose(accept, ("application/json", "text/markdown")) == chosen


def test_a_cursor_leads_back_to_its_place() -> None:
    place = (datetime(2026, 11, 22, 1, 2, 3, 456789, UTC), UUID("01890a5d-ac96-774b-bcce-b302099a8057"))
    assert cursor.decode(cursor.encode(place)) == place


def test_the_languages_are_those_that_the_recogniser_knows() -> None:
    assert set(_LANGUAGE_CODES) == LANGUAGES


@pytest.mark.parametrize(
    ("given_language", "code"),
    [
        *((code, code) for code in sorted(LANGUAGES)),
        ("EN", "en"),
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("zh-yue", "yue"),
        ("nb-NO", "no"),
        ("iw", "he"),
        ("fil", "tl"),
        ("jv", "jw"),
        ("deu", "de"),
        ("German", "de"),
        ("English (United States)", "en"),
        (" de ", "de"),
        ("auto", None),
        ("und", None),
        ("multi", MULTI),
        ("mul", MULTI),
        ("Multilingual", MULTI),
    ],
)
def test_a_language_is_known_by_code_tag_and_name(given_language: str, code: str | None) -> None:
    assert language_code(given_language) == code


@pytest.mark.parametrize("given_language", ["klingon", "xx", "english-ish", "-", "(en)", "e", "germane"])
def test_what_is_no_language_is_refused(given_language: str) -> None:
    with pytest.raises(ValueError, match="language"):
        language_code(given_language)
