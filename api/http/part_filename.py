"""The name of a file in a multipart body, in all the ways in which clients write names beyond ASCII.

RFC 7578 wants plain UTF-8. Sent are as well `filename*` (RFC 8187), also in pieces (`filename*0*`, RFC 2231),
percent-encoding, Latin-1, and words of RFC 2047.
"""

import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header
from itertools import count, takewhile
from urllib.parse import unquote_to_bytes

# To the header's end where no quotation mark follows: sought anew at each of them, it would be quadratic.
_QUOTED = r'"(?:[^"\\]|\\.?)*+(?:"|\Z)'
# A quoted text that is no parameter's is passed over: what stands between quotes is nobody's name.
_PARAMETER = re.compile(rf';[ \t]*([^\s=;"]{{1,64}})[ \t]*=[ \t]*({_QUOTED}|[^;\s"]*)|{_QUOTED}', re.DOTALL)
# Those of RFC 8187 and of the systems that people have had: not every codec that Python has is a charset.
_CHARSET = (
    r"utf-8|us-ascii|iso-8859-(?:[1-9]|1[013456])|windows-125[0-8]|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|shift_jis|euc-jp|euc-kr"
)
_EXTENDED = re.compile(rf"({_CHARSET})?'[^']{{0,32}}'", re.IGNORECASE)
_PERCENT = re.compile(r"[^%]*(?:%[0-9a-f]{2}[^%]*)+", re.IGNORECASE)
_ESCAPED = re.compile(r"(?:[\w.~!*'()+,;@&=$-]|%[0-9a-f]{2})+", re.IGNORECASE | re.ASCII)
_WORDS = re.compile(rf"(?:\s*=\?(?:{_CHARSET})\?[bq]\?[^?\s]*\?=)+\s*", re.IGNORECASE)


def part_filename(disposition: str, plain: bytes | None) -> str | None:
    """`disposition`: the whole header, as Latin-1; `plain`: its parameter `filename`. None: the part is no file."""
    raw, charset = _extended(disposition) if "*" in disposition else (None, None)
    if raw and charset:
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            pass
    if plain is not None:
        return meant_name(_text(plain))
    return None if raw is None else _text(raw)


def _extended(disposition: str) -> tuple[bytes | None, str | None]:
    """What `filename*` holds, or its pieces together, and in which charset that is; None: it isn't told, or unknown."""
    given: dict[str, str] = {}
    for name, value in _PARAMETER.findall(disposition):
        given.setdefault(name.lower(), value)
    found = [("filename*", given["filename*"])] if "filename*" in given else _pieces(given)
    if not found:
        return None, None
    (first, value), *others = found
    value = _unquoted(value)
    told = _EXTENDED.match(value) if first.endswith("*") else None
    start = _raw(first, value[told.end() :] if told else value)
    return start + b"".join(_raw(name, _unquoted(value)) for name, value in others), told and told[1]


def _pieces(given: Mapping[str, str]) -> list[tuple[str, str]]:
    names = (
        next((name for name in (f"filename*{number}*", f"filename*{number}") if name in given), "")
        for number in count()
    )
    return [(name, given[name]) for name in takewhile(bool, names)]


def _raw(name: str, value: str) -> bytes:
    data = value.encode("latin-1")
    return unquote_to_bytes(data) if name.endswith("*") else data


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'), flags=re.DOTALL)


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
            return _unescaped(name)
        if _WORDS.fullmatch(name):
            return "".join(_decoded(word, charset) for word, charset in decode_header(name)) or name
    except (UnicodeDecodeError, HeaderParseError):
        pass
    return name


def _unescaped(name: str) -> str:
    """Latin-1 only where all of the name is written as in a URL: else `20%ad.txt` would lose its percentage."""
    raw = unquote_to_bytes(name)
    if not _ESCAPED.fullmatch(name):
        return raw.decode()
    text = _text(raw)
    return text if text.isprintable() else name


def _decoded(word: bytes | str, charset: str | None) -> str:
    return word if isinstance(word, str) else word.decode(charset or "ascii")
