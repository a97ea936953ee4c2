"""Recordings made at test time: headers by hand, the rest by PyAV's encoders."""

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition

from pipeline.speech.samples import RATE

Floats = npt.NDArray[np.float32]
TELEPHONE_HERTZ = (300.0, 3_400.0)


def by_telephone(samples: Floats) -> Floats:
    """What a telephone line leaves of them."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hertz < TELEPHONE_HERTZ[0]) | (hertz > TELEPHONE_HERTZ[1])] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def wav(
    channels: Floats,
    rate: int = RATE,
    *,
    declared: Callable[[int], int] = lambda size: size,
    floats: bool = False,
    riff_size: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """`channels` has a row for each; one-dimensional: mono. `declared` makes the header's size of the true one."""
    channels = np.atleast_2d(channels)
    bits = 32 if floats else 16
    raw = channels.T.astype("<f4") if floats else (np.clip(channels.T, -1, 1) * 32_767).astype("<i2")
    data = raw.tobytes()
    align = len(channels) * bits // 8
    format_ = struct.pack("<HHIIHH", 3 if floats else 1, len(channels), rate, rate * align, align, bits)
    size = 36 + len(data) if riff_size is None else riff_size
    head = b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", 16) + format_ + before
    return head + b"data" + struct.pack("<I", declared(len(data))) + data + after


@dataclass(frozen=True, slots=True)
class Sound:
    """A track of `muxed`, of 16 kHz mono samples."""

    samples: Floats
    codec: str = "aac"
    start: float = 0.0  # seconds after the container's own
    default: bool = True


def encoded(container: str, codec: str, samples: Floats, rate: int = RATE, bit_rate: int = 32_000) -> bytes:
    return muxed(container, [Sound(samples, codec)], rate=rate, bit_rate=bit_rate)


def muxed(
    container: str,
    sounds: Sequence[Sound],
    *,
    rate: int = RATE,
    bit_rate: int = 32_000,
    video_seconds: float = 0.0,
    options: dict[str, str] | None = None,
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options or {}) as output:
        waiting = list(_pictures(output, video_seconds)) if video_seconds else []
        for sound in sounds:
            stream = output.add_stream(sound.codec, rate=rate, layout="mono")
            assert isinstance(stream, AudioStream)
            stream.codec_context.bit_rate = bit_rate
            stream.disposition = Disposition.default if sound.default else Disposition(0)
            stream.codec_context.open()
            waiting += [(stream, frame) for frame in _frames(stream, sound, rate)]
        for stream, frame in sorted(waiting, key=lambda one: float(one[1].pts * one[1].time_base)):
            output.mux(stream.encode(frame))
        for ended in dict.fromkeys(stream for stream, _ in waiting):
            output.mux(ended.encode(None))
    return file.getvalue()


def _frames(stream: AudioStream, sound: Sound, rate: int) -> list[AudioFrame]:
    whole = AudioFrame.from_ndarray(sound.samples.astype(np.float32).reshape(1, -1), "flt", "mono")
    whole.sample_rate = RATE
    context = stream.codec_context
    engine = AudioResampler(context.format.name, "mono", rate, context.frame_size or 1_024)
    at, frames = int(sound.start * rate), []
    for frame in [*engine.resample(whole), *engine.resample(None)]:
        if frame is not None:
            frame.pts, frame.time_base = at, Fraction(1, rate)
            at += frame.samples
            frames.append(frame)
    return frames


def _pictures(output: OutputContainer, seconds: float):  # type: ignore[no-untyped-def]
    stream = output.add_stream("mpeg4", rate=5)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    for number in range(int(seconds * 5)):
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 5)
        yield stream, frame
