"""What appears in a watched folder, and whether somebody is still at it: looked at by its stamp, opened once."""

import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.client.finding import HIDDEN, Skipped, all_below
from deploy.client.selection import EMPTY, why_not
from deploy.client.watch_state import Stamp

SETTLED = 3.0  # seconds without a change
QUIET = (HIDDEN, EMPTY)  # such may be somebody's at work


@dataclass(frozen=True, slots=True)
class Seen:
    """`touched`: when its rights were changed last, too. `since`: when it was first seen so.

    `reason`: why it is no input; None: it may be one.
    """

    stamp: Stamp
    touched: int
    since: float
    reason: str | None


class Arrivals:
    """By path below the folder. `say`: is told once of each file that is passed over."""

    def __init__(
        self, folder: Path, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._say, self._clock = folder, say, clock
        self._seen: dict[str, Seen] = {}
        self._skipped: set[Path] = set()

    def look(self, ignored: Container[str]) -> None:
        """`ignored`: the watcher's own results."""
        self._seen = {name: seen for name, seen in self._found() if name not in ignored}

    def inputs(self) -> dict[str, Stamp]:
        """All that there are, settled or not."""
        return {name: seen.stamp for name, seen in self._seen.items() if seen.reason is None}

    def settled(self) -> dict[str, Stamp]:
        now = self._clock()
        return {
            name: stamp for name, stamp in self.inputs().items() if now - self._seen[name].since >= SETTLED
        }

    def _found(self) -> Iterator[tuple[str, Seen]]:
        now = self._clock()
        for path in all_below(self._folder, self._skip):
            name = str(path.relative_to(self._folder))
            try:
                status = path.stat()
            except OSError as error:
                if not isinstance(error, FileNotFoundError) or path.is_symlink():
                    self._skip(Skipped(path, f"can't be read: {error.strerror}"))
                continue  # else it went away meanwhile
            stamp, seen = Stamp.of(status), self._seen.get(name)
            if seen is None or (seen.stamp, seen.touched) != (stamp, status.st_ctime_ns):
                seen = Seen(stamp, status.st_ctime_ns, now, why_not(path))
            if seen.reason is not None:
                self._skip(Skipped(path, seen.reason))
            yield name, seen

    def _skip(self, skipped: Skipped) -> None:
        if skipped.path not in self._skipped and skipped.reason not in QUIET:
            self._skipped.add(skipped.path)
            self._say(f"skipped: {skipped.path}: {skipped.reason}")
