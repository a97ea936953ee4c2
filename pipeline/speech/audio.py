"""Decoding a recording to samples, a little at a time.

`file` is anything seekable that gives bytes (an encrypted object's reader, a BytesIO); its length doesn't matter to
memory. What can be decoded is heard. What is missing, damaged or wrong on the way is told, with its times, and only a
recording that gives no sound at all is refused.
"""

from collections.abc import Iterator

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from pipeline.errors import SmeltError, WorkError
from pipeline.speech import container, tracks
from pipeline.speech.caveats import Caveats
from pipeline.speech.frames import Place, frames
from pipeline.speech.header import STAMPED, Header, read_header
from pipeline.speech.holes import TOLERANCE_SECONDS, Holes
from pipeline.speech.losses import Losses
from pipeline.speech.part import Part
from pipeline.speech.parts import MOST_PARTS, parts
from pipeline.speech.resampling import Resampler
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.seekable import SeekableFile
from pipeline.speech.slips import Slips
from pipeline.speech.sniff import MediaType
from pipeline.speech.timeline import Timeline
from pipeline.speech.window import size_of
from pipeline.states import ErrorCode

LEEWAY_SECONDS = 0.25
"""Encoders pad a recording; one of exactly the longest length allowed must still pass."""

_NONSENSE = 1_000.0  # times what is there: a header that promises more is wrong, and the recording whole
_UNUSABLE = (ErrorCode.CORRUPTED_FILE, ErrorCode.NO_AUDIO, ErrorCode.UNSUPPORTED_CODEC)


def probe(file: SeekableFile, media_type: MediaType) -> Header:
    """The first recording's header, with nothing decoded. Raises SmeltError as `container.opened` does."""
    part = next(parts(file, media_type))
    window = part.opened(file)
    with container.opened(window, media_type) as (media, stream):
        return read_header(media, stream, media_type, part, window)


def decode(file: SeekableFile, media_type: MediaType, max_seconds: float) -> Iterator[Samples]:
    """Samples (see `pipeline/speech/samples.py`) in small pieces, in order. See `Decoder.samples`."""
    return Decoder(file, media_type, max_seconds).samples()


