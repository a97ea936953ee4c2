"""What is being computed at this moment, and for which smelt."""

from collections.abc import Collection
from dataclasses import dataclass

import psutil

from tests.faults.chaos.world import World


@dataclass(frozen=True, slots=True)
class Compute:
    """Of one smelt. `files`: its recordings' ids. `texts`: what was sent; the language model stalls on each."""

    smelt: str
    files: Collection[str]
    texts: Collection[str]

    def running(self, world: World) -> bool:
        """Whether a speech process or a call to the language model is at it."""
        return self._heard(world) or self._asked(world)

    def _heard(self, world: World) -> bool:
        last = {call.pid: call for call in world.speech.calls()}
        return any(
            call.event == "begin" and call.file_id in self.files and _lives(call.pid)
            for call in last.values()
        )

    def _asked(self, world: World) -> bool:
        return any(
            not call.left.is_set() and any(text in call.text for text in self.texts)
            for call in list(world.llm.calls)
        )


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
