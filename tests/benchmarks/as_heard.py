"""How soon the first words of a long recording are told, and what it costs that words are kept and told meanwhile.

Whisper tiny.en, or the model of SMELT_WHISPER_MODEL. The recordings are those of the speech benchmark's clips.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.benchmarks.harness import Bench, Client, bench_service
from tests.benchmarks.load import beyond_rest, times_of
from tests.benchmarks.speech import MODEL
from tests.benchmarks.speech_recordings import Recording, make_long_recording
from tests.support.event_stream import Event, events

HOUR_MINUTES, FRESH_SERVICES = 60, 3
COST_MINUTES = 30  # of the recording by which the cost is known
REST_SECONDS = 15.0


def measure() -> None:
    recording = make_long_recording(HOUR_MINUTES)
    soon = [_first_segment(recording) for _ in range(FRESH_SERVICES)]
    told = ", ".join(f"{seconds:.2f}" for seconds in soon)
    print(
        f"the first segment of {HOUR_MINUTES} min, in fresh services: {told} s after the reply to the post "
        "(aim: under 5)",
        flush=True,
    )
    with (
        _service() as bench,
        bench.client("ada") as client,
        psycopg.connect(bench.service.owner_url, autocommit=True) as owner,
    ):
        client.wait(_posted(client, make_long_recording(1)), seconds=120)  # the model has run once
        for followed in (True, False):
            print(
                _cost(bench, client, owner, make_long_recording(COST_MINUTES), followed=followed), flush=True
            )


@contextmanager
def _service() -> Iterator[Bench]:
    with bench_service(whisper_model=os.environ.get("SMELT_WHISPER_MODEL", MODEL)) as bench:
        yield bench


def _posted(client: Client, recording: Recording) -> str:
    return client.post((recording.filename, recording.audio, "audio/wav"), language="en")


def _first_segment(recording: Recording) -> float:
    """Seconds from the reply to the post, which is before any claim, until a follower has the event."""
    with _service() as bench, bench.client("ada") as client:
        smelt_id = _posted(client, recording)
        posted = time.monotonic()
        with events(client.http, f"/v1/smelts/{smelt_id}/events") as stream:
            next(event for event in stream if event.name == "segment")
            heard = time.monotonic() - posted
        client.http.delete(f"/v1/smelts/{smelt_id}").raise_for_status()
    return heard


def _cost(
    bench: Bench, client: Client, owner: psycopg.Connection, recording: Recording, *, followed: bool
) -> str:
    """Processor time of all that isn't hearing, but for what it takes at rest, to that of hearing."""
    rest = times_of(owner, lambda: time.sleep(REST_SECONDS))
    segments, hearing = 0, -_spent_on_hearing(bench)

    def hear() -> None:
        nonlocal segments
        smelt_id = _posted(client, recording)
        if followed:
            with events(client.http, f"/v1/smelts/{smelt_id}/events") as stream:
                segments = sum(event.name == "segment" for event in _until_done(stream))
        client.wait(smelt_id, seconds=3_600, every=1)

    work = times_of(owner, hear)
    hearing += _spent_on_hearing(bench)
    all_else = sum(beyond_rest(work, rest, name) for name in work if name != "wall") - hearing
    how = f"followed, {segments} segments told" if followed else "not followed"
    return (
        f"{recording.seconds / 60:.0f} min in {work['wall']:.0f} s, {how}: {hearing:.1f} s of processor time to hear, "
        f"and {all_else:.2f} s for all else: {all_else / hearing:.1%} (aim: under 3 %)"
    )


def _spent_on_hearing(bench: Bench) -> float:
    """Seconds of processor time so far, of the processes that hold the model."""
    return sum(sum(process.cpu_times()[:2]) for process in bench.speech)


def _until_done(stream: Iterator[Event]) -> Iterator[Event]:
    for event in stream:
        yield event
        if event.name == "done":
            return


if __name__ == "__main__":
    measure()
