"""Words with their times, from the alignment of what was decoded."""

from collections.abc import Iterator, Sequence
from typing import Any

from faster_whisper.transcribe import merge_punctuations  # type: ignore[import-untyped]

from pipeline.speech.stamps import Piece
from pipeline.speech.stream import Stream
from pipeline.speech.words import TimedWord, not_before, within_stamps

# faster-whisper's own lists
_PREPENDED, _APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - in any language


def timed_words(
    stream: Stream, pieces: Sequence[Piece], aligned: list[dict[str, Any]]
) -> Iterator[TimedWord]:
    """The words of a decoding in the block's time, each with the number of its segment, which no other of the block
    has.

    `pieces`: the decoding's segments. `aligned`: its words as faster-whisper has aligned them, with tokens, and seconds
    from the stream's position.
    """
    first = len(stream.words)
    ends: list[int] = []
    for piece in pieces:
        ends.append((ends[-1] if ends else 0) + len(piece.tokens))
    merge_punctuations(aligned, _PREPENDED, _APPENDED)
    seen, before = 0, stream.position
    for word in aligned:
        segment = next((number for number, end in enumerate(ends) if seen < end), len(ends) - 1)
        seen += len(word["tokens"])
        if word["word"]:
            start, end = (stream.position + float(word[edge]) for edge in ("start", "end"))
            timed = TimedWord(start, end, word["word"], (stream.number, first, segment))
            piece = pieces[segment]
            last = end if piece.end is None else stream.position + piece.end
            timed = not_before(within_stamps(timed, stream.position + piece.start, last), before)
            before = timed.start
            yield timed
