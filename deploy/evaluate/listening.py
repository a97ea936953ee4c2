"""The service's own speech process, over a store of its own that is gone afterwards."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from deploy.evaluate.recordings import head
from deploy.problems import EvaluationImpossible
from pipeline.content.keyring import new_content_key
from pipeline.content.store import STREAM_BYTES, ContentStore, Kind, ObjectName
from pipeline.errors import SmeltError
from pipeline.processes.memory import most_resident
from pipeline.settings import Settings
from pipeline.speakers.models import SpeakersUnavailable
from pipeline.speakers.process import SpeakerProcess, SpeakersFailed, ToldApart
from pipeline.speech.audio import decode
from pipeline.speech.engine_settings import ModelUnavailable
from pipeline.speech.process import SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.samples import RATE
from pipeline.speech.sniff import classify
from pipeline.speech.speakers import SpeakerBounds
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

    def __init__(self, speech: SpeechProcess, speakers: SpeakerProcess | None, store: ContentStore) -> None:
        """`speakers` None: they can't be told apart here."""
        self._speech = speech
        self._speakers = speakers
        self._store = store

    def listen(self, path: Path, language: str | None, on_progress: OnProgress) -> Heard:
        """Raises SmeltError with the code of what is wrong with the recording, ModelUnavailable, OSError."""
        with self._sealed(path) as job:
            begun = time.monotonic()
            transcript = self._speech.transcribe(replace(job, language=language), on_progress)
            return Heard(transcript, time.monotonic() - begun)

    @property
    def can_tell_speakers(self) -> bool:
        return self._speakers is not None

    def tell_speakers(self, path: Path) -> tuple[ToldApart, float]:
        """And how long the recording is, in seconds. Raises SmeltError, SpeakersFailed, OSError."""
        if self._speakers is None:
            raise SpeakersFailed("speakers can't be told apart here")
        with self._sealed(path) as job:
            with self._store.open(job.name, job.key) as file:
                seconds = sum(map(len, decode(file, job.media_type, ANY_LENGTH))) / RATE
            return self._speakers.tell_apart(job, SpeakerBounds(), seconds, lambda _: None), seconds

    def memory_bytes(self) -> int | None:
        """The most that the speech process has held so far, its model included. None: there is none, or no `/proc`."""
        pid = self._speech.pid
        return None if pid is None else most_resident(pid)

    @contextmanager
    def _sealed(self, path: Path) -> Iterator[SpeechJob]:
        """A copy in the store, for the block."""
        media_type = classify(head(path), path.name, None).media_type
        if media_type is None:
            raise SmeltError(ErrorCode.UNSUPPORTED_FORMAT)
        name, key = ObjectName(uuid4(), uuid4(), Kind.INPUT), new_content_key()
        try:
            asyncio.run(_seal(self._store, name, key, path))
            yield SpeechJob(name, key, media_type, ANY_LENGTH)
        finally:
            self._store.delete(name)


@contextmanager
def listening(settings: Settings) -> Iterator[Listener]:
    """A listener whose model is loaded. Raises EvaluationImpossible: it can't be."""
    with TemporaryDirectory(prefix="smelt-evaluate-") as folder:
        content_url = Path(folder, "content").as_uri()
        store = ContentStore.open_url(content_url)
        pool = Pool(settings.model_copy(update={"content_url": content_url}))
        try:
            pool.speech.start()
            yield Listener(pool.speech, pool.speakers, store)
        except (ModelUnavailable, SpeakersUnavailable) as error:
            raise EvaluationImpossible(str(error)) from error
        finally:
            pool.speech.close()


def unheard_seconds(transcript: Transcript) -> float:
    """How much of the recording the transcript says was not heard."""
    return sum(end - start for start, end in transcript.unheard)


async def _seal(store: ContentStore, name: ObjectName, key: bytes, path: Path) -> None:
    """As an upload is stored: a piece at a time, however long the recording is."""
    with path.open("rb") as file:
        async with await store.writer(name, key) as writer:
            while piece := file.read(STREAM_BYTES):
                await writer.write(piece)
