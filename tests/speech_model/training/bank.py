"""Spoken phrases and the file that keeps them: plain arrays, which can be loaded without running anything."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.speech.samples import RATE


@dataclass(frozen=True, slots=True)
class Spoken:
    """One phrase: 16 kHz samples without silence around them, and its words with their times in seconds."""

    samples: npt.NDArray[np.float16]
    words: list[str]
    starts: list[float]
    ends: list[float]


def save_bank(path: Path, bank: Sequence[Spoken]) -> None:
    texts = json.dumps([[spoken.words, spoken.starts, spoken.ends] for spoken in bank])
    np.savez(
        path,
        samples=np.concatenate([spoken.samples for spoken in bank]),
        lengths=np.array([len(spoken.samples) for spoken in bank]),
        texts=np.frombuffer(texts.encode(), np.uint8),
    )


def load_bank(path: Path) -> list[Spoken]:
    with np.load(path) as stored:
        pieces = np.split(stored["samples"], np.cumsum(stored["lengths"])[:-1])
        texts = json.loads(stored["texts"].tobytes())
    return [Spoken(piece, *text) for piece, text in zip(pieces, texts, strict=True)]


def hours(bank: Sequence[Spoken]) -> float:
    return sum(len(spoken.samples) for spoken in bank) / RATE / 3_600
