"""The speech process with a scripted recognizer: everything real (socket, store, decoding) but the model.

What it does is said by the smelt's `vocabulary`, such as `script seconds=0.5` or `script poison=kill`; without a
script it hears a few words at once. Each call is logged as it begins and as it ends
(`tests/faults/chaos/speech_log.py`).
"""

import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.content.store import ContentStore
from pipeline.processes.child_wire import Channel, Message
from pipeline.speech import child
from pipeline.speech.blocks import Block
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.passage import Before, Passage
from pipeline.speech.recognizer import Hints, Recognizer
from pipeline.speech.transcript import Segment
from pipeline.speech.wire import SpeechJob
from tests.faults.chaos.speech_log import SpeechLog

STEP = 0.05  # seconds between two reports of progress


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def take_all_memory() -> None:
    """Until the limit, then as a native library would end: not by an exception that Python can handle.

    Nothing is written to it, so this machine has its memory still.
    """
    hoard = []
    try:
        while True:
            hoard.append(mmap.mmap(-1, 256 * 1024**2))
    except OSError:
        os.abort()


def hang() -> None:
    """In native code that holds the interpreter's lock: no other thread of this process runs on."""
    ctypes.PyDLL(None).sleep(3600)


POISONS: dict[str, Callable[[], None]] = {"kill": die, "memory": take_all_memory, "hang": hang}


class ScriptedRecognizer:
    """Implements Recognizer."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes

    def begin(self, hints: Hints, _before: Before) -> "ScriptedHearing":
        return ScriptedHearing(hints)


class ScriptedHearing:
    """Implements Hearing."""

    language = "en"
    warnings: tuple[str, ...] = ()

    def __init__(self, hints: Hints) -> None:
        script = dict(word.split("=", 1) for word in (hints.vocabulary or "").split() if "=" in word)
        self._seconds = float(script.get("seconds", "0"))
        poison = script.get("poison")
        self._crawls = poison == "crawl"
        if poison in POISONS:
            POISONS[poison]()

    def hear(self, block: Block, report: Callable[[float], None]) -> Iterator[Passage]:
        """A passage for each segment."""
        segments: Iterable[Segment] = self._crawl(block) if self._crawls else self._listen(block)
        for segment in segments:
            report(segment.end)
            yield Passage(segment.end, (segment,))

    def _listen(self, block: Block) -> Iterator[Segment]:
        """Segments at an even pace over the seconds of the script."""
        steps = max(1, int(self._seconds / STEP))
        length = block.seconds / steps
        for number in range(steps):
            time.sleep(self._seconds / steps)
            start = block.start_seconds + number * length
            yield Segment(start, start + length, "alice will send the budget report")

    def _crawl(self, block: Block) -> Iterator[Segment]:
        """Ever smaller steps that never come to the end: it makes progress and ignores every deadline."""
        end = block.start_seconds
        while True:
            time.sleep(STEP)
            start, end = end, end + (block.end_seconds - end) / 1000
            yield Segment(start, end, "on")


def _load(channel: Channel, settings: SpeechEngineSettings) -> Recognizer:
    return ScriptedRecognizer(settings.lanes or 1)


def _logged(tell: child.Tell, recognizer: Recognizer, store: ContentStore, job: SpeechJob) -> Message:
    log = SpeechLog(Path(os.environ["SMELT_DATA_DIR"]))
    before = job.before
    behind = max(
        before.end, *(channel.before.end for channel in before.channels), 0.0
    )  # of any of its channels
    log.write("begin", job.name.row_id, behind)
    try:
        return _transcribe(tell, recognizer, store, job)
    finally:
        log.write("end", job.name.row_id)  # also of a recording whose content is gone


_transcribe = child._transcribe

if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # only a kill ends it; a job's thread could not say so
    child._load = _load
    child._transcribe = _logged
    child.main(int(sys.argv[1]), int(sys.argv[2]))
