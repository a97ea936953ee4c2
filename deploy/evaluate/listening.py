"""The service's own speech process, over a store of its own that is gone afterwards."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from deploy.evaluate.recordings import head
from deploy.problems import EvaluationImpossible
from pipeline.content.keyring import new_content_key
from pipeline.content.store import STREAM_BYTES, ContentStore, Kind, ObjectName
from pipeline.errors import SmeltError
from pipeline.settings import Settings
from pipeline.speech.process import ModelUnavailable, SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.sniff import MediaType, classify
from pipeline.speech.transcript import Transcript
from pipeline.states import ErrorCode
from workers.pools.pool import Pool

ANY_LENGTH = 1e9  # seconds; an operator's own recordings have no limit

OnProgress = Callable[[SpeechProgress], None]


@dataclass(frozen=True, slots=True)
class Heard:
    """`took_seconds`: from the job to the transcript; the model was loaded before."""

    transcript: Transcript
    took_seconds: float


class Listener:
    """One recording at a time."""

    def __init__(self, speech: SpeechProcess, store: ContentStore) -> None:
        self._speech = speech
        self._store = store

    def listen(self, path: Path, language: str | None, on_progress: OnProgress) -> Heard:
        """Raises SmeltError with the code of what is wrong with the recording, ModelUnavailable, OSError."""
        media_type = classify(head(path), path.name, None).media_type
        if media_type is None:
            raise SmeltError(ErrorCode.UNSUPPORTED_FORMAT)
        name, key = ObjectName(uuid4(), uuid4(), Kind.INPUT), new_content_key()
        try:
            asyncio.run(_seal(self._store, name, key, path))
            return self._transcribe(name, key, media_type, language, on_progress)
        finally:
            self._store.delete(name)

    def memory_bytes(self) -> int | None:
        """The most that the speech process has held so far, its model included. None: there is none, or no `/proc`."""
        pid = self._speech.pid
        return None if pid is None or sys.platform != "linux" else most_resident(pid)

    def _transcribe(
        self,
        name: ObjectName,
        key: bytes,
        media_type: MediaType,
        language: str | None,
        on_progress: OnProgress,
    ) -> Heard:
        begun = time.monotonic()
        job = SpeechJob(name, key, media_type, ANY_LENGTH, language)
        transcript = self._speech.transcribe(job, on_progress)
        return Heard(transcript, time.monotonic() - begun)


@contextmanager
def listening(settings: Settings) -> Iterator[Listener]:
    """A listener whose model is loaded. Raises EvaluationImpossible: it can't be."""
    with TemporaryDirectory(prefix="smelt-evaluate-") as folder:
        content_url = Path(folder, "content").as_uri()
        store = ContentStore.open_url(content_url)
        speech = Pool(settings.model_copy(update={"content_url": content_url})).speech
        try:
            speech.start()
            yield Listener(speech, store)
        except ModelUnavailable as error:
            raise EvaluationImpossible(str(error)) from error
        finally:
            speech.close()


def unheard_seconds(transcript: Transcript) -> float:
    """How much of the recording the transcript says was not heard."""
    return sum(end - start for start, end in transcript.unheard)


async def _seal(store: ContentStore, name: ObjectName, key: bytes, path: Path) -> None:
    """As an upload is stored: a piece at a time, however long the recording is."""
    with path.open("rb") as file:
        async with await store.writer(name, key) as writer:
            while piece := file.read(STREAM_BYTES):
                await writer.write(piece)


def most_resident(pid: int) -> int | None:
    """The most bytes of memory that a process has held so far; None: it has ended. Linux only."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024  # "123 kB"
    return None
