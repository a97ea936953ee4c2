"""How much audio a recording's own header promises, read apart from FFmpeg.

FFmpeg takes a shortened WAV or MP3 for a short one. These headers tell the two apart. Sources: the RIFF chapter of
Microsoft's multimedia programming reference, EBU Tech 3306 (RF64), and the layout of LAME's Xing/Info header.
"""

from pipeline import mpeg
from pipeline.seekable import SeekableFile
from pipeline.sniff import HEAD_BYTES, MediaType

# Programs that write to a pipe can't know the size; they write the largest one, or nearly so, or none
_UNKNOWN_SIZE = 0x7FFF_0000
_MAX_CHUNKS = 1_000


def missing_bytes(file: SeekableFile, media_type: MediaType) -> int:
    """How many bytes of samples a WAV promises beyond the file's end; 0 for other types and for honest files."""
    if media_type is not MediaType.WAV:
        return 0
    file_bytes = file.seek(0, 2)
    file.seek(8)
    large_size, at = 0, 12
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return 0
        size = int.from_bytes(header[4:], "little")
        if header[:4] == b"ds64":
            large_size = int.from_bytes(file.read(16)[8:], "little")
        if header[:4] == b"data":
            return _beyond(
                at + 8, large_size if size == 0xFFFF_FFFF and large_size else size, file_bytes, large_size
            )
        at += 8 + size + size % 2
    return 0


def _beyond(start: int, size: int, file_bytes: int, large_size: int) -> int:
    if size >= _UNKNOWN_SIZE and size != large_size:
        return 0
    return max(0, start + size - file_bytes)


def counts_frames(file: SeekableFile) -> bool:
    """Whether an MP3 carries a count of its frames, so that its declared duration is no guess."""
    file.seek(0)
    file.seek(mpeg.id3_bytes(file.read(10)))
    return mpeg.xing_frames(file.read(HEAD_BYTES)) is not None
