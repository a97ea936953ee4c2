"""A recording as its sender gets it back: the very bytes that were sent, read while they are taken."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.http.byte_range import ByteRange
from pipeline.content.sealed_reader import SealedReader
from pipeline.speech.sniff import MediaType

READ_BYTES = 262_144  # in one turn

_MEDIA_TYPES = {
    MediaType.WAV: "audio/wav",
    MediaType.MP3: "audio/mpeg",
    MediaType.MP4: "audio/mp4",
    MediaType.OGG: "audio/ogg",
    MediaType.FLAC: "audio/flac",
    MediaType.WEBM: "audio/webm",
    MediaType.AAC: "audio/aac",
    MediaType.AC3: "audio/ac3",
    MediaType.AMR: "audio/amr",
    MediaType.AIFF: "audio/aiff",
    MediaType.CAF: "audio/x-caf",
    MediaType.AU: "audio/basic",
    MediaType.ASF: "audio/x-ms-wma",
    MediaType.W64: "audio/x-w64",
}


def media_type_of(container: str) -> str:
    """As browsers call it. `container`: a MediaType's value."""
    return _MEDIA_TYPES[MediaType(container)]


@dataclass(frozen=True, slots=True)
class Recording:
    """Opened; not for two threads at once."""

    reader: SealedReader
    wanted: ByteRange

    def read(self) -> Iterator[bytes]:
        """Raises ContentMissing, ContentUnavailable, ContentTampered."""
        self.reader.seek(self.wanted.start)
        left = self.wanted.end - self.wanted.start
        while left:
            data = self.reader.read(min(left, READ_BYTES)) or b""
            left -= len(data)
            yield data
