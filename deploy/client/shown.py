"""Names as they may be shown: of files above all, which may hold any byte but two."""

import os
import re
import unicodedata
from pathlib import Path

_BREAKS_A_LINE = {"Cc", "Zl", "Zp"}  # control characters, ends of lines
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # of characters; those between stand for bytes of a name
REPLACED = "\N{REPLACEMENT CHARACTER}"


def as_text(name: str | Path) -> str:
    """As UTF-8, whatever the locale is; what isn't, replaced."""
    return os.fsencode(name).decode(errors="replace")


def in_one_line(text: str) -> str:
    """Without what would end the line, split a row at a tab, or move the terminal's cursor."""
    whole = _HALVES.sub(REPLACED, text).encode(errors="surrogateescape").decode(errors="replace")
    return "".join(REPLACED if unicodedata.category(letter) in _BREAKS_A_LINE else letter for letter in whole)
