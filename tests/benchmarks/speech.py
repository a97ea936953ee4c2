"""How fast and how well speech is heard through the service, against bare faster-whisper on the same machine.

Both hear the same files, one after the other and again, so that a machine that is busy with something else for a while
favours neither. Whisper tiny.en, or the model of SMELT_WHISPER_MODEL; the speech model has no other setting.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.evaluate.scoring import Score, score
from pipeline.processes.memory import most_resident
from pipeline.states import ErrorCode
from tests.benchmarks.harness import Bench, Client, bench_service
from tests.benchmarks.speech_bare import BATCH, Bare
from tests.benchmarks.speech_recordings import Recording, Recordings, make_recordings
from workers.pools.slots import speech_engine

MODEL = "tiny.en"
ROUNDS = 2  # of bare and ours
LONGEST_SECONDS = 3_600.0  # that a run may take
POLL_SECONDS = 0.25  # a poll of 60 files takes the API a few milliseconds of the cores that hear

Hear = Callable[[Sequence[Recording]], list[str]]


@dataclass(frozen=True, slots=True)
class Run:
    took_seconds: float
    score: Score


@dataclass(frozen=True, slots=True)
class Runs:
    """Of the same recordings."""

    runs: Sequence[Run]
    seconds: float  # of sound

    @property
    def speed(self) -> float:
        """Seconds of sound heard in one."""
        return self.seconds / statistics.median(run.took_seconds for run in self.runs)

    @property
    def percent_wrong(self) -> float:
        return 100 * (sum((run.score for run in self.runs), Score()).word_error_rate or 0.0)


@dataclass(frozen=True, slots=True)
class Compared:
    through: Runs
    bare: Runs
    batched: Runs

    @property
    def ratios(self) -> list[float]:
        pairs = zip(self.bare.runs, self.through.runs, strict=True)
        return [bare.took_seconds / through.took_seconds for bare, through in pairs]

    def told(self, what: str, aim: float, most_points: float | None = None) -> str:
        """`most_points`: how many per cent of words more may be wrong than bare."""
        rounds = ", ".join(f"{ratio:.2f}" for ratio in self.ratios)
        more = self.through.percent_wrong - self.bare.percent_wrong
        points = "" if most_points is None else f" (aim: at most {most_points:+.1f})"
        return (
            f"{what}: {self.through.speed:.1f} x real time through the service, {self.bare.speed:.1f} x bare; "
            f"ratio {statistics.median(self.ratios):.2f}, of {rounds} (aim: at least {aim})\n"
            f"  words wrong: {self.through.percent_wrong:.2f} % through the service, "
            f"{self.bare.percent_wrong:.2f} % bare; {more:+.2f} points{points}\n"
            f"  bare in batches of {BATCH}: {self.batched.speed:.1f} x real time, "
            f"{self.batched.percent_wrong:.2f} % of words wrong"
        )


def measure() -> None:
    recordings = make_recordings()
    model = os.environ.get("SMELT_WHISPER_MODEL", MODEL)
    with (
        bench_service(whisper_model=model, credits_inputs=len(recordings.short)) as bench,
        bench.client("ada") as client,
    ):
        _measure(bench, client, recordings)


def _measure(bench: Bench, client: Client, recordings: Recordings) -> None:
    settings = bench.service.settings
    bare = Bare(speech_engine(settings))

    def through(heard: Sequence[Recording]) -> list[str]:
        return _through_the_service(client, heard)

    for hear in (through, bare.one_by_one):
        hear(recordings.short[:1])  # models are loaded, and have run once
    print(
        f"speech: {settings.whisper_model}, {recordings.source}; bare on {bare.device}, {bare.compute_type}"
    )
    minutes = recordings.long.seconds / 60
    told = _compared(through, bare, [recordings.long]).told(f"a recording of {minutes:.0f} min", 1.5, 0.3)
    print(told, flush=True)
    print(_memory(bench, through, recordings), flush=True)
    many = f"{len(recordings.short)} short recordings posted at once"
    print(_compared(through, bare, recordings.short).told(many, 1.25), flush=True)


def _compared(through: Hear, bare: Bare, recordings: Sequence[Recording]) -> Compared:
    pairs = [(_run(bare.one_by_one, recordings), _run(through, recordings)) for _ in range(ROUNDS)]
    batched = _run(bare.in_batches, recordings)
    seconds = sum(recording.seconds for recording in recordings)
    return Compared(
        through=Runs([ours for _, ours in pairs], seconds),
        bare=Runs([theirs for theirs, _ in pairs], seconds),
        batched=Runs([batched], seconds),
    )


def _run(hear: Hear, recordings: Sequence[Recording]) -> Run:
    started = time.perf_counter()
    heard = hear(recordings)
    took = time.perf_counter() - started
    scores = [score(recording.said, text, "en") for recording, text in zip(recordings, heard, strict=True)]
    return Run(took, sum(scores, Score()))


def _memory(bench: Bench, through: Hear, recordings: Recordings) -> str:
    """After the long recording has been heard, and after one that is twice as long."""
    long = _most_resident(bench)
    through([recordings.twice_as_long])
    twice = _most_resident(bench)
    return (
        f"memory of the speech process: {long / 1e6:.0f} MB at most after "
        f"{recordings.long.seconds / 60:.0f} min, {twice / 1e6:.0f} MB after "
        f"{recordings.twice_as_long.seconds / 60:.0f} min (aim: under 1,500 MB, and flat)"
    )


def _most_resident(bench: Bench) -> int:
    return max(most_resident(process.pid) or 0 for process in bench.speech)


def _through_the_service(client: Client, recordings: Sequence[Recording]) -> list[str]:
    """What each says, by one smelt of them all."""
    uploads = [(recording.filename, recording.audio, "application/octet-stream") for recording in recordings]
    smelt_id = client.post(*uploads, language="en")
    smelt = client.wait(smelt_id, seconds=LONGEST_SECONDS, every=POLL_SECONDS)
    return [_transcript(client, smelt_id, file) for file in sorted(smelt["files"], key=_position)]


def _position(file: dict[str, object]) -> int:
    return int(str(file["position"]))


def _transcript(client: Client, smelt_id: str, file: dict[str, object]) -> str:
    if file["error_code"] == ErrorCode.NO_SPEECH:
        return ""  # each of its words counts as wrong
    path = f"/v1/smelts/{smelt_id}/files/{file['id']}/transcript"
    return client.http.get(path, params={"format": "txt"}).raise_for_status().text


if __name__ == "__main__":
    measure()