class Decoder:
    """One file's decoding. `duration_seconds` is what its header says, if anything; `skipped` counts lost packets.

    `channel`: the only one that is heard, counted from 0; None: all of them mixed. `channels`: the most there were yet.
    """

    def __init__(
        self, file: SeekableFile, media_type: MediaType, max_seconds: float, channel: int | None = None
    ) -> None:
        self._file = file
        self._media_type = media_type
        self._channel = channel
        self.channels = 0
        self._most = int((max_seconds + LEEWAY_SECONDS) * RATE)
        self._made = 0  # samples given out
        self._origin = 0.0  # the time stamp at the first part's start
        self._caveats = Caveats()
        self.skipped = 0
        self.duration_seconds: float | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Complete once all samples have been given."""
        return self._caveats.texts

    def samples(self) -> Iterator[Samples]:
        """Raises SmeltError, at once or while iterating: DURATION_EXCEEDED as soon as the header or the samples pass
        `max_seconds`, as `probe` does where nothing could be heard, EMPTY_INPUT for no samples. What reading the file
        raises passes through.
        """
        refusal: SmeltError | None = None
        cut = False
        for number, part in enumerate(parts(self._file, self._media_type)):
            if number == MOST_PARTS:
                self._caveats.too_many_parts()
                break
            cut = cut or bool(part.tail)
            if part.resumes:
                self._caveats.damaged(self._made / RATE, self._made / RATE)
            try:
                yield from self._heard(part)
            except SmeltError as error:
                if isinstance(error, WorkError) or error.code not in _UNUSABLE:
                    raise
                refusal = refusal or error
                self._caveats.unreadable(self._made / RATE)
            if part.breaks_off:
                self._caveats.broken_off(self._made / RATE)
        if not self._made and cut:
            raise SmeltError(ErrorCode.CORRUPTED_FILE)
        if not self._made:
            raise refusal or SmeltError(ErrorCode.CORRUPTED_FILE if self.skipped else ErrorCode.EMPTY_INPUT)

    def _heard(self, part: Part) -> Iterator[Samples]:
        for piece in self._pieces(part):
            self._made += len(piece)
            if self._made > self._most:
                raise SmeltError(ErrorCode.DURATION_EXCEEDED)
            if len(piece):
                yield piece

    def _pieces(self, part: Part) -> Iterator[Samples]:
        """Of one part; what has been decoded is given also where the part can't be read on."""
        window = part.opened(self._file)
        resampler = Resampler(self._channel)
        try:
            with tracks.opened(window, self._media_type) as (media, stream, track):
                if track is not None:
                    self._caveats.track(track.number, track.count)
                header = read_header(media, stream, self._media_type, part, window)
                self._check_length(header, part)
                yield from self._timed(media, stream, header, part, resampler)
        except SmeltError as error:
            if error.code is ErrorCode.CORRUPTED_FILE:
                with container.translated():
                    yield from resampler.flush()
            raise

    def _timed(
        self, media: InputContainer, stream: AudioStream, header: Header, part: Part, resampler: Resampler
    ) -> Iterator[Samples]:
        base = self._made / RATE
        most = self._most / RATE
        if not part.continues:
            self._origin = header.origin or 0.0
        timeline = Timeline(
            self._origin + base if part.resumes else header.origin,
            min(most, header.end) if header.end is not None else most,
        )
        lost = 0.0  # seconds since the last frame
        place, holes = Place(), Holes(self._media_type, header, len(media.streams))

        def lose(seconds: float) -> None:
            nonlocal lost
            self.skipped += 1
            if header.promised and header.end is not None:  # what is behind that is nothing of it
                seconds = min(seconds, max(0.0, header.end - timeline.seconds - lost))
            lost += seconds
            timeline.lose(seconds)

        losses = Losses(self._media_type, part.opened(self._file), lose)
        slips = Slips(stream.codec_context.name, lambda: self._caveats.slip(base + timeline.seconds))

        def tell_lost(least: float) -> None:
            nonlocal lost
            if lost > least:
                self._caveats.damaged(base + timeline.seconds, base + timeline.seconds + lost)
            lost = 0.0

        try:
            for frame in frames(media, stream, place, losses):
                tell_lost(TOLERANCE_SECONDS if not timeline.seconds else 0.0)
                holes.begin(timeline, frame.time or 0.0, place)
                gap = timeline.gap(frame.time if self._media_type in STAMPED else None)
                if gap is None:
                    self._caveats.jump(base + timeline.seconds)
                elif gap > 0:
                    if holes.is_one(gap, place, timeline.seconds - gap):
                        self._caveats.damaged(base + timeline.seconds - gap, base + timeline.seconds)
                    yield from resampler.flush()
                    yield from _silence(gap)
                mended = slips.mended(frame)
                timeline.hear(mended.samples / mended.sample_rate)
                self.channels = max(self.channels, mended.layout.nb_channels)
                yield from resampler.feed(mended)
        finally:
            tell_lost(TOLERANCE_SECONDS)  # half a frame at an end is nothing that anybody misses
            self._tell_missing(header, part, base, timeline.seconds)
        yield from resampler.flush()

    def _check_length(self, header: Header, part: Part) -> None:
        """How long the whole file is, if its parts are alike."""
        seconds = header.end
        if self._made or seconds is None:
            return
        if header.certain and seconds * RATE > self._most:
            raise SmeltError(ErrorCode.DURATION_EXCEEDED)
        size = max(1, part.end - part.start)
        self.duration_seconds = seconds * (1 + (size_of(self._file) - part.end) / size)

    def _tell_missing(self, header: Header, part: Part, base: float, heard: float) -> None:
        promised = header.end if header.promised and header.end is not None else heard
        if part.missing_share < _NONSENSE:
            promised = max(promised, heard * (1 + part.missing_share))
        if promised - heard > TOLERANCE_SECONDS:
            self._caveats.missing(base + heard, base + promised)


def _silence(seconds: float) -> Iterator[Samples]:
    left = int(seconds * RATE)
    while left > 0:
        piece = min(left, RATE)
        yield np.zeros(piece, np.float32)
        left -= piece
