"""A pool: the worker processes of one queue, and what each of them holds."""

import logging
import os
import sys
import threading
from functools import cached_property

from dramatiq import Broker, Middleware, Worker

from pipeline.settings import SECRET_NAMES, SettingMissing, Settings
from pipeline.speech_process import ModelUnavailable, SpeechEngineSettings, SpeechProcess
from workers.deliver import make_outbound
from workers.engines import Engines
from workers.outbound import Outbound
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
        environment["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime, of the voice activity filter, reports home
        return SpeechProcess(engine, settings.need("content_url"), environment=environment)

    @cached_property
    def engines(self) -> Engines:
        return Engines(self.settings)

    @cached_property
    def outbound(self) -> Outbound:
        return make_outbound(self.settings)

    def after_process_boot(self, broker: Broker) -> None:
        die_with_parent()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Opens what this queue needs before its first task. What the operator has to mend ends the process.

        Dramatiq logs an exception raised here and goes on without; a process that can't work must not stay.
        """
        queues = worker.consumer_whitelist or set(Queue)
        try:
            self.services  # noqa: B018 - a cached property
            if Queue.TRANSCRIBE in queues:
                self.speech.start()
            if Queue.SYNTHESIZE in queues:
                self.engines  # noqa: B018
            if Queue.DELIVER in queues:
                self.outbound  # noqa: B018
        except (ModelUnavailable, SettingMissing, ValueError) as error:
            log.critical("%s", error)
            sys.exit(os.EX_CONFIG)  # starting again would end the same way

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.stopping.set()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        if "speech" in self.__dict__:
            self.speech.close()
        if "engines" in self.__dict__:
            self.engines.close()
        self.services.close()
