"""How the speech model runs where nobody has said it: by the device that is there, its memory and its cores.

Measured on two cores with tiny.en: int8 is half as fast again as float32, which a model of float16 otherwise falls back
to on a CPU, at equal words; batches of 8 and of 16 are alike; short recordings take as much work in eight lanes as in
one, and more memory; two calls of the model side by side take a quarter less time than one of both. What is chosen on
CUDA follows CTranslate2's advice, and has not run on a GPU.
"""

import ctypes
from contextlib import suppress
from dataclasses import dataclass, replace

import ctranslate2  # type: ignore[import-untyped]

from pipeline.processes.cores import cores
from pipeline.speech.cuda_libraries import preload
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings

AUTO = "auto"
CPU_BATCH, CUDA_BATCH = 8, 16
CPU_LANES, CUDA_LANES = 1, 16
SHORT_MEMORY = 6 * 1024**3  # bytes of a GPU below which its weights are held in int8
CUDA_ADVICE = (
    "CUDA is asked for, but its libraries can't be loaded: `pip install 'smelt[cuda]'` installs cuBLAS and cuDNN, "
    "and the machine needs NVIDIA's driver"
)


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What runs, and why it does: a reason for each field that was left open."""

    engine: SpeechEngineSettings
    reasons: dict[str, str]

    def __str__(self) -> str:
        """One line for the log."""
        engine = self.engine
        return (
            f"{engine.compute_type} on {engine.device}, {engine.threads} CPU threads, "
            f"batches of {engine.batch_size}, recordings at once: {engine.lanes}"
        )


def choose_engine(asked: SpeechEngineSettings) -> EngineChoice:
    """Fills in what was left open: device or compute type `auto`, 0 threads, batches of 0, 0 lanes.

    Raises ModelUnavailable where CUDA is asked for and isn't there.
    """
    reasons: dict[str, str] = {}
    device = asked.device
    if device == AUTO:
        device = "cuda" if _gpus() else "cpu"
        reasons["device"] = "a CUDA device is there" if device == "cuda" else "no CUDA device is there"
    elif device == "cuda" and not _gpus():
        raise ModelUnavailable(CUDA_ADVICE)
    if device == "cuda":
        _load_libraries()
    compute_type = asked.compute_type
    if compute_type == AUTO:
        compute_type, reasons["compute_type"] = _compute_type(device)
    threads = asked.threads or cores()
    if not asked.threads:
        reasons["threads"] = f"{threads} cores are there"
    batch_size = asked.batch_size or (CUDA_BATCH if device == "cuda" else CPU_BATCH)
    if not asked.batch_size:
        reasons["batch_size"] = f"what pays on {'CUDA' if device == 'cuda' else 'a CPU'}"
    lanes = asked.lanes or (CUDA_LANES if device == "cuda" else CPU_LANES)
    if not asked.lanes:
        reasons["lanes"] = (
            "short recordings fill a GPU together" if device == "cuda" else "more save no work on a CPU"
        )
    engine = replace(
        asked, device=device, compute_type=compute_type, threads=threads, batch_size=batch_size, lanes=lanes
    )
    return EngineChoice(engine, reasons)


def _compute_type(device: str) -> tuple[str, str]:
    if device == "cuda":
        short = (memory := _gpu_bytes()) is not None and memory < SHORT_MEMORY
        if short:
            return "int8_float16", f"the GPU has less than {SHORT_MEMORY // 1024**3} GiB"
        return "float16", "the fastest on a GPU"
    if "int8" in ctranslate2.get_supported_compute_types("cpu"):
        return "int8", "the fastest on a CPU, at equal words"
    return "default", "this CPU has no int8"


def _load_libraries() -> None:
    try:
        preload()
    except OSError as error:
        raise ModelUnavailable(f"{CUDA_ADVICE} ({error})") from error


def _gpus() -> int:
    """CUDA devices that CTranslate2 can use; none where the driver isn't there."""
    with suppress(RuntimeError):
        return int(ctranslate2.get_cuda_device_count())
    return 0


def _gpu_bytes() -> int | None:
    """Memory of the first GPU, by its driver; None where that can't be asked."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, size = ctypes.c_int(), ctypes.c_size_t()
    asked = (
        driver.cuInit(0),
        driver.cuDeviceGet(ctypes.byref(device), 0),
        driver.cuDeviceTotalMem_v2(ctypes.byref(size), device),
    )
    return size.value if not any(asked) else None
