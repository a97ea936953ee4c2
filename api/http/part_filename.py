"""The name of a file in a multipart body, in all the ways in which clients write names beyond ASCII.

RFC 7578 wants plain UTF-8. Sent are as well `filename*` (RFC 8187), percent-encoding, Latin-1, and words of RFC 2047.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes

# To the header's end where no quotation mark follows: sought anew at each of them, it would be quadratic.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
_EXTENDED = re.compile(
    r";[ \t]*filename\*[ \t]*=[ \t]*(utf-8|iso-8859-1)'[^']{0,32}'([^;\s\"]*)", re.IGNORECASE
)
_PERCENT = re.compile(r"[^%]*(?:%[0-9a-f]{2}[^%]*)+", re.IGNORECASE)
_WORDS = re.compile(
    r"(?:\s*=\?(?:utf-8|iso-8859-1|us-ascii|windows-1252)\?[bq]\?[^?\s]*\?=)+\s*", re.IGNORECASE
)


def part_filename(disposition: str, plain: bytes | None) -> str | None:
    """`disposition`: the whole header; `plain`: its parameter `filename`. None: the part is no file."""
    return _extended(disposition) or (None if plain is None else meant_name(_text(plain)))


def _extended(disposition: str) -> str | None:
    """The other parameters may hold anything, between quotes."""
    if "*" not in disposition:
        return None
    found = _EXTENDED.search(_QUOTED.sub('""', disposition))
    if found is None:
        return None
    try:
        return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        return None


def _text(name: bytes) -> str:
    for encoding in ("utf-8", "windows-1252"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("latin-1")


def meant_name(name: str) -> str:
    """A name that was read as text, without the ways of writing it in ASCII."""
    try:
        if _PERCENT.fullmatch(name):
            return unquote_to_bytes(name).decode()
        if _WORDS.fullmatch(name):
            return "".join(_decoded(word, charset) for word, charset in decode_header(name)) or name
    except (UnicodeDecodeError, HeaderParseError):
        pass
    return name


def _decoded(word: bytes | str, charset: str | None) -> str:
    return word if isinstance(word, str) else word.decode(charset or "ascii")
