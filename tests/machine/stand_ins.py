"""What a worker works with, on the stage: it pauses, and does as the machine says."""

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from pipeline.content import ContentStore, ObjectName
from pipeline.documents import Document
from pipeline.engines.base import OnProgress, PromptSpec, Synthesis, SynthesisEngine
from pipeline.objects import Objects
from pipeline.speech_process import SpeechJob, SpeechProgress
from pipeline.transcript import Segment, Transcript
from pipeline.webhook_url import WebhookUrl
from tests.machine.commands import Command, Pause, Place
from workers.engines import Engines
from workers.outbound import Outbound, Reply

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

    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    def transcribe(self, _job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        done = 0.0
        while self._pause(Place.WORKING) is Command.TICK:
            done = min(done + 3.0, 7.0)
            on_tick(SpeechProgress(done, 7.0))
        return SPOKEN

    def start(self, _on_tick: Callable[[SpeechProgress], None]) -> None:
        """It never ends."""


class ScriptedEngines(Engines):
    """Lends itself, on whosever key."""

    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    @contextmanager
    def lent(self, api_key: SecretStr | None) -> Iterator[SynthesisEngine]:
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
