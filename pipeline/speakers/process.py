"""The worker's side of the process that tells speakers apart: one for each recording, which ends with it.

It loads in a second, is needed by few recordings, and holds the whole of one: so nothing of it is kept.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from pipeline.processes.child_handle import ChildHandle, Ticker
from pipeline.processes.child_wire import Closed, Message
from pipeline.speakers.diarizer import Turn
from pipeline.speakers.models import SpeakerModels
from pipeline.speech.speakers import SpeakerBounds
from pipeline.speech.wire import SpeechJob, job_to_json

CHILD = "pipeline.speakers.child"
TICK_SECONDS = 0.5
HEADROOM_BYTES = 8 * 1024**3
"""Address space it may take beyond its loaded models: four hours of a recording take 2 GB."""
LEAST_SECONDS, SLOWEST = 120.0, 2.0
"""What it may take: so long, and so many times as long as the recording."""


class SpeakersFailed(Exception):
    """The speakers of this recording could not be told apart. The message may be logged."""


@dataclass(frozen=True, slots=True)
class ToldApart:
    """`turns`: by their starts. `memory_bytes`: the most that the child has held; None: no `/proc` tells."""

    turns: tuple[Turn, ...]
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class SpeakerProcess:
    """For several threads, each of which has a child of its own. `environment`: the child's."""

    models: SpeakerModels
    content_url: str
    threads: int
    allow_http: bool = False
    environment: Mapping[str, str] | None = None
    headroom_bytes: int = HEADROOM_BYTES

    def tell_apart(
        self, job: SpeechJob, bounds: SpeakerBounds, seconds: float, on_tick: Callable[[float], None]
    ) -> ToldApart:
        """Whoever speaks in a recording of so many seconds. `on_tick` is called every half second with the share that
        is done; what it raises ends the child. Raises SpeakersFailed.
        """
        child = ChildHandle(CHILD, self.environment)
        give_up = time.monotonic() + LEAST_SECONDS + SLOWEST * seconds

        def tick(share: float) -> None:
            if time.monotonic() > give_up:
                raise SpeakersFailed("it took too long")
            on_tick(share)

        try:
            child.channel.send(self._message(job, bounds))
            return _followed(child, Ticker(tick, TICK_SECONDS, 0.0))
        except Closed:
            raise SpeakersFailed(f"the process ended, exit code {child.end()}") from None
        finally:
            child.end()

    def _message(self, job: SpeechJob, bounds: SpeakerBounds) -> Message:
        models = {name: str(path) for name, path in asdict(self.models).items()}
        return {
            "models": models,
            "threads": self.threads,
            "content_url": self.content_url,
            "allow_http": self.allow_http,
            "headroom": self.headroom_bytes,
            "job": job_to_json(job),
            "bounds": [bounds.least, bounds.most],
        }


def _followed(child: ChildHandle, ticker: Ticker[float]) -> ToldApart:
    while True:
        message = child.next_message(ticker)
        try:
            match message["event"]:
                case "progress":
                    ticker.progress = float(message["share"])
                case "done":
                    turns = tuple(Turn(float(s), float(e), int(n)) for s, e, n in message["turns"])
                    memory = message["memory"]
                    return ToldApart(turns, None if memory is None else int(memory))
                case "failed":
                    raise SpeakersFailed(str(message["reason"]))
                case _:
                    raise Closed
        except (KeyError, TypeError, ValueError) as error:
            raise Closed from error  # a message of another shape than agreed is as good as none
