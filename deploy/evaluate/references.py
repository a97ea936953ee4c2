"""What is said in a recording, by somebody who knows: a text, subtitles or an STM file.

Source: the W3C's WebVTT, for its blocks, tags and escapes. SubRip has no specification; players show what is left here.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.evaluate.stm import StmInvalid, read_stm
from pipeline.errors import SmeltError
from pipeline.speech.transcript import Span
from pipeline.states import ErrorCode
from pipeline.text_input import TextDecoder

_CUE = re.compile(r"^[ \t]*(?:\d+:)?\d\d?:\d\d[.,]\d{1,3}[ \t]+-->.*$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_VTT_TAG = re.compile(r"<[^>]*>")  # whatever is meant is escaped
_SRT_TAG = re.compile(r"</?[A-Za-z][^>]*>|\{\\[^}]*\}")
_NUMBER_AT_END = re.compile(r"(?:\A|\n)[ \t]*\d+[ \t]*\n?\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """Words, with whatever punctuation they came. `unscored`: spans (s) in which nothing that is heard counts."""

    text: str
    unscored: tuple[Span, ...] = ()


class ReferenceInvalid(Exception):
    """The file can't be read as what its ending says. The message holds none of its words."""


def read_reference(path: Path) -> Reference:
    """An empty file is a reference too: nothing is said. Raises ReferenceInvalid, OSError."""
    text = _decoded(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    if path.suffix.lower() == ".stm":
        try:
            words, unscored = read_stm(text, path.stem)
        except StmInvalid as error:
            raise ReferenceInvalid(str(error)) from None
        return Reference(words, unscored)
    return Reference(" ".join(_PARSERS[path.suffix.lower()](text).split()))


def _decoded(data: bytes) -> str:
    decoder = TextDecoder()
    try:
        return (decoder.feed(data) + decoder.finish()).decode()
    except SmeltError as error:
        if error.code is ErrorCode.EMPTY_INPUT:
            return ""
        raise ReferenceInvalid(error.detail) from None


def _txt(text: str) -> str:
    return text


def _srt(text: str) -> str:
    """All that is neither a time nor the number above one; a blank line inside a subtitle cuts nothing off."""
    numbers, *subtitles = _CUE.split(text)
    if not subtitles and numbers.strip():
        raise ReferenceInvalid("There is no subtitle in it.")
    said = [_NUMBER_AT_END.sub("", subtitle) for subtitle in subtitles[:-1]] + subtitles[-1:]
    return _SRT_TAG.sub("", "\n".join(said))


def _vtt(text: str) -> str:
    """The payload of the cues: the header, notes, styles and regions are blocks without a time."""
    if text.strip() and not text.startswith("WEBVTT"):
        raise ReferenceInvalid("It doesn't begin with WEBVTT.")
    cues = (_CUE.split(block, maxsplit=1)[1:] for block in _BLANK_LINES.split(text))
    return html.unescape(_VTT_TAG.sub("", "\n".join(line for cue in cues for line in cue)))


_PARSERS: dict[str, Callable[[str], str]] = {".txt": _txt, ".srt": _srt, ".vtt": _vtt}
SUFFIXES = (*_PARSERS, ".stm")
"""In the order in which they are looked for."""
