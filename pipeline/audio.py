"""Decoding a recording to samples, a little at a time.

`file` is anything seekable that gives bytes (an encrypted object's reader, a BytesIO); its length doesn't matter to
memory. A recording that ends before its header says it does is refused rather than cut: WAV, M4A/MP4, FLAC, MP3 with
a frame count, and WebM with a duration can tell. Ogg, ADTS and MP3 without a count have no length to compare with.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from pipeline import container, declared
from pipeline.errors import SmeltError
from pipeline.samples import RATE, Samples
from pipeline.seekable import SeekableFile
from pipeline.sniff import MediaType
from pipeline.states import ErrorCode

LEEWAY_SECONDS = 0.25
"""Encoders pad a recording; one of exactly the longest length allowed must still pass."""

_TOLERANCE_SECONDS = 1.0  # between what a header promises and what an honest file decodes to
_GAP_SECONDS = 0.5  # a longer jump in the stamps is a pause of the recorder, to be kept as silence
_STAMPED = frozenset({MediaType.MP4, MediaType.WEBM, MediaType.OGG})


@dataclass(frozen=True, slots=True)
class Probe:
    """What a recording's header says."""

    duration_seconds: float | None  # None: unknown until decoded
    certain: bool  # the duration is written in the file, not guessed from its size
    promised: bool  # a file that decodes to less has lost its end
    codec: str


def probe(file: SeekableFile, media_type: MediaType) -> Probe:
    """Read the header only. Raises SmeltError as `container.opened` does, CORRUPTED_FILE for a shortened WAV."""
    counted = _check_header(file, media_type)
    with container.opened(file, media_type) as (media, stream):
        return _probe(media, stream, media_type, counted=counted)


def decode(file: SeekableFile, media_type: MediaType, max_seconds: float) -> Iterator[Samples]:
    """Samples (see `pipeline/samples.py`) in small pieces, in order. See `Decoder.samples`."""
    return Decoder(file, media_type, max_seconds).samples()


class Decoder:
    """One recording's decoding. `duration_seconds` is the header's, if any; `skipped` counts damaged packets."""

    def __init__(self, file: SeekableFile, media_type: MediaType, max_seconds: float) -> None:
        self._file = file
        self._media_type = media_type
        self._most = int((max_seconds + LEEWAY_SECONDS) * RATE)
        self._made = 0  # samples given out
        self._packets = 0
        self.skipped = 0
        self.duration_seconds: float | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return ("Damaged parts of the recording were skipped.",) if self.skipped else ()

    def samples(self) -> Iterator[Samples]:
        """Raises SmeltError, at once or while iterating: CORRUPTED_FILE and UNSUPPORTED_FORMAT as `probe` does,
        CORRUPTED_FILE also for damage in more than a hundredth of the packets and for an end that comes too early,
        DURATION_EXCEEDED as soon as the header or the samples pass `max_seconds`, EMPTY_INPUT for no samples.
        """
        counted = _check_header(self._file, self._media_type)
        with container.opened(self._file, self._media_type) as (media, stream):
            header = _probe(media, stream, self._media_type, counted=counted)
            self.duration_seconds = header.duration_seconds
            if header.certain and (header.duration_seconds or 0.0) * RATE > self._most:
                raise SmeltError(ErrorCode.DURATION_EXCEEDED)
            for piece in self._pieces(media, stream):
                self._made += len(piece)
                if self._made > self._most:
                    raise SmeltError(ErrorCode.DURATION_EXCEEDED)
                yield piece
            self._check_end(header)

    def _pieces(self, media: InputContainer, stream: AudioStream) -> Iterator[Samples]:
        resampler = _Resampler()
        clock: float | None = None  # seconds in the recording's own stamps
        for frame in self._frames(media, stream):
            at = frame.time if self._media_type in _STAMPED else None
            if at is not None and clock is not None and at - clock > _GAP_SECONDS:
                yield from _silence(at - clock)
                clock = at
            clock = (clock if clock is not None else at or 0.0) + frame.samples / frame.sample_rate
            yield from resampler.feed(frame)
        yield from resampler.flush()

    def _frames(self, media: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        for packet in media.demux(stream):
            self._packets += 1
            try:
                yield from packet.decode()
            except av.InvalidDataError as error:
                self.skipped += 1
                if self.skipped > 2 + self._packets // 100:
                    raise SmeltError(ErrorCode.CORRUPTED_FILE) from error

    def _check_end(self, header: Probe) -> None:
        if not self._made:
            raise SmeltError(ErrorCode.CORRUPTED_FILE if self.skipped else ErrorCode.EMPTY_INPUT)
        if header.promised and self._made / RATE < (header.duration_seconds or 0.0) - _TOLERANCE_SECONDS:
            raise _cut_off()


class _Resampler:
    """FFmpeg's resampler, made anew when a stream changes its rate or layout on the way."""

    def __init__(self) -> None:
        self._format: tuple[str, str, int] | None = None
        self._engine = self._make()

    def feed(self, frame: AudioFrame) -> Iterator[Samples]:
        format_ = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._format not in (None, format_):
            yield from self.flush()
            self._engine = self._make()
        self._format = format_
        frame.pts = None  # stamps with gaps would make the resampler stretch sound; gaps are filled above
        yield from map(_samples, self._engine.resample(frame))

    def flush(self) -> Iterator[Samples]:
        # A resampler with nothing to do hands back the end mark itself
        yield from (_samples(frame) for frame in self._engine.resample(None) if frame is not None)

    @staticmethod
    def _make() -> AudioResampler:
        return AudioResampler(format="flt", layout="mono", rate=RATE)


def _samples(frame: AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray(), np.float32).reshape(-1)


def _silence(seconds: float) -> Iterator[Samples]:
    left = int(seconds * RATE)
    while left > 0:
        piece = min(left, RATE)
        yield np.zeros(piece, np.float32)
        left -= piece


def _check_header(file: SeekableFile, media_type: MediaType) -> bool:
    """Whether the header counts an MP3's frames."""
    if declared.missing_bytes(file, media_type):
        raise _cut_off()
    return media_type is MediaType.MP3 and declared.counts_frames(file)


def _probe(media: InputContainer, stream: AudioStream, media_type: MediaType, *, counted: bool) -> Probe:
    if stream.duration is not None and stream.time_base is not None:
        seconds: float | None = float(stream.duration * stream.time_base)
    else:
        seconds = media.duration / av.time_base if media.duration is not None else None
    guessed = media_type is MediaType.AAC or (media_type is MediaType.MP3 and not counted)
    # Beside a video, WebM's duration is the longer one's; Ogg's is taken from the last page that is there
    promised = counted or media_type in (MediaType.MP4, MediaType.FLAC)
    promised = promised or (media_type is MediaType.WEBM and len(media.streams) == 1)
    return Probe(seconds, not guessed, promised, stream.codec_context.name)


def _cut_off() -> SmeltError:
    return SmeltError(
        ErrorCode.CORRUPTED_FILE, "The recording is cut off: it is shorter than its header says."
    )
