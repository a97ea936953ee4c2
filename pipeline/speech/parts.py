"""The recordings that follow one another in a file.

Files are joined with `cat`, recorders append to what is there, browsers send the blobs of two recordings as one. FFmpeg
reads on through MP3, ADTS, FLAC and Ogg, but takes of the others the first alone.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pipeline.speech import asf
from pipeline.speech.beginning import beginning
from pipeline.speech.boxes import mp4_parts
from pipeline.speech.chunks import CHUNKED, mended
from pipeline.speech.flac import flac_parts
from pipeline.speech.matroska import webm_parts
from pipeline.speech.ogg import ogg_parts
from pipeline.speech.part import Part
from pipeline.speech.riff import wav_parts
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import CONTAINERS, MediaType
from pipeline.speech.window import find, read_at, size_of

MOST_PARTS = 1_000
"""Opening one costs milliseconds: a gigabyte of empty WAVs must not cost hours."""

_SEARCHED = frozenset(
    {MediaType.AIFF, MediaType.AMR, MediaType.ASF, MediaType.AU, MediaType.W64, MediaType.CAF}
)
_NEVER_ZEROS = frozenset({MediaType.MP3, MediaType.AAC, MediaType.AC3, MediaType.AMR, MediaType.ASF})
_AU_UNKNOWN = 0x7FFF_FFFF  # bytes
_KEPT_ZEROS = 1_024  # bytes; a last frame or packet may end in as many
_BLOCK_BYTES = 1 << 20
_HEADER_BYTES = 65_536


def parts(file: SeekableFile, media_type: MediaType) -> Iterator[Part]:
    """In order, one more than `MOST_PARTS` at the most. Raises what reading `file` raises."""
    size = _without_zeros(file, media_type)
    start = beginning(file, media_type)
    if media_type in _WALKS:
        found = _WALKS[media_type](file, start, size)
    else:
        found = _searched(file, start, size, CONTAINERS[media_type] if media_type in _SEARCHED else None)
    for number, part in enumerate(islice(found, MOST_PARTS + 1)):
        whole = mended(file, part, media_type) if media_type in CHUNKED else part
        whole = _sized(file, part) if media_type is MediaType.AU else whole
        whole = asf.widened(file, part) if media_type is MediaType.ASF else whole
        yield replace(whole, continues=number > 0)


def _without_zeros(file: SeekableFile, media_type: MediaType) -> int:
    """The file's size, without what a recorder has reserved and never written, which spoils guesses at the length."""
    size = end = size_of(file)
    while media_type in _NEVER_ZEROS and end:
        block = read_at(file, max(0, end - _BLOCK_BYTES), min(end, _BLOCK_BYTES)).rstrip(b"\0")
        end = max(0, end - _BLOCK_BYTES) + len(block)
        if block:
            break
    return min(size, end + _KEPT_ZEROS)


def _searched(file: SeekableFile, start: int, size: int, header: re.Pattern[bytes] | None) -> Iterator[Part]:
    while header is not None and (following := find(file, header, start + 1, size)) is not None:
        yield Part(start, following, missing_share=_missing(file, start, following))
        start = following
    yield Part(start, size, missing_share=_missing(file, start, size))


def _missing(file: SeekableFile, start: int, end: int) -> float:
    """What is missing of a Windows Media, Wave64 or Core Audio file, whose duration FFmpeg adapts to what is there."""
    head = read_at(file, start, min(_HEADER_BYTES, end - start))
    promised = asf.promised_bytes(head)
    if head.startswith(b"riff"):
        promised = int.from_bytes(head[16:24], "little")
    elif head.startswith(b"caff") and (samples := head.find(b"data")) >= 0:
        size = int.from_bytes(head[samples + 4 : samples + 12], "big", signed=True)
        promised = samples + 12 + max(0, size)
    return max(0, promised - (end - start)) / max(1, end - start)


def _sized(file: SeekableFile, part: Part) -> Part:
    """An AU without a size that FFmpeg reads as a negative one, or that a recorder wrote for an unknown one."""
    head = read_at(file, part.start, 12)
    if int.from_bytes(head[8:], "big") < _AU_UNKNOWN:
        return part
    return replace(part, start=part.start + 12, header=head[:8] + b"\xff\xff\xff\xff")


_WALKS = {
    MediaType.WAV: wav_parts,
    MediaType.MP4: mp4_parts,
    MediaType.WEBM: webm_parts,
    MediaType.OGG: ogg_parts,
    MediaType.FLAC: flac_parts,
}
