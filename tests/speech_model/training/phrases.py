"""Step 1: speak thousands of phrases and store them. `python -m tests.speech_model.training.phrases FOLDER COUNT`

Writes to FOLDER: `held_phrases.npz` and `held_voices.npz` (never trained on: new phrases, and new phrases in new
voices), and `train.npz`.
"""

import random
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from pipeline.speech.samples import RATE
from tests.speech_model.training.bank import Spoken, hours, save_bank
from tests.speech_model.training.espeak import Espeak
from tests.speech_model.training.vocab import phrase, punctuated

_ACCENTS = ["en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc", "en-029"]
_BASES = [*["en-us"] * 4, *["en"] * 3, *_ACCENTS]
_NAMED = ["Andy", "Annie", "Alex", "Lee", "linda", "adam", "steph", "Denis", "max", "rob", "belinda", "anika"]
_VARIANTS = ["", "", "", *(f"+{name}" for name in ("m1", "m2", "m3", "m4", "m5", "m7", "m8"))]
_VARIANTS += [f"+{name}" for name in ("f1", "f2", "f3", "f5", *_NAMED, "shelby")]
_SEEN_VOICES = ["en-us", "en", "en-us+f2", "en-us+m3", "en+f3", "en+m5"]
_NEW_VOICES = ["en-us+f4", "en+f4", "en-us+m6", "en+m6", "en-us+Mike", "en+Andrea", "en-us+Michael"]
_AUDIBLE = 0.01
_MARGIN = 160  # samples kept around the sound


def speak(espeak: Espeak, words: list[str], voice: str, rng: random.Random) -> Spoken | None:
    """None if espeak-ng gave no usable sound or times. Raises ValueError for a voice it doesn't have."""
    text = punctuated(words, rng)
    raw, events = espeak.say(text, voice, rng.randint(125, 200), rng.randint(30, 70), rng.randint(30, 70))
    if len(raw) < espeak.rate // 10:
        return None
    starts = _word_starts(text, events, len(raw) / espeak.rate)
    samples = _resampled(raw, espeak.rate)
    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    if starts is None or not len(loud):
        return None
    first, last = max(0, int(loud[0]) - _MARGIN), min(len(samples), int(loud[-1]) + _MARGIN)
    shifted = [max(0.0, start - first / RATE) for start in starts]
    kept = samples[first:last].astype(np.float16)
    return Spoken(kept, words, shifted, [*shifted[1:], (last - first) / RATE])


def _word_starts(text: str, events: Sequence[tuple[int, float]], end: float) -> list[float] | None:
    """espeak-ng merges some words into one event ("on the"): those are spread between their neighbours."""
    times = {position: time for position, time in reversed(events) if position > 0}
    positions, after = [], 0
    for word in text.split():
        after = text.index(word, after) + 1
        positions.append(after)
    known = [times.get(position) for position in positions] + [end]
    if known[0] is None:
        return None
    starts: list[float] = []
    for number, time in enumerate(known):
        if time is None:
            later, found = next((i, t) for i, t in enumerate(known) if i > number and t is not None)
            time = starts[-1] + (found - starts[-1]) / (later - number + 1)  # noqa: PLW2901
        starts.append(time)
    rising = all(later > earlier for earlier, later in pairwise(starts))
    return starts[:-1] if rising else None


def _resampled(samples: npt.NDArray[np.int16], rate: int) -> npt.NDArray[np.float32]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    pieces = [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(pieces).astype(np.float32) / np.float32(32_768)


def make_bank(
    path: Path, count: int, seed: int, voices: Sequence[str] | None, forbidden: set[str]
) -> set[str]:
    """Write `count` phrases to `path`; gives their texts. `voices` None: any base with any variant."""
    rng = random.Random(seed)  # noqa: S311 - training data, not secrets
    espeak = Espeak()
    bank: list[Spoken] = []
    while len(bank) < count:
        words = phrase(rng)
        if len(words) > 2 and " ".join(words) in forbidden:
            continue
        voice = rng.choice(voices) if voices else rng.choice(_BASES) + rng.choice(_VARIANTS)
        try:
            spoken = speak(espeak, words, voice, rng)
        except ValueError:
            continue  # not every base has every variant
        if spoken is not None:
            bank.append(spoken)
    save_bank(path, bank)
    print(f"{path.name}: {len(bank)} phrases, {hours(bank):.2f} hours")
    return {" ".join(one.words) for one in bank}


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    held = make_bank(folder / "held_phrases.npz", 300, 11, _SEEN_VOICES, set())
    held |= make_bank(folder / "held_voices.npz", 300, 12, _NEW_VOICES, set())
    make_bank(folder / "train.npz", count, 1, None, held)


if __name__ == "__main__":
    main()
