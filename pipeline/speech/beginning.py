"""Where a recording begins in its file: mostly at the first byte, else behind zeros, an ID3 tag or half a frame."""

from pipeline.speech import mpeg
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import FRAMES, HEAD_BYTES, SEARCHED_BYTES, MediaType, after_zeros, magic
from pipeline.speech.window import read_at, size_of


def beginning(file: SeekableFile, media_type: MediaType) -> int:
    """The first byte to decode; 0 where nothing better is found within the first 64 kB, or behind the ID3 tag."""
    head = read_at(file, 0, HEAD_BYTES)
    if magic(head) is media_type:
        return 0
    tag = mpeg.id3_bytes(head)
    if 0 < tag < size_of(file):
        at = _found(read_at(file, tag, HEAD_BYTES), media_type)
        if at is not None:
            return tag + at
    return _found(head, media_type) or 0


def _found(head: bytes, media_type: MediaType) -> int | None:
    frame_at = FRAMES.get(media_type)
    if frame_at is None:
        at = after_zeros(head)
        return at if magic(head[at:]) is media_type else None
    return 0 if mpeg.two_frames(head, frame_at) else mpeg.find_frames(head, frame_at, SEARCHED_BYTES)
