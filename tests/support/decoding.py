"""Decoding in tests."""

import io

import numpy as np

from pipeline.speech.audio import Decoder
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.sniff import HEAD_BYTES, MediaType, classify
from tests.recordings import recording

LONG = 3_600.0
_LOUD = 0.02


def type_of(data: bytes) -> MediaType:
    media_type = classify(data[:HEAD_BYTES], None, None).media_type
    assert media_type is not None
    return media_type


def heard(data: bytes, max_seconds: float = LONG) -> tuple[Samples, tuple[str, ...]]:
    """All samples, and what is told about them. The type is sniffed."""
    decoder = Decoder(io.BytesIO(data), type_of(data), max_seconds)
    samples = np.concatenate(list(decoder.samples()))
    return samples, decoder.warnings


def seconds_of(samples: Samples) -> float:
    return len(samples) / RATE


def speech() -> Samples:
    """9.6 seconds; the first word begins at 0.6 seconds."""
    return heard(recording("speech.wav"))[0]


def level(samples: Samples) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(samples))))


def begin(samples: Samples) -> float:
    """Seconds until the first word."""
    return int(np.argmax(np.abs(samples) > _LOUD)) / RATE
