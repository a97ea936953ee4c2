"""Opening a recording's container, and nothing but that recording.

FFmpeg would open playlists, references and URLs that an uploaded file names, and offers old decoders by the hundred.
Here the demuxer is fixed by the sniffed type, every further open is refused, and only audio decoders on the list run.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from pipeline.errors import SmeltError
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.sniff import MediaType
from pipeline.states import ErrorCode

# FFmpeg's names of the demuxers, in full as its whitelist compares them
_DEMUXERS = {
    MediaType.WAV: "wav",
    MediaType.MP3: "mp3",
    MediaType.MP4: "mov,mp4,m4a,3gp,3g2,mj2",
    MediaType.OGG: "ogg",
    MediaType.FLAC: "flac",
    MediaType.WEBM: "matroska,webm",
    MediaType.AAC: "aac",
    MediaType.AC3: "ac3",
    MediaType.AMR: "amr",
    MediaType.AIFF: "aiff",
    MediaType.CAF: "caf",
    MediaType.AU: "au",
    MediaType.ASF: "asf",
    MediaType.W64: "w64",
}
_OPTIONS = {MediaType.AAC: {"fflags": "noparse"}}
"""Unparsed, each packet of ADTS is a frame all the same, and tells where it is; the parser counts without the gaps."""

_PCM = [f"pcm_{kind}{bits}{order}" for kind in "sf" for bits in (16, 24, 32, 64) for order in ("le", "be")]
_ADPCM = ("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt")
_PHONE = ("amrnb", "amrwb", "gsm_ms", "speex", "pcm_alaw", "pcm_mulaw")
_USUAL = ("aac", "alac", "mp2", "mp2float", "mp3", "mp3float", "flac", "opus", "vorbis", "ac3", "eac3")
_WINDOWS = ("wmav1", "wmav2", "wmapro", "wmavoice", "wmalossless")
DECODERS = frozenset([*_USUAL, *_PHONE, *_ADPCM, *_WINDOWS, "pcm_u8", "pcm_s8", *_PCM])
_BUFFER_BYTES = 256 * 1024
_LEAST_EDITED = 0.1  # seconds that an edit list leaves; one that leaves less is wrong


@contextmanager
def opened(
    file: SeekableFile, media_type: MediaType, track: int | None = None
) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The container and an audio stream: the one whose index is `track`, or the one that is meant to be heard. Other
    streams (pictures, video) are skipped undecoded.

    `file` needs read, seek and tell. Raises SmeltError: CORRUPTED_FILE when the container can't be read, NO_AUDIO when
    it has no audio stream, UNSUPPORTED_CODEC when none is in a codec on the list. What reading `file` raises passes
    through.
    """
    file.seek(0)
    with translated(), _open(file, media_type) as container:
        streams = decodable(container)
        stream = streams[0] if track is None else next(one for one in streams if one.index == track)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        yield container, stream


def decodable(container: InputContainer) -> list[AudioStream]:
    """Its audio streams that can be decoded; first what it says is the default. Raises SmeltError as `opened` does."""
    streams = container.streams.audio
    if not streams:
        raise SmeltError(ErrorCode.NO_AUDIO if len(container.streams) else ErrorCode.CORRUPTED_FILE)
    known = [stream for stream in streams if _is_known(stream)]
    if not known:
        raise SmeltError(ErrorCode.UNSUPPORTED_CODEC, _unsupported(streams))
    return sorted(known, key=lambda stream: not stream.disposition & Disposition.default)


def _unsupported(streams: Iterable[AudioStream]) -> str | None:
    """With the names by which people know the codecs; None where FFmpeg has none for any of them."""
    contexts = [stream.codec_context for stream in streams]
    names = dict.fromkeys(context.codec.long_name for context in contexts if context is not None)
    return f"The recording's audio is in {' and '.join(names)}, which is not supported." if names else None


def _is_known(stream: AudioStream) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in DECODERS


def _open(file: SeekableFile, media_type: MediaType) -> InputContainer:
    container = _demuxed(file, media_type, {})
    audio = container.streams.audio
    if media_type is not MediaType.MP4 or not audio or not all(map(_is_edited_away, audio)):
        return container
    container.close()
    file.seek(0)
    return _demuxed(file, media_type, {"ignore_editlist": "1"})


def _is_edited_away(stream: AudioStream) -> bool:
    """Whether there are samples of which next to none is to be heard."""
    if stream.duration is None or stream.time_base is None:
        return False
    return stream.frames > 0 and stream.duration * stream.time_base < _LEAST_EDITED


def _demuxed(file: SeekableFile, media_type: MediaType, more: dict[str, str]) -> InputContainer:
    demuxer = _DEMUXERS[media_type]
    options = {
        **_OPTIONS.get(media_type, {}),
        **more,
        "format_whitelist": demuxer,
        "codec_whitelist": ",".join(sorted(DECODERS)),
        "protocol_whitelist": "none",  # the name of no protocol; an empty list would mean all
    }
    return av.open(
        file,
        "r",
        format=demuxer.partition(",")[0],
        options=options,
        metadata_errors="ignore",
        buffer_size=_BUFFER_BYTES,
        io_open=_refuse,
    )


class _OtherFile(Exception):
    """The recording names another file or a URL, and FFmpeg was about to open it."""


def _refuse(*_: object) -> NoReturn:
    raise _OtherFile


@contextmanager
def translated() -> Iterator[None]:
    """FFmpeg's errors become CORRUPTED_FILE. Their messages are left out: they can quote the content."""
    try:
        yield
    except (av.FFmpegError, _OtherFile) as error:
        raise SmeltError(ErrorCode.CORRUPTED_FILE) from error
