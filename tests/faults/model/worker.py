"""A worker that stops wherever its process could die or fall silent, and goes on when the machine says so.

It runs the real `run_next` with the real work of its queue in a thread; only the engine, the receiver and the pauses
are scripted. No connection is held while it pauses, and one worker moves at a time, so one connection is enough.
"""

import threading
from dataclasses import replace
from queue import SimpleQueue
from typing import cast

from db.work.claims import Claim, WorkTable
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from db.work.tables import BY_QUEUE
from db.work.webhooks import DELIVERIES
from pipeline.content.objects import Objects
from pipeline.net.networks import networks
from pipeline.speech.process import SpeechProcess
from tests.faults.model.commands import ERRORS, Command, Died, Place
from tests.faults.model.doubles import TLS, PausingStore, Receiver, ScriptedEngines, ScriptedSpeech
from workers.actors.deliver import deliver
from workers.actors.maintenance import maintain
from workers.actors.synthesize import synthesize
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

WAIT_SECONDS = 30.0  # seconds that one step may take


class Worker:
    """`place`: where it pauses; None once it has ended. `claim`: the row that it took, None if there was none."""

    def __init__(self, services: Services, objects: Objects, actor: ActorName) -> None:
        self.table: WorkTable = BY_QUEUE[actor.route.pool]
        self.claim: Claim | None = None
        self.place: Place | None = None
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._paused = threading.Semaphore(0)
        self._error: BaseException | None = None
        self.most_attempts = services.settings.max_attempts
        self._actor = actor
        self._services = replace(services, content=PausingStore(objects, self._pause))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._await_pause()

    def tell(self, command: Command) -> None:
        """Goes on with this, until it pauses again or ends. Raises what it ended with, if that wasn't foreseen."""
        self._commands.put(command)
        self._await_pause()

    def _pause(self, place: Place) -> Command:
        """Called by what the worker works with."""
        self.place = place
        self._paused.release()
        command = self._commands.get()
        if command in ERRORS:
            raise ERRORS[command]()
        return command

    def _await_pause(self) -> None:
        assert self._paused.acquire(timeout=WAIT_SECONDS), "a worker neither paused nor ended"
        if self.place is None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            run_next(self._services, self._actor, self._perform, threading.Event())
        except Died:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the machine's own thread
            self._error = error
        self.place = None
        self._paused.release()

    def _perform(self, task: Task) -> None:
        self.claim = task.claim
        self._pause(Place.CLAIMED)
        if self.table is FILES:
            speech = cast("SpeechProcess", ScriptedSpeech(self._pause))
            transcribe(task, speech, only_short=self._actor is ActorName.TRANSCRIBE_SHORT_FILE)
        elif self.table is OUTPUTS:
            synthesize(task, ScriptedEngines(self._pause))
        elif self.table is DELIVERIES:
            deliver(task, Receiver(networks(["127.0.0.0/8"]), TLS, pause=self._pause))
        else:
            maintain(task)
