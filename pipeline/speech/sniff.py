"""What an uploaded part is, told from its first bytes.

Content decides, not the name: a recording named `notes.txt` is a recording. The name and the declared type
are used only where the bytes don't look like audio, to tell a damaged or unknown recording from a text.
"""

import codecs
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from pipeline.errors import SmeltError
from pipeline.speech import mpeg, signatures
from pipeline.states import ErrorCode, InputType

SEARCHED_BYTES = 65_536
"""How far from its start the sound of a recording may begin: behind zeros, or in the middle of a frame."""

HEAD_BYTES = SEARCHED_BYTES + 32_768
"""How many of a part's first bytes `classify` wants: behind those searched, four of the longest ADTS frames fit."""

SUPPORTED = (
    "WAV, MP3, MP2, M4A/MP4/MOV, Ogg (Opus, Vorbis), FLAC, WebM/Matroska, AAC, AC-3, AMR, AIFF, CAF, AU, Wave64 and "
    "Windows Media"
)


class MediaType(StrEnum):
    """A container that the service decodes. `pipeline/speech/audio.py` opens each with its own demuxer only."""

    WAV = "wav"
    MP3 = "mp3"  # also layer II
    MP4 = "mp4"  # also m4a, m4b, mov, 3gp
    OGG = "ogg"  # Opus, Vorbis, FLAC or Speex inside
    FLAC = "flac"
    WEBM = "webm"  # also mkv, mka
    AAC = "aac"  # ADTS frames without a container
    AC3 = "ac3"  # also E-AC-3
    AMR = "amr"  # narrow and wide band
    AIFF = "aiff"  # also AIFF-C
    CAF = "caf"
    AU = "au"
    ASF = "asf"  # Windows Media
    W64 = "w64"  # Sony Wave64


@dataclass(frozen=True, slots=True)
class Classified:
    input_type: InputType
    media_type: MediaType | None  # None for text


_MAGIC = {
    b"OggS\0": MediaType.OGG,
    b"fLaC\0": MediaType.FLAC,
    b"fLaC\x80": MediaType.FLAC,
    b"\x1a\x45\xdf\xa3": MediaType.WEBM,
    b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb": MediaType.W64,
    b"caff\x00\x01": MediaType.CAF,
    b".snd\x00": MediaType.AU,
    b"#!AMR\n": MediaType.AMR,
    b"#!AMR-WB\n": MediaType.AMR,
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": MediaType.ASF,
}
FRAMES = {
    MediaType.MP3: mpeg.mp3_frame,
    MediaType.AAC: mpeg.adts_frame,
    MediaType.AC3: mpeg.ac3_frame,
}
"""Types without a container, and what knows a frame of theirs."""

