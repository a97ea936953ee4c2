"""Where a recording begins in its file: mostly at the first byte, else behind zeros, a tag, junk or half a frame."""

from pipeline.speech import mpeg
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import FRAMES, HEAD_BYTES, MediaType, after_zeros, find_sound, magic
from pipeline.speech.window import read_at, size_of


def beginning(file: SeekableFile, media_type: MediaType) -> int:
    """The first byte to decode; 0 where nothing better is found within the first 64 kB, or behind the ID3 tag."""
    head = read_at(file, 0, HEAD_BYTES)
    if magic(head) is media_type:
        return 0
    tag = mpeg.id3_bytes(head)
    within = mpeg.frames_across(head, tag, FRAMES[media_type]) if media_type in FRAMES else None
    if within is not None:
        return within
    if 0 < tag < size_of(file):
        at = _found(read_at(file, tag, HEAD_BYTES), media_type)
        if at is not None:
            return tag + at
    return _found(head, media_type) or 0


def _found(head: bytes, media_type: MediaType) -> int | None:
    frame_at = FRAMES.get(media_type)
    at = 0 if frame_at is not None else after_zeros(head)
    begins = magic(head[at:]) is media_type if frame_at is None else mpeg.two_frames(head, frame_at)
    return at if begins else find_sound(head, media_type)
