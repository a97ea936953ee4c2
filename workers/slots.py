"""How many pieces of work a pool runs at once on this machine, and by which processes."""

from pipeline.settings import Settings
from workers.wake import Queue

POOLS = (Queue.TRANSCRIBE, Queue.SYNTHESIZE, Queue.DELIVER, Queue.MAINTENANCE)


def slots(settings: Settings, queue: Queue) -> int:
    """Of the transcribe pool's, some are kept for short recordings, but never the last one."""
    if queue is Queue.TRANSCRIBE_SHORT:
        return min(settings.transcribe_short_slots, settings.transcribe_slots - 1)
    if queue is Queue.TRANSCRIBE:
        return settings.transcribe_slots - slots(settings, Queue.TRANSCRIBE_SHORT)
    count: int = getattr(settings, f"{queue}_slots")
    return count


def processes(settings: Settings, pool: Queue) -> list[Queue]:
    """What each of a pool's processes works for: one for each slot where the work fills a core; else one for all."""
    if pool is not Queue.TRANSCRIBE:
        return [pool]
    queues = (Queue.TRANSCRIBE, Queue.TRANSCRIBE_SHORT)
    return [queue for queue in queues for _ in range(slots(settings, queue))]


def threads(settings: Settings, queue: Queue) -> int:
    """In each of the processes that work for a queue."""
    return 1 if queue in (Queue.TRANSCRIBE, Queue.TRANSCRIBE_SHORT) else slots(settings, queue)
