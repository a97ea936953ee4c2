"""Step 4: how many words a converted model gets wrong. `python -m tests.speech_model.training.check MODEL FOLDER`

FOLDER holds the phrases that were held back; each is heard alone, through the service's own recognizer.
"""

import sys
from pathlib import Path

import jiwer
import numpy as np

from pipeline.speech.blocks import Block
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints
from pipeline.speech.samples import RATE
from tests.speech_model.training.bank import load_bank


def main() -> None:
    model, folder = sys.argv[1], Path(sys.argv[2])
    recognizer = WhisperRecognizer.load(SpeechEngineSettings(model, device="cpu", compute_type="int8"))
    for name in ("held_phrases.npz", "held_voices.npz"):
        references, heard = [], []
        for spoken in load_bank(folder / name):
            padded = np.pad(spoken.samples.astype(np.float32), RATE // 2)
            passages = recognizer.begin(Hints("en")).hear(Block(0.0, padded), lambda _: None)
            segments = [segment for passage in passages for segment in passage.segments]
            references.append(" ".join(spoken.words))
            heard.append(" ".join(segment.text for segment in segments))
        print(f"{name}: {jiwer.wer(references, heard):.1%} of the words are wrong")


if __name__ == "__main__":
    main()
