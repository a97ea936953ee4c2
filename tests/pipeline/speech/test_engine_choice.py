"""What a speech engine runs on where the settings leave it open."""

from typing import Any

import ctranslate2  # type: ignore[import-untyped]
import pytest

from pipeline.speech import engine_choice
from pipeline.speech.engine_choice import choose_engine
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings

GIB = 1024**3
OPEN = SpeechEngineSettings("base")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine of eight cores with these GPUs; what loads their libraries does nothing."""

    def make(gpus: int, memory: int | None = None, types: tuple[str, ...] = ("int8", "float32")) -> None:
        monkeypatch.setattr(engine_choice, "_gpus", lambda: gpus)
        monkeypatch.setattr(engine_choice, "_gpu_bytes", lambda: memory)
        monkeypatch.setattr(engine_choice, "preload", lambda: None)
        monkeypatch.setattr(engine_choice, "cores", lambda: 8)
        monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda _: set(types))

    return make


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ((0, None, ("int8", "float32")), ("cpu", "int8", 8, 1)),
        ((0, None, ("float32",)), ("cpu", "default", 8, 1)),
        ((1, 24 * GIB, ("int8",)), ("cuda", "float16", 16, 16)),
        ((1, 4 * GIB, ("int8",)), ("cuda", "int8_float16", 16, 16)),
        ((1, None, ("int8",)), ("cuda", "float16", 16, 16)),
    ],
)
def test_what_is_left_open_is_chosen_by_the_device(
    machine: Any, there: tuple[int, int | None, tuple[str, ...]], chosen: tuple[str, str, int, int]
) -> None:
    machine(*there)
    device, compute_type, batch_size, lanes = chosen
    choice = choose_engine(OPEN)
    assert choice.engine == SpeechEngineSettings("base", device, compute_type, 8, batch_size, lanes)
    assert set(choice.reasons) == {"device", "compute_type", "threads", "batch_size", "lanes"}
    told = f"{compute_type} on {device}, 8 CPU threads, batches of {batch_size}, recordings at once: {lanes}"
    assert str(choice) == told


def test_what_is_set_stays(machine: Any) -> None:
    machine(1, 24 * GIB)
    asked = SpeechEngineSettings("base", "cpu", "float32", 3, 5, 2)
    assert choose_engine(asked).engine == asked
    assert choose_engine(asked).reasons == {}


def test_cuda_that_is_not_there_says_what_to_install(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(0)
    with pytest.raises(ModelUnavailable, match=r"smelt\[cuda\]"):
        choose_engine(SpeechEngineSettings("base", "cuda"))
    machine(1)

    def lacking() -> None:
        raise OSError("libcublas.so.12: cannot open shared object file")

    monkeypatch.setattr(engine_choice, "preload", lacking)
    with pytest.raises(ModelUnavailable, match=r"smelt\[cuda\].*libcublas"):
        choose_engine(OPEN)


def test_this_machine_can_run_what_is_chosen() -> None:
    engine = choose_engine(OPEN).engine
    assert engine.compute_type in ctranslate2.get_supported_compute_types(engine.device)
