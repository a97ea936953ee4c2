"""Names as they may be shown: of files above all, which may hold any byte but two."""

import os
import unicodedata
from pathlib import Path

_BREAKS_A_LINE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, ends of lines
REPLACED = "\N{REPLACEMENT CHARACTER}"


def as_text(name: str | Path) -> str:
    """As UTF-8, whatever the locale is; what isn't, replaced."""
    return os.fsencode(name).decode(errors="replace")


def in_one_line(text: str) -> str:
    """Without what would end the line, split a row at a tab, or move the terminal's cursor."""
    return "".join(REPLACED if unicodedata.category(letter) in _BREAKS_A_LINE else letter for letter in text)
