"""Sends what appears in a folder, each file once it has settled, and writes its results beside it.

    seen ──unchanged for a while──▶ noted ──posted under its key──▶ sent ──ended──▶ done, with a result or an error

A file that is changed after that is another one.
"""

import errno
import os
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from deploy.client.arrivals import Arrivals
from deploy.client.client import Client
from deploy.client.results import result_as_markdown
from deploy.client.shown import in_one_line
from deploy.client.submission import SubmitOptions, submit
from deploy.client.watch_state import Stamp, Watched, WatchState
from deploy.client.wording import duration, in_words_of_the_command
from smelt_client import Misused, Refused, Unreachable

LOOK = 1.0  # seconds between two looks
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds, while the service is away
RESULT, UNFINISHED = ".md", ".smelt-watch.new"
AT_ONCE = 20  # smelts asked for at each look, and files sent: neither keeps the other waiting
EXPIRED = "invalid_token"
OTHER_POST = "idempotency_key_reused"
GONE = ("not_found", "content_expired")
NO_PLACE = (
    errno.ENOENT,
    errno.ENAMETOOLONG,
)  # its folder went away, or its name leaves no room for the ending

Say = Callable[[str], None]


class Watcher:
    """`say`: a line for whoever looks on. `tell`: what has happened, for programs: an event, a file, its outcome.

    `renew`: gives the client another token once its own has expired; False: there is none.
    """

    def __init__(
        self,
        client: Client,
        folder: Path,
        submit_options: SubmitOptions,
        *,
        say: Say,
        tell: Callable[[str, str, str], None],
        renew: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._folder, self._options = client, folder, submit_options
        self._say, self._tell, self._renew, self._clock = say, tell, renew, clock
        self._state = WatchState(folder)
        self._arrivals = Arrivals(folder, say, clock)
        self._turn = 0
        self._pause = FIRST_PAUSE
        self._held_until = 0.0

    @property
    def idle(self) -> bool:
        """Whether all that is there has been seen to. What was noted and went away before it was sent never will be."""
        new = any(self._is_new(name, stamp) for name, stamp in self._arrivals.inputs().items())
        return not new and all(
            watched.done or watched.smelt_id is None for watched in self._state.files.values()
        )

    def watch(self, *, once: bool) -> None:
        """Until it is interrupted; with `once` until all that is there is done. Raises Refused, Misused, OSError."""
        while True:
            pause = self.look()
            if once and self.idle:
                return
            time.sleep(pause)

    def look(self) -> float:
        """Does what there is to do, and returns after how many seconds to look again. Raises Refused, OSError.

        What is finished comes first: it expires, while what isn't sent yet stays where it is.
        """
        self._arrivals.look(ignored=self._state.results)
        try:
            for name, watched, smelt_id in self._some_unfinished():
                self._collect(name, watched, smelt_id)
            for name, stamp in self._to_be_sent():
                self._send(name, stamp)
        except Unreachable as problem:
            return self._later(str(problem), problem.retry_after or 0.0)
        except Refused as refused:
            if refused.code == EXPIRED and self._renew():
                return LOOK
            if refused.retry_after is None:
                raise
            return self._later(in_words_of_the_command(refused), refused.retry_after)
        self._pause = FIRST_PAUSE
        return LOOK

    def _some_unfinished(self) -> list[tuple[str, Watched, UUID]]:
        """A few at each look, in turns: there may be thousands."""
        unfinished = [
            (name, watched, watched.smelt_id)
            for name, watched in self._state.files.items()
            if not watched.done and watched.smelt_id is not None
        ]
        at = self._turn % max(1, len(unfinished))
        self._turn = at + AT_ONCE
        return (unfinished[at:] + unfinished[:at])[:AT_ONCE]

    def _later(self, why: str, wanted: float = 0.0) -> float:
        """`wanted`: seconds in which nothing more is sent. What is out is looked after all the while."""
        pause = max(wanted, self._pause)
        self._held_until = self._clock() + wanted
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        self._say(f"{why}; tried again in {duration(pause)}")
        return min(LONGEST_PAUSE, pause)

    def _to_be_sent(self) -> list[tuple[str, Stamp]]:
        """A few of those that are noted and not yet posted, or new: unchanged for long enough."""
        if self._clock() < self._held_until:
            return []
        settled = self._arrivals.settled().items()
        return [(name, stamp) for name, stamp in settled if self._is_new(name, stamp)][:AT_ONCE]

    def _is_new(self, name: str, stamp: Stamp) -> bool:
        known = self._state.files.get(name)
        return known is None or known.stamp != stamp or (known.smelt_id is None and not known.done)

    def _send(self, name: str, stamp: Stamp) -> None:
        """Raises Unreachable, and Refused for what isn't this file's fault."""
        watched = self._state.files.get(name)
        if watched is None or watched.stamp != stamp:
            watched = self._state.files[name] = Watched(stamp=stamp)
            self._state.save()
        path, reasons = self._folder / name, list[str]()
        try:
            smelt = submit(self._client, [path], self._options, {path}, reasons.append, key=watched.key)
        except Misused as problem:
            self._end(name, watched, error=str(problem))
            return
        except Refused as refused:
            if refused.code == OTHER_POST:  # posted with other options, by a watcher that died there: anew
                del self._state.files[name]
            elif refused.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                self._end(name, watched, error=in_words_of_the_command(refused))
            else:
                raise
            return
        if smelt is None:
            self._end(name, watched, error="; ".join(reasons))
            return
        watched.smelt_id = smelt.id
        self._state.save()
        self._tell("sent", name, str(smelt.id))

    def _collect(self, name: str, watched: Watched, smelt_id: UUID) -> None:
        try:
            smelt = self._client.get(smelt_id)
            if not smelt.ended:
                return
            if not smelt.completed:
                self._end(name, watched, error=f"{smelt.status}: {smelt.error_message or 'no result'}")
                return
            self._write(name, watched, result_as_markdown(self._client, smelt))
        except Refused as refused:
            if refused.code not in GONE:
                raise
            self._end(name, watched, error=str(refused))

    def _write(self, name: str, watched: Watched, result: bytes) -> None:
        """Its name is noted first, and it comes there whole: what has the name after a crash is the result."""
        path = self._folder / name
        if watched.result is None:
            watched.result = _free_name(path)
            self._state.results.add(str(Path(name).with_name(watched.result)))
            self._state.save()
        target, new = path.with_name(watched.result), path.with_name(UNFINISHED)
        try:
            if not target.exists():
                new.write_bytes(result)
                new.rename(target)
        except OSError as problem:
            if problem.errno not in NO_PLACE:
                raise OSError(problem.errno, problem.strerror, str(target)) from problem
            self._end(name, watched, error=f"{target} can't be written: {problem.strerror}")
            return
        self._end(name, watched)

    def _end(self, name: str, watched: Watched, error: str | None = None) -> None:
        watched.done, watched.error = True, error and in_one_line(error)
        self._state.save()
        if error is None:
            self._tell("done", name, watched.result or "")
        else:
            self._tell("failed", name, error)


def _free_name(path: Path) -> str:
    """`talk.m4a.md`, or with a number where that is taken."""
    names = [f"{path.name}{RESULT}", *(f"{path.name} ({number}){RESULT}" for number in range(2, 1_000))]
    return next(name for name in names if not os.path.lexists(path.with_name(name)))
