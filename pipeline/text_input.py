"""An uploaded text, made UTF-8 while it streams in."""

import codecs
import re

from pipeline.errors import SmeltError
from pipeline.states import ErrorCode
from pipeline.terminal_text import TerminalText

# Longest first: the UTF-32 little-endian mark begins with the UTF-16 one
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK_BYTES = 4
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f]")
_MOST_CONTROLS = 0.2  # of all characters: bells, separators and formats of chats are fewer
_VISIBLE = re.compile(r"[^\s\ufeff\u200b-\u200f\u2060]")


class TextDecoder:
    """Turns the bytes of one text, in chunks of any size, into UTF-8 without a byte order mark.

    Accepted are UTF-8, and UTF-16 and UTF-32 that start with a mark: only those are certain. A guessed
    encoding would spoil names and numbers without a sign. What is meant for a terminal alone is left out, as are
    control characters. Raises SmeltError: UNSUPPORTED_FORMAT for other bytes, for a NUL, and at the end where more
    than a fifth were control characters; EMPTY_INPUT at the end of a text of nothing but white space.
    """

    def __init__(self) -> None:
        self._head: bytes = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._visible = False
        self._controls = self._characters = 0
        self._terminal = TerminalText()

    def feed(self, data: bytes) -> bytes:
        """The UTF-8 that is certain so far. May be empty: a character's bytes can be spread over chunks."""
        if self._decoder is None:
            self._head += data
            if len(self._head) < _MARK_BYTES:
                return b""
            self._decoder, data = self._start()
        return self._decode(self._decoder, data, final=False)

    def finish(self) -> bytes:
        """The rest. Call once, after the last `feed`."""
        decoder, data = (self._decoder, b"") if self._decoder else self._start()
        rest = self._decode(decoder, data, final=True)
        if self._controls > _MOST_CONTROLS * self._characters:
            raise _binary()
        if not self._visible:
            raise SmeltError(ErrorCode.EMPTY_INPUT)
        return rest

    def _start(self) -> tuple[codecs.IncrementalDecoder, bytes]:
        for mark, encoding in _MARKS:
            if self._head.startswith(mark):
                return codecs.getincrementaldecoder(encoding)("strict"), self._head[len(mark) :]
        return codecs.getincrementaldecoder("utf-8")("strict"), self._head

    def _decode(self, decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool) -> bytes:
        try:
            text = decoder.decode(data, final)
        except UnicodeDecodeError:
            # Without the cause: its message quotes the content
            raise SmeltError(
                ErrorCode.UNSUPPORTED_FORMAT,
                "The text is not valid UTF-8; save it as UTF-8 and send it again.",
            ) from None
        text = self._terminal.feed(text, final=final)
        if "\0" in text:
            raise _binary()
        self._characters += len(text)
        text, controls = _CONTROLS.subn("", text)
        self._controls += controls
        self._visible = self._visible or _VISIBLE.search(text) is not None
        return text.encode()


def _binary() -> SmeltError:
    return SmeltError(ErrorCode.UNSUPPORTED_FORMAT, "The file is not text: it has binary content.")
