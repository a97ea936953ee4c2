"""What a worker works with in the harness: it pauses, and does as the machine says."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from pipeline.content.objects import Objects
from pipeline.content.store import ContentStore, ObjectName
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import OnProgress, PromptSpec, Synthesis, SynthesisEngine
from pipeline.net.webhook_url import WebhookUrl
from pipeline.speech.gate import Gate
from pipeline.speech.process import SpeechJob, SpeechProgress
from pipeline.speech.transcript import Segment, Transcript
from tests.faults.model.commands import Command, Pause, Place
from workers.actors.outbound import Outbound, Reply
from workers.pools.engines import SynthesisEngines

SPOKEN = Transcript((Segment(0.0, 7.0, "Ann ships on Friday."),), "en", 7.0)
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class PausingStore(ContentStore):
    def __init__(self, objects: Objects, pause: Pause) -> None:
        super().__init__(objects)
        self._pause = pause

    def put(self, name: ObjectName, key: bytes, data: bytes) -> None:
        super().put(name, key, data)
        self._pause(Place.STORED)


class ScriptedSpeech:
    """What of a SpeechProcess its worker uses."""

    pace = 1.0
    clock = staticmethod(time.monotonic)

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self.gate = Gate()  # a process's own

    def transcribe(self, _job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        done = 0.0
        while self._pause(Place.WORKING) is Command.TICK:
            done = min(done + 3.0, 7.0)
            on_tick(SpeechProgress(done, 7.0))
        return SPOKEN

    def start(self, _on_tick: Callable[[SpeechProgress], None]) -> None:
        """It never ends."""


class ScriptedEngines(SynthesisEngines):
    """Lends itself, on whosever key."""

    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    @contextmanager
    def borrow(self, api_key: SecretStr | None) -> Iterator[SynthesisEngine]:
        yield self

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        done = 0.0
        while self._pause(Place.WORKING) is Command.TICK:
            done = min(done + 0.4, 1.0)
            on_progress(done)
        return Synthesis(" ".join(document.transcript.text for document in documents), "scripted", 10, 5)

    def close(self) -> None:
        return


@dataclass(frozen=True)
class Receiver(Outbound):
    """`pause`: set."""

    pause: Pause | None = None

    def post(self, url: WebhookUrl, headers: Mapping[str, str], body: bytes) -> Reply:
        assert self.pause is not None
        return Reply(500 if self.pause(Place.WORKING) is Command.TICK else 204)
