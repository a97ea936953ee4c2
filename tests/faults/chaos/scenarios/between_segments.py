"""Workers are killed in the middle of long recordings: what was heard isn't heard again, nor lost, nor told twice."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

import httpx

from pipeline.content.keyring import KeyRing, smelt_context
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.speech.transcript import Transcript
from tests.faults.chaos.killer import Killer
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import SPEECH_SECONDS, recording
from tests.support import tones
from tests.support.waiting import wait_until

SLOTS = 2
BACK_WITHIN = 60.0  # seconds
LEAST = 0.1  # seconds of a recording: much less than a segment is
BREAKS_OFF = 12  # versions of the smelt after which a follower leaves, and comes back


def between_segments(seed: int, full: bool) -> Result:
    mono, call = (
        recording("speech.wav"),
        tones.call(SPEECH_SECONDS, [], []),
    )  # the engine hears words in any sound
    recordings, kills, seconds, wait_seconds = (6, 12, 40.0, 600.0) if full else (2, 2, 8.0, 120.0)
    with world(seed, transcribe_slots=SLOTS, synthesize_slots=1, lease_seconds=3) as it:
        script = f"seconds={seconds}"
        smelts = [
            it.oracle.post_recordings(call if separate else mono, 1, script=script, separate=separate)
            for separate in (False, True) * (recordings // 2)
        ]
        killer = Killer(it, Ledger(it), BACK_WITHIN, queues=("transcribe", "transcribe_short"))
        with followed(it, smelts) as followers:
            for _ in range(kills):
                before = _kept(it)
                wait_until(partial(_more_than, it, before), wait_seconds)
                killer.kill_one(it)
                it.hits += 1
            outcome = result("killed between segments", it, wait_seconds)
        behind = [call.behind for call in it.speech.calls() if call.event == "begin" and call.behind]
        _check(it, followers)
    assert behind, "no recording was taken up behind what was kept"
    measured = {
        "recordings taken up behind what was kept": str(len(behind)),
        "segments told": f"{sum(len(follower.told) for follower in followers):,}",
    }
    return replace(outcome, measured=measured)


@dataclass
class Follower:
    """`told`: index → (start, speaker), of one recording. `last`: the id of the last event."""

    smelt_id: str
    told: dict[int, tuple[float, str | None]] = field(default_factory=dict)
    last: str = ""

    def follow(self, it: World, over: threading.Event) -> None:
        """To the end, however often the stream breaks off."""
        owner = it.oracle.owners[self.smelt_id]
        with httpx.Client(base_url=it.service.address, headers=owner, trust_env=False, timeout=60) as http:
            while not self._hear(http):
                assert not over.is_set(), "the stream has no end"

    def _hear(self, http: httpx.Client) -> bool:
        """One stream; it breaks off in the middle of what is told together. True: at the smelt's end."""
        name, versions = "", {self.last}
        headers = {"Last-Event-ID": self.last} if self.last else {}
        with http.stream("GET", f"/v1/smelts/{self.smelt_id}/events", headers=headers) as reply:
            for line in reply.raise_for_status().iter_lines():
                key, _, value = line.partition(": ")
                if key == "event":
                    name = value
                elif key == "data" and name == "segment":
                    self._take(json.loads(value))
                elif key == "id":
                    self.last = value
                    versions.add(value)
                    if name == "done" or len(versions) > BREAKS_OFF:
                        return name == "done"
        return False

    def _take(self, data: dict[str, object]) -> None:
        speaker = data.get("speaker")
        said = (float(str(data["start"])), None if speaker is None else str(speaker))
        assert self.told.setdefault(int(str(data["index"])), said) == said, (
            "a segment was told otherwise before"
        )


@contextmanager
def followed(it: World, smelts: list[str]) -> Iterator[list[Follower]]:
    followers, over = [Follower(smelt_id) for smelt_id in smelts], threading.Event()
    with ThreadPoolExecutor(len(followers)) as threads:
        following = [threads.submit(follower.follow, it, over) for follower in followers]
        try:
            yield followers
        finally:
            wait(following, BACK_WITHIN)
            over.set()
    for each in following:
        each.result()  # raises what it raised


def _kept(it: World) -> int:
    """Objects of what was heard, of all recordings."""
    [(count,)] = it.query("select coalesce(sum(cardinality(kept)), 0) / 3 from smelt_files")
    return int(str(count))


def _more_than(it: World, before: int) -> bool:
    """Or all that there is to come."""
    return _kept(it) > before or not it.query("select from smelt_files where finished_at is null limit 1")


def _check(it: World, followers: list[Follower]) -> None:
    """Each speaker's segments follow one another from the recording's beginning to its end, and were told as such."""
    for follower in followers:
        segments = _transcript(it, follower.smelt_id).segments
        for speaker in {segment.speaker for segment in segments}:
            said = [segment for segment in segments if segment.speaker == speaker]
            ends = [0.0, *(segment.end for segment in said)]
            gaps = [segment.start - end for segment, end in zip(said, ends, strict=False)]
            assert max(map(abs, gaps)) < LEAST, f"words are missing, or there twice: {gaps}"
            assert abs(ends[-1] - SPEECH_SECONDS) < LEAST
        assert follower.told == {
            index: (segment.start, segment.speaker) for index, segment in enumerate(segments)
        }
    speakers = [{speaker for _, speaker in follower.told.values()} for follower in followers]
    assert speakers == [{None}, {"S1", "S2"}] * (len(followers) // 2)


def _transcript(it: World, smelt_id: str) -> Transcript:
    [(file_id, attempt, wrapped)] = it.query(
        "select f.id, attempt, content_key from smelt_files f join smelts s on s.id = smelt_id where s.id = %s",
        smelt_id,
    )
    assert isinstance(wrapped, bytes)
    settings = it.service.settings
    key = KeyRing.parse(settings.need("keyring")).unwrap(wrapped, smelt_context(UUID(smelt_id)))
    name = ObjectName(UUID(smelt_id), UUID(str(file_id)), Kind.TRANSCRIPT, int(str(attempt)))
    return Transcript.from_json(ContentStore.open_url(settings.need("content_url")).get(name, key))
