"""A prompt as a Markdown file: its text, and the title found in it."""

import re
from pathlib import PurePath

from api.errors import ApiError, Code, Fault, FaultCode, refusal
from api.http.filename import safe_filename, visible_line
from api.http.part_filename import meant_name
from api.schemas.library import MAX_PROMPT, MAX_TITLE
from pipeline.terminal_text import TerminalText

MAX_FILE_BYTES = 10_240
SUFFIXES = (".md", ".markdown")
UNTITLED = "Untitled"

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")


def read_prompt_file(filename: str | None, content: bytes) -> tuple[str, str]:
    """Title and body. `content` may be one byte longer than the limit, which shows that there is more.

    Raises ApiError `file_too_large`, `unsupported_format`, `validation_failed`.
    """
    name = PurePath(safe_filename(None if filename is None else meant_name(filename), UNTITLED))
    if len(content) > MAX_FILE_BYTES:
        raise _refused(Code.FILE_TOO_LARGE, f"A prompt's file may have {MAX_FILE_BYTES:,} bytes.", name)
    if name.suffix.lower() not in SUFFIXES:
        raise _refused(Code.UNSUPPORTED_FORMAT, "A prompt's file must be a .md file.", name)
    try:
        body = TerminalText().feed(content.decode("utf-8-sig"), final=True)
    except UnicodeDecodeError:
        raise _refused(FaultCode.INVALID_VALUE, "The file is not UTF-8 text.", name) from None
    if "\0" in body or not visible_line(body):
        raise _refused(FaultCode.INVALID_VALUE, "The file has no text.", name)
    if len(body) > MAX_PROMPT:
        raise _refused(FaultCode.INVALID_VALUE, f"A prompt may have {MAX_PROMPT:,} characters.", name)
    return (_first_heading(body) or visible_line(name.stem) or UNTITLED)[:MAX_TITLE], body


def _first_heading(markdown: str) -> str | None:
    """The text of the first `#` heading that doesn't stand in a block of code (CommonMark 0.31, 4.2 and 4.5)."""
    fence = None
    for line in markdown.splitlines():
        if marks := _FENCE.match(line):
            if fence is None:
                fence = marks[1]
            elif marks[1].startswith(fence) and line.strip() == marks[1]:
                fence = None
        elif fence is None and (heading := _HEADING.match(line)) and (title := _title(heading[1])):
            return title
    return None


def _title(heading: str) -> str:
    """Without the marks that may close a heading. Not by one pattern, whose time would be quadratic."""
    heading = heading.rstrip(" \t")
    text = heading.rstrip("#")
    return visible_line(text if text == "" or text.endswith((" ", "\t")) else heading)


def _refused(code: Code | FaultCode, detail: str, name: PurePath) -> ApiError:
    return refusal([Fault(code, detail, field="file", filename=str(name))])
