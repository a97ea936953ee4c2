"""What a recording's header says of its length, and how far that is to be believed."""

from dataclasses import dataclass

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from pipeline.speech import matroska, mpeg, ogg
from pipeline.speech.part import Part
from pipeline.speech.sniff import MediaType
from pipeline.speech.window import Window

STAMPED = frozenset({MediaType.MP4, MediaType.WEBM, MediaType.OGG, MediaType.ASF, MediaType.FLAC})
"""Types whose time stamps are written in the file. FFmpeg makes up those of the others by counting."""

_XING_BYTES = 4_096
_AS_COUNTED = 1.0  # seconds more or less: encoders' delays are taken off
_GUESSED = frozenset(
    {MediaType.AAC, MediaType.AC3, MediaType.AMR}
)  # from the size and the first frames' bit rate
_PROMISED = frozenset({MediaType.MP4, MediaType.FLAC, MediaType.AIFF, MediaType.CAF, MediaType.AU})
_FEWEST_BYTES = {MediaType.MP3: 900, MediaType.FLAC: 200}  # a second, or the count is wrong
_FEWEST_BYTES_ELSE = 8  # a second; silence takes next to nothing in a modern codec
_MOST_LATE = 0.5  # of a recording, before its sound begins; more is the time before a piece that was cut out
_CERTAIN_BYTES = 500  # a second, as speech takes at the least: with fewer it is decoded to see how long it is


@dataclass(frozen=True, slots=True)
class Header:
    """Times are seconds from the recording's start."""

    duration_seconds: float | None  # None: unknown until decoded
    certain: bool  # the duration is written in the file, not guessed from its size, and the bytes are enough for it
    promised: bool  # a file that decodes to less has lost something
    codec: str
    origin: float | None  # the time stamp at the recording's start
    end: float | None  # of the audio, as promised; None as for the duration
    sound_at: int | None  # bytes before the first sound; None if that isn't known


def read_header(
    media: InputContainer, stream: AudioStream, media_type: MediaType, part: Part, window: Window
) -> Header:
    """Decodes nothing. A duration that the part's bytes can't hold counts as unknown."""
    seconds = None if part.resumes else _seconds(media, stream)
    counted = media_type is MediaType.MP3 and seconds is not None and _is_counted(window, seconds)
    if (
        seconds is not None
        and not 0 < seconds * _FEWEST_BYTES.get(media_type, _FEWEST_BYTES_ELSE) <= window.size
    ):
        seconds = None
    sound_at, begins = _first_sound(media_type, window)
    if seconds is not None and begins < _MOST_LATE * seconds:
        begins = 0.0
    origin = _origin(media, media_type, part, begins)
    # Beside a video, WebM's duration is the longer one's, and some count it from zero wherever it begins, as ASF's is;
    # Ogg's is taken from the last page that is there
    promised = counted or media_type in _PROMISED
    promised = promised or (media_type is MediaType.WEBM and len(media.streams) == 1 and not begins)
    certain = (seconds or 0.0) * _CERTAIN_BYTES <= window.size
    certain = certain and media_type not in _GUESSED and (media_type is not MediaType.MP3 or counted)
    # A track's own duration begins where the track does; the whole container's, at its beginning
    late = _start(stream) - origin if origin is not None and stream.duration is not None else 0.0
    end = None if seconds is None else seconds + max(0.0, late)
    return Header(seconds, certain, promised, stream.codec_context.name, origin, end, sound_at)


def _is_counted(window: Window, seconds: float) -> bool:
    """Whether an MP3's duration is by its count of frames; where more than those is there, FFmpeg guesses again."""
    at = window.tell()
    window.seek(0)
    counted = mpeg.xing_seconds(window.read(_XING_BYTES))
    window.seek(at)
    return counted is not None and abs(counted - seconds) < _AS_COUNTED


def _seconds(media: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return media.duration / av.time_base if media.duration is not None else None


def _start(stream: AudioStream) -> float:
    if stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def _first_sound(media_type: MediaType, window: Window) -> tuple[int | None, float]:
    """Where the first sound is to be found, in bytes, and of WebM when the cluster that holds it begins, in seconds."""
    at = window.tell()
    try:
        if media_type is MediaType.WEBM:
            return matroska.first_cluster(window, window.size) or (0, 0.0)
        return (ogg.behind_headers(window, 0) if media_type is MediaType.OGG else None), 0.0
    finally:
        window.seek(at)


def _origin(media: InputContainer, media_type: MediaType, part: Part, begins: float) -> float | None:
    """Zero, or where the picture begins; a piece cut out of a broadcast begins at any time. `begins`: of WebM."""
    if media_type not in STAMPED or part.continues:
        return None
    if media_type is MediaType.WEBM:
        return begins
    if part.from_zero:
        return 0.0
    if media_type is MediaType.FLAC or media.start_time is None:
        return None
    return media.start_time / av.time_base
