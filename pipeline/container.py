"""Opening a recording's container, and nothing but that recording.

FFmpeg would open playlists, references and URLs that an uploaded file names, and offers old decoders by the hundred.
Here the demuxer is fixed by the sniffed type, every further open is refused, and only audio decoders on the list run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from pipeline.errors import SmeltError
from pipeline.seekable import SeekableFile
from pipeline.sniff import MediaType
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
}
_PCM = [f"pcm_{kind}{bits}{order}" for kind in "sf" for bits in (16, 24, 32, 64) for order in ("le", "be")]
_ADPCM = ("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt")
_PHONE = ("amrnb", "amrwb", "gsm_ms", "speex", "pcm_alaw", "pcm_mulaw")
_USUAL = ("aac", "alac", "mp2", "mp2float", "mp3", "mp3float", "flac", "opus", "vorbis", "ac3", "eac3")
DECODERS = frozenset([*_USUAL, *_PHONE, *_ADPCM, "pcm_u8", "pcm_s8", *_PCM])
_BUFFER_BYTES = 256 * 1024


@contextmanager
def opened(file: SeekableFile, media_type: MediaType) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The container and its first audio stream; other streams (pictures, video) are skipped undecoded.

    `file` needs read, seek and tell. Raises SmeltError: CORRUPTED_FILE when the container can't be read or has no
    audio stream (a video without sound counts as one: its type is supported, its content can't be used),
    UNSUPPORTED_FORMAT when the audio is in a codec that is not on the list. What reading `file` raises passes through.
    """
    file.seek(0)
    with translated(), _open(file, media_type) as container:
        streams = container.streams.audio
        if not streams:
            raise SmeltError(ErrorCode.CORRUPTED_FILE, "The recording has no audio in it.")
        stream = streams[0]
        if stream.codec_context is None or stream.codec_context.name not in DECODERS:
            raise SmeltError(ErrorCode.UNSUPPORTED_FORMAT, "The recording's audio codec is not supported.")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        yield container, stream


def _open(file: SeekableFile, media_type: MediaType) -> InputContainer:
    demuxer = _DEMUXERS[media_type]
    options = {
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
