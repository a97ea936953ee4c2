"""Audio seconds a second through the service, against a bare faster-whisper loop over the same files."""

import time
from io import BytesIO
from pathlib import Path

import av
from faster_whisper import WhisperModel  # type: ignore[import-untyped]

from tests.benchmarks.harness import bench_service

MODEL = Path("tests/speech_model")
RECORDING = Path("tests/recordings/meeting.m4a")
FILES = 12


def measure() -> None:
    audio = RECORDING.read_bytes()
    with av.open(BytesIO(audio), "r") as container:
        seconds = (container.duration or 0) / av.time_base * FILES
    bare = seconds / _bare(audio)
    through = seconds / _through_the_service(audio)
    print(
        f"transcription: {through:.1f} audio seconds a second through the service, {bare:.1f} bare; "
        f"ratio {through / bare:.2f} (aim: at least 0.9)"
    )


def _bare(audio: bytes) -> float:
    model = WhisperModel(str(MODEL), device="cpu", compute_type="int8")
    _recognize(model, audio)
    started = time.perf_counter()
    for _ in range(FILES):
        _recognize(model, audio)
    return time.perf_counter() - started


def _recognize(model: WhisperModel, audio: bytes) -> None:
    segments, _ = model.transcribe(
        BytesIO(audio),
        vad_filter=True,
        word_timestamps=True,
        language="en",
        condition_on_previous_text=False,  # as the service does
    )
    for _ in segments:
        pass


def _through_the_service(audio: bytes) -> float:
    with bench_service() as bench, bench.client("ada") as client:
        client.wait(client.post(("warm.m4a", audio, "audio/mp4"), language="en"))
        uploads = [(f"{n}.m4a", audio, "audio/mp4") for n in range(FILES)]
        started = time.perf_counter()
        client.wait(client.post(*uploads, language="en"), seconds=300)
        return time.perf_counter() - started


if __name__ == "__main__":
    measure()
