"""How many pieces of work a pool runs at once on this machine, and by which processes."""

from pipeline.processes.cores import cores
from pipeline.settings import Settings
from pipeline.speech.engine_settings import SpeechEngineSettings
from workers.notifications.queues import Queue

POOLS = tuple(queue for queue in Queue if queue.pool is queue)
_PER_SLOT = Queue.TRANSCRIBE  # the pool that has a process for each slot: the work fills cores


def slots(settings: Settings, queue: Queue) -> int:
    """Of the transcribe pool's, some are kept for short recordings, but never the last one.

    Without a language model outputs fill cores, so that more of them at once would only be claimed, and wait, while
    shorter ones of others could have been.
    """
    if queue is Queue.TRANSCRIBE_SHORT:
        return min(settings.transcribe_short_slots, settings.transcribe_slots - 1)
    if queue is Queue.TRANSCRIBE:
        return settings.transcribe_slots - slots(settings, Queue.TRANSCRIBE_SHORT)
    if queue is Queue.SYNTHESIZE and not settings.has_llm:
        return min(settings.synthesize_slots, settings.extractive_slots or cores())
    count: int = getattr(settings, f"{queue}_slots")
    return count


def processes(settings: Settings, pool: Queue) -> list[Queue]:
    """What each of a pool's processes works for: one for each slot where the work fills a core; else one for all."""
    return [
        queue
        for queue in Queue
        if queue.pool is pool
        for _ in range(slots(settings, queue) if pool is _PER_SLOT else min(1, slots(settings, queue)))
    ]


def speech_engine(settings: Settings) -> SpeechEngineSettings:
    """How each process of the transcribe pool hears. What is left open is chosen where the model is loaded, but for the
    threads: all cores for one long recording; a short one beside it shares them for as long as it takes.
    """
    return SpeechEngineSettings(
        model=settings.whisper_model,
        device=settings.whisper_device,
        compute_type=settings.whisper_compute_type,
        threads=settings.whisper_threads or max(1, cores() // slots(settings, Queue.TRANSCRIBE)),
        batch_size=settings.whisper_batch_size,
        lanes=settings.transcribe_lanes,
    )
