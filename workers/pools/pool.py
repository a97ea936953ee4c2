"""What the worker processes of a pool hold: opened once per process, the parts that its queue needs."""

import os
import threading
from functools import cached_property

from pipeline.settings import SECRET_NAMES, Settings
from pipeline.speakers.models import can_tell_speakers, find_models
from pipeline.speakers.process import SpeakerProcess
from pipeline.speech.process import SpeechProcess
from workers.actors.deliver import make_outbound
from workers.actors.outbound import Outbound
from workers.notifications.queues import Queue
from workers.pools.engines import SynthesisEngines
from workers.pools.slots import slots, speech_engine
from workers.readiness import wait_until_ready
from workers.services import Services


class Pool:
    """`stopping` is set once the process was asked to end: nothing more is claimed, leases give work back."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self._process = "smelt worker"

    @cached_property
    def services(self) -> Services:
        return Services.open(self.settings, process=self._process)

    @cached_property
    def speech(self) -> SpeechProcess:
        return SpeechProcess(
            speech_engine(self.settings),
            self.settings.need("content_url"),
            allow_http=self.settings.s3_allow_http,
            environment=_of_hostile_media(),
        )

    @property
    def speakers(self) -> SpeakerProcess | None:
        """None: this machine can't tell them apart. What that takes may come while this process runs."""
        folder = self.settings.speaker_models
        if not can_tell_speakers(folder):
            return None
        return SpeakerProcess(
            find_models(folder),
            self.settings.need("content_url"),
            speech_engine(self.settings).threads,
            allow_http=self.settings.s3_allow_http,
            environment=_of_hostile_media(),
        )

    @cached_property
    def engines(self) -> SynthesisEngines:
        return SynthesisEngines(self.settings)

    @cached_property
    def outbound(self) -> Outbound:
        return make_outbound(self.settings)

    def open(self, queue: Queue) -> None:
        """Opens what this queue needs before its first task, as soon as the database lets it work.

        Raises ModelUnavailable, SpeakersUnavailable, SettingMissing or ValueError for what the operator has to mend.
        """
        self._process = f"smelt worker {queue}"
        wait_until_ready(self.services, self.stopping)
        if queue.pool is Queue.TRANSCRIBE:
            if self.settings.speaker_models is not None:
                find_models(self.settings.speaker_models)
            self.speech.start()
        if queue.pool is Queue.SYNTHESIZE:
            self.engines.warm()
        if queue is Queue.DELIVER:
            self.outbound  # noqa: B018

    def threads(self, queue: Queue) -> int:
        """Pieces of work that this process runs at once, once it is open: a thread each."""
        return self.speech.lanes if queue.pool is Queue.TRANSCRIBE else slots(self.settings, queue)

    def close(self) -> None:
        if "speech" in self.__dict__:
            self.speech.close()
        if "engines" in self.__dict__:
            self.engines.close()
        self.services.close()


def _of_hostile_media() -> dict[str, str]:
    """The environment of a process that handles hostile recordings: it gets no secret that it has no use for."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in SECRET_NAMES and not name.upper().startswith("OTEL_")
    }
    environment["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime, of the voice activity filter, reports home
    return environment