CONTAINERS = {
    MediaType.WAV: re.compile(rb"(?:RIFF|RF64|BW64)....WAVE[ -~]{4}...\0", re.DOTALL),
    MediaType.MP4: re.compile(rb"\0\0\0[\x08-\xff]ftyp[ -~]{4}"),
    MediaType.OGG: re.compile(rb"OggS\0\x02"),
    MediaType.FLAC: re.compile(rb"fLaC[\0\x80]\0\0\x22"),
    MediaType.WEBM: re.compile(rb"\x1a\x45\xdf\xa3.{1,40}\x42\x82.(?:webm|matroska)", re.DOTALL),
    MediaType.AIFF: re.compile(rb"FORM....AIF[FC]", re.DOTALL),
    MediaType.AMR: re.compile(rb"#!AMR(?:-WB)?\n"),
    MediaType.ASF: re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    MediaType.AU: re.compile(rb"\.snd\x00\x00[\x00-\x0f].....\x00\x00\x00[\x01-\x1b]\x00", re.DOTALL),
    MediaType.W64: re.compile(rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"),
    MediaType.CAF: re.compile(rb"caff\x00\x01..desc", re.DOTALL),
}
"""How a container begins, at such length that no text holds it."""

_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")  # that stand in hardly any text
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def classify(head: bytes, filename: str | None, content_type: str | None) -> Classified:
    """Tell audio from text.

    `head` is the part's first `HEAD_BYTES` bytes, or all of a shorter part. Raises SmeltError: EMPTY_INPUT
    for no bytes, UNSUPPORTED_FORMAT for what is neither text nor a supported recording. Whether a text really
    decodes is `TextDecoder`'s to say.
    """
    if not head:
        raise SmeltError(ErrorCode.EMPTY_INPUT)
    extension = _extension(filename)
    declared = (content_type or "").partition(";")[0].strip().lower()
    plain = _is_plain(head)
    media_type = None if plain else _media_type(head, extension, declared)
    if media_type is not None:
        return Classified(InputType.AUDIO, media_type)
    if signatures.is_playlist(head, extension, declared):
        raise SmeltError(
            ErrorCode.UNSUPPORTED_FORMAT, "Playlists are not supported; send the recordings themselves."
        )
    known = signatures.known_binary(head, plain=plain)
    if known is not None:
        raise SmeltError(ErrorCode.UNSUPPORTED_FORMAT, f"{known} not supported. Audio may be {SUPPORTED}.")
    media_type = _late(head)
    if media_type is not None:
        return Classified(InputType.AUDIO, media_type)
    known = signatures.unmarked(head, extension)
    if known is not None:
        raise SmeltError(ErrorCode.UNSUPPORTED_FORMAT, f"{known} not supported. Audio may be {SUPPORTED}.")
    if signatures.claims_media(extension, declared):
        raise SmeltError(
            ErrorCode.UNSUPPORTED_FORMAT,
            f"The file is named or declared as a recording, but its content is none of {SUPPORTED}.",
        )
    return Classified(InputType.TEXT, None)


def _extension(filename: str | None) -> str:
    return PurePosixPath((filename or "").replace("\\", "/")).suffix.lower().removeprefix(".")


def _is_plain(head: bytes) -> bool:
    """Whether it is UTF-8 without control characters, whatever words it begins with. Of recordings only AMR may be:
    its frames without speech are letters.
    """
    if head.startswith(b"#!AMR"):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return _CONTROLS.search(head) is None


def magic(head: bytes) -> MediaType | None:
    """The container that begins at the first byte, told by its mark."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return MediaType.WAV
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return MediaType.AIFF
    for mark, media_type in _MAGIC.items():
        if head.startswith(mark):
            return media_type
    return MediaType.MP4 if signatures.is_mp4(head) else None


def _media_type(head: bytes, extension: str, declared: str) -> MediaType | None:
    found = magic(head)
    if found is not None:
        return found
    tag_bytes = mpeg.id3_bytes(head)
    if tag_bytes:
        return _after_tag(head, tag_bytes, extension, declared)
    return _frames(head)


def _after_tag(head: bytes, tag_bytes: int, extension: str, declared: str) -> MediaType:
    """An ID3 tag mostly stands before MP3, sometimes before others; artwork may outgrow the head, and its size be
    wrong.
    """
    rest = head[tag_bytes:]
    found = magic(rest[after_zeros(rest) :]) or _frames(rest) or _late_frames(rest or head)
    if found is not None:
        return found
    if extension == "aac" or declared in ("audio/aac", "audio/aacp"):
        return MediaType.AAC
    if extension == "flac" or declared in ("audio/flac", "audio/x-flac"):
        return MediaType.FLAC
    return MediaType.MP3


def _frames(data: bytes) -> MediaType | None:
    """Two frame headers that agree, one frame apart: a single sync word turns up in any binary file."""
    if data.isascii():
        return None  # a text; AC-3's sync word has no bit above the seventh
    return next((kind for kind, frame_at in FRAMES.items() if mpeg.two_frames(data, frame_at)), None)


def _late(head: bytes) -> MediaType | None:
    """A recording that begins behind zeros, a line, an HTTP header, or whose first frame is not whole."""
    if head.startswith(_BYTE_ORDER_MARKS) or head.isascii():
        return None
    at = after_zeros(head)
    found = magic(head[at:]) if at else None
    return found or _earliest(head, [*CONTAINERS, *FRAMES])


def _late_frames(data: bytes) -> MediaType | None:
    return _earliest(data, [*FRAMES])


def _earliest(data: bytes, kinds: list[MediaType]) -> MediaType | None:
    places = {kind: at for kind in kinds if (at := find_sound(data, kind)) is not None}
    return min(places, key=places.__getitem__, default=None)


def find_sound(data: bytes, media_type: MediaType) -> int | None:
    """Where a recording of this type begins within the first `SEARCHED_BYTES`, behind whatever it may be."""
    if media_type in FRAMES:
        return mpeg.find_frames(data, FRAMES[media_type], SEARCHED_BYTES)
    pattern = CONTAINERS.get(media_type)
    matches = pattern.finditer(data, 0, SEARCHED_BYTES) if pattern is not None else ()
    return next((one.start() for one in matches if magic(data[one.start() :]) is media_type), None)


def after_zeros(head: bytes) -> int:
    """Where what follows the zeros at the start of `head` begins. The size before MP4's `ftyp` has zeros too."""
    at = len(head) - len(head.lstrip(b"\0"))
    return head.find(b"ftyp", at, at + 5) - 4 if head.find(b"ftyp", at, at + 5) >= 4 else at
