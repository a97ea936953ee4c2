"""A pool: the worker processes of one queue, and what each of them holds."""

import logging
import os
import sys
import threading
from functools import cached_property

from dramatiq import Broker, Middleware, Worker

from pipeline.engines.base import SynthesisEngine
from pipeline.engines.factory import make_engine
from pipeline.settings import SECRET_NAMES, Settings
from pipeline.speech_process import SpeechEngineSettings, SpeechProcess
from workers.parent import die_with_parent
from workers.services import Services
from workers.wake import Queue

log = logging.getLogger(__name__)

SHUTDOWN_MARGIN = 10  # seconds after the grace in which work is given back and connections are closed


def run_pool(settings: Settings, queue: Queue) -> None:
    """Replaces this process by Dramatiq's, for one queue. One thread per process where the work fills a core."""
    slots: int = getattr(settings, f"{queue}_slots")
    processes, threads = (slots, 1) if queue is Queue.TRANSCRIBE else (1, slots)
    command = [
        *(sys.executable, "-m", "dramatiq", "workers.app:broker"),
        *("--queues", queue.value),
        *("--processes", str(processes), "--threads", str(threads)),
        *("--worker-shutdown-timeout", str(int((settings.worker_grace + SHUTDOWN_MARGIN) * 1000))),
    ]
    tuning = {
        "dramatiq_queue_prefetch": str(
            threads
        ),  # a wake held by a busy process is one that an idle one lacks
        "dramatiq_worker_timeout": "20",  # milliseconds an idle worker sleeps at the most between two looks
    }
    os.execve(sys.executable, command, {**os.environ, **tuning})  # noqa: S606 - our own command, no shell


class Pool(Middleware):
    """Opens what a worker process needs once it has been forked, and tells its tasks when to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()

    @cached_property
    def services(self) -> Services:
        return Services.open(self.settings)

    @cached_property
    def speech(self) -> SpeechProcess:
        settings = self.settings
        engine = SpeechEngineSettings(
            model=settings.whisper_model,
            device=settings.whisper_device,
            compute_type=settings.whisper_compute_type,
            threads=settings.whisper_threads,
            batch_size=settings.whisper_batch_size,
        )
        # It handles hostile recordings: it gets no secret that it has no use for.
        environment = {name: value for name, value in os.environ.items() if name not in SECRET_NAMES}
        return SpeechProcess(engine, settings.need("content_url"), environment=environment)

    @cached_property
    def engine(self) -> SynthesisEngine:
        return make_engine(self.settings)

    def after_process_boot(self, broker: Broker) -> None:
        die_with_parent()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """What can't be had stops the start: a speech model that can't be loaded, a setting that is missing."""
        self.services  # noqa: B018 - opened now rather than by the first task
        if worker.consumer_whitelist and Queue.TRANSCRIBE in worker.consumer_whitelist:
            self.speech.start()
        if worker.consumer_whitelist and Queue.SYNTHESIZE in worker.consumer_whitelist:
            self.engine  # noqa: B018

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.stopping.set()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        if "speech" in self.__dict__:
            self.speech.close()
        if "engine" in self.__dict__:
            self.engine.close()
        self.services.close()
