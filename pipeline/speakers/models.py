"""Where the two networks lie that tell speakers apart, and whether this machine can.

The one finds where somebody speaks, and who of up to three, in ten seconds of a recording (pyannote's segmentation
3.0); the other, how a voice sounds (CAM++). `smelt speaker-models` makes both; sherpa-onnx publishes such as well.
"""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SEGMENTATION, EMBEDDING = "segmentation.onnx", "embedding.onnx"
DEFAULT_FOLDER = Path(sys.prefix, "share", "smelt", "speakers")
HOW_TO_GET_THEM = (
    "Speakers can't be told apart here. Whoever runs the service can change that: `pip install 'smelt[speakers]'`, "
    "and then `smelt speaker-models`. With `channels=separate` the channels of a recording are told apart without it."
)

_ENGINE = "sherpa_onnx"


class SpeakersUnavailable(Exception):
    """The message says what to install, or which setting to change."""


@dataclass(frozen=True, slots=True)
class SpeakerModels:
    segmentation: Path
    embedding: Path


def can_tell_speakers(folder: Path | None) -> bool:
    """Whether the engine is installed, and its models are there. `folder`: as of `find_models`."""
    try:
        find_models(folder)
    except SpeakersUnavailable:
        return False
    return True


def may_be_asked_for(folder: Path | None) -> bool:
    """Whether a service with this setting takes smelts whose speakers are to be told apart.

    Where the setting is made that is the workers' matter, which may be on other machines, and don't start without them.
    """
    return folder is not None or can_tell_speakers(None)


def find_models(folder: Path | None) -> SpeakerModels:
    """`folder`: the setting; None: where `smelt speaker-models` puts them. Raises SpeakersUnavailable."""
    if find_spec(_ENGINE) is None:
        raise SpeakersUnavailable(
            "What tells speakers apart isn't installed: `pip install 'smelt[speakers]'`."
        )
    place = (folder or DEFAULT_FOLDER).absolute()
    models = SpeakerModels(place / SEGMENTATION, place / EMBEDDING)
    missing = [path.name for path in (models.segmentation, models.embedding) if not path.is_file()]
    if missing:
        raise SpeakersUnavailable(
            f"{place} lacks {' and '.join(missing)}: `smelt speaker-models` puts them there; "
            "SMELT_SPEAKER_MODELS names another folder."
        )
    return models
