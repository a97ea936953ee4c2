"""The extractive process: takes texts apart, one job at a time. Started by `processes.py` beside this file only.

    python -m pipeline.llm.engines.extractive.child <file descriptor of its socket> <process id of its parent>

Content comes over the socket alone; it is never on its command line, in its environment, in a log or in an error's
text. It ends when its parent does.
"""

import os
import socket
import sys
import time
import traceback
from pathlib import Path

from pipeline.errors import WorkError
from pipeline.llm.engines.base import SynthesisEngine
from pipeline.llm.engines.extractive.wire import error_to_json, receive_job
from pipeline.processes.child_wire import Channel, Closed, Message
from pipeline.processes.confinement import confine, volunteer_for_the_oom_killer
from pipeline.processes.memory import limit_memory

NICENESS = 5  # what fills a core leaves it to the service's other processes when they need it
TELL_SECONDS = 0.5  # between two messages that say that it is alive


def main(descriptor: int, parent_pid: int) -> None:
    volunteer_for_the_oom_killer()
    confine(parent_pid)
    os.nice(NICENESS)
    channel = Channel(socket.socket(fileno=descriptor))
    try:
        _work(channel)
    except Closed:
        sys.exit(0)


def _work(channel: Channel) -> None:
    from pipeline.llm.engines.extractive.engine import ExtractiveEngine  # noqa: PLC0415 - slow, after `confine`

    setup = channel.receive() or {}
    if setup["headroom"] is not None:
        limit_memory(setup["headroom"])
    engine = ExtractiveEngine()
    channel.send({"event": "ready"})
    while True:
        _answer(channel, engine, channel.receive() or {})


def _answer(channel: Channel, engine: SynthesisEngine, first: Message) -> None:
    prompt, documents = receive_job(channel, first)
    channel.send({"event": "begun"})
    try:
        result = engine.apply(prompt, documents, _Ticker(channel).tick)
    except WorkError as error:
        channel.send(error_to_json(error))
        return
    except Closed:
        raise
    except Exception as error:
        # What is left in memory is unknown now: say where it happened, not what was in hand, and end
        channel.send({"event": "fault", "where": _where(error)})
        raise SystemExit(1) from error
    markdown = result.markdown.encode()
    channel.send({"event": "done", "model": result.model, "bytes": len(markdown)})
    channel.send_bytes(markdown)


class _Ticker:
    """Tells the parent how far it is, now and then. Raises Closed once the parent is gone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._told = time.monotonic()

    def tick(self, share: float) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._channel.send({"event": "progress", "share": share})


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
