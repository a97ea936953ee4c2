"""How many words are heard wrong of recordings that are made worse, against bare faster-whisper: quieter, in noise, in
a telephone's band. Not in `make bench`: `SPEECH=folder python -m tests.benchmarks.made_worse`, with another `SEED` in
other noise.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean

import numpy as np
from faster_whisper import decode_audio  # type: ignore[import-untyped]

from deploy.evaluate.recordings import find_recordings
from deploy.evaluate.references import read_reference
from deploy.evaluate.scoring import score
from pipeline.errors import SmeltError
from pipeline.speech.blocks import cut
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.states import ErrorCode
from tests.benchmarks.speech_bare import Bare
from tests.benchmarks.speech_recordings import Clip, Recording, wav_of
from tests.recordings.samples import by_telephone
from tests.support.decoding import heard
from tests.support.heard import segments_of

SEED = int(os.environ.get("SEED", "7"))  # of the noise
RUNS = 3  # of bare faster-whisper, which draws lots
LANGUAGE = "en"

Worse = Callable[[Samples], Samples]


def quieter(decibels: float) -> Worse:
    return lambda samples: samples * np.float32(10 ** (-decibels / 20))


def in_noise(decibels: float, slope: float) -> Worse:
    """`decibels`: of the speech above the noise, in the mean. `slope`: 0 is white, 1 pink, whose power falls as the
    frequency rises.
    """

    def worse(samples: Samples) -> Samples:
        noise = np.random.default_rng(SEED).standard_normal(len(samples))
        spectrum = np.fft.rfft(noise)
        spectrum /= np.maximum(1.0, np.arange(len(spectrum))) ** (slope / 2)
        noise = np.fft.irfft(spectrum, len(samples))
        wanted = np.sqrt(np.mean(samples**2)) / 10 ** (decibels / 20)
        scaled: Samples = (noise * (wanted / np.sqrt(np.mean(noise**2)))).astype(np.float32)
        return samples + scaled

    return worse


WAYS: dict[str, Worse] = {
    "as it is": lambda samples: samples,
    "30 dB quieter": quieter(30),
    "50 dB quieter": quieter(50),
    **{f"white noise, {level} dB": in_noise(level, 0.0) for level in (20, 10, 5)},
    **{f"pink noise, {level} dB": in_noise(level, 1.0) for level in (20, 10, 5)},
    "telephone band": by_telephone,
    "telephone band, 30 dB quieter": lambda samples: quieter(30)(by_telephone(samples)),
    "telephone band, 50 dB quieter": lambda samples: quieter(50)(by_telephone(samples)),
    "telephone band, pink noise, 10 dB": lambda samples: by_telephone(in_noise(10, 1.0)(samples)),
}


def measure() -> None:
    settings = SpeechEngineSettings(os.environ.get("SMELT_WHISPER_MODEL", "tiny.en"))
    bare, recognizer = Bare(settings), WhisperRecognizer.load(settings)
    originals = list(_originals())
    ours: list[int] = []
    theirs: list[list[int]] = []  # of each run
    for way, worse in WAYS.items():
        first, told = len(ours), []
        for name, samples, said in originals:
            recording = wav_of(name, Clip(worse(samples), said))
            ours.append(score(said, _heard(recognizer, recording), LANGUAGE).word_errors)
            heard_bare = [bare.one_by_one([recording])[0] for _ in range(RUNS)]
            theirs.append([score(said, text, LANGUAGE).word_errors for text in heard_bare])
            if ours[-1] > fmean(theirs[-1]):
                told.append(f"{name} {ours[-1]} against {', '.join(map(str, theirs[-1]))}")
        of_bare = sum(map(fmean, theirs[first:]))
        print(f"{way}: {sum(ours[first:])} words wrong, bare {of_bare:.1f}", *told, sep="; ", flush=True)
    words = sum(score(said, "", LANGUAGE).words for _, _, said in originals)
    print(f"all: {sum(ours)} words wrong of {len(WAYS) * words}, bare {sum(map(fmean, theirs)):.1f}")
    print(f"{len(ours)} recordings; more wrong than bare in the mean: {_worse(ours, theirs)}")
    others = [
        _worse([runs[n] for runs in theirs], [_without(runs, n) for runs in theirs]) for n in range(RUNS)
    ]
    print(f"the same of a run of bare against its other {RUNS - 1}: {', '.join(map(str, others))}")


def _worse(wrong: list[int], theirs: list[list[int]]) -> int:
    return sum(mine > fmean(runs) for mine, runs in zip(wrong, theirs, strict=True))


def _without(runs: list[int], number: int) -> list[int]:
    return runs[:number] + runs[number + 1 :]


def _originals() -> Iterator[tuple[str, Samples, str]]:
    for found in find_recordings(Path(os.environ["SPEECH"]).expanduser()):
        if found.reference is not None and found.reference.suffix == ".txt":
            yield (
                found.path.name,
                decode_audio(str(found.path), sampling_rate=RATE),
                read_reference(found.reference).text,
            )


def _heard(recognizer: WhisperRecognizer, recording: Recording) -> str:
    samples, _ = heard(recording.audio)
    segments = segments_of(Recognition(recognizer, Hints(language=LANGUAGE)), cut([samples]))
    try:
        return " ".join(segment.text for segment in segments)
    except SmeltError as error:
        if error.code is not ErrorCode.NO_SPEECH:
            raise
        return ""  # each of its words counts as wrong


if __name__ == "__main__":
    measure()
