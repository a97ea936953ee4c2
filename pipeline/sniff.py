"""What an uploaded part is, told from its first bytes.

Content decides, not the name: a recording named `notes.txt` is a recording. The name and the declared type
are used only where the bytes don't look like audio, to tell a damaged or unknown recording from a text.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from pipeline import mpeg, signatures
from pipeline.errors import SmeltError
from pipeline.states import ErrorCode, InputType

HEAD_BYTES = 16_384
"""How many of a part's first bytes `classify` wants: two of the longest ADTS frames fit."""

SUPPORTED = "WAV, MP3, M4A/MP4/MOV, Ogg (Opus, Vorbis), FLAC, WebM/Matroska and AAC"


class MediaType(StrEnum):
    """A container that the service decodes. `pipeline/audio.py` opens each with its own demuxer only."""

    WAV = "wav"
    MP3 = "mp3"
    MP4 = "mp4"  # also m4a, m4b, mov, 3gp
    OGG = "ogg"  # Opus, Vorbis, FLAC or Speex inside
    FLAC = "flac"
    WEBM = "webm"  # also mkv, mka
    AAC = "aac"  # ADTS frames without a container


@dataclass(frozen=True, slots=True)
class Classified:
    input_type: InputType
    media_type: MediaType | None  # None for text


_MAGIC = {b"OggS": MediaType.OGG, b"fLaC": MediaType.FLAC, b"\x1a\x45\xdf\xa3": MediaType.WEBM}


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
    media_type = _media_type(head, extension, declared)
    if media_type is not None:
        return Classified(InputType.AUDIO, media_type)
    if signatures.is_playlist(head, extension, declared):
        raise SmeltError(
            ErrorCode.UNSUPPORTED_FORMAT, "Playlists are not supported; send the recordings themselves."
        )
    known = signatures.known_binary(head)
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


def _media_type(head: bytes, extension: str, declared: str) -> MediaType | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return MediaType.WAV
    if head[:4] in _MAGIC:
        return _MAGIC[head[:4]]
    if signatures.is_mp4(head):
        return MediaType.MP4
    tag_bytes = mpeg.id3_bytes(head)
    if tag_bytes:
        return _after_tag(head[tag_bytes:], extension, declared)
    return _frames(head)


def _after_tag(rest: bytes, extension: str, declared: str) -> MediaType:
    """An ID3 tag mostly stands before MP3, sometimes before AAC or FLAC; artwork may outgrow the head."""
    if rest.startswith(b"fLaC"):
        return MediaType.FLAC
    found = _frames(rest)
    if found is not None:
        return found
    if extension == "aac" or declared in ("audio/aac", "audio/aacp"):
        return MediaType.AAC
    if extension == "flac" or declared in ("audio/flac", "audio/x-flac"):
        return MediaType.FLAC
    return MediaType.MP3


def _frames(data: bytes) -> MediaType | None:
    """Two frame headers that agree, one frame apart: a single sync word turns up in any binary file."""
    if mpeg.two_frames(data, mpeg.mp3_frame):
        return MediaType.MP3
    if mpeg.two_frames(data, mpeg.adts_frame):
        return MediaType.AAC
    return None
