"""A speech process whose model is loaded, and the recordings that it is at work on.

One thread reads what it says and gives each recording's messages to its conversation. Who stops following one leaves it
to the child, which may still be at work on it for a moment: until it says that it isn't, a death may be this one's too.
"""

import threading
from itertools import count

from pipeline.processes.child_handle import ChildHandle
from pipeline.processes.child_wire import Closed, Message
from pipeline.speech.conversation import ENDS, Conversation
from pipeline.speech.wire import SpeechJob, job_to_json


class SpeechChild:
    """For several threads. `in_company`: once it has ended, whether it was at work on several recordings then."""

    def __init__(self, handle: ChildHandle) -> None:
        self.handle = handle
        self.in_company = False
        self._numbers = count()
        self._lock = threading.Lock()
        self._ended = False
        self._open: dict[int, Conversation] = {}
        self._reader = threading.Thread(target=self._read, name="speech-reader", daemon=True)
        self._reader.start()

    @property
    def usable(self) -> bool:
        return not self._ended and self.handle.alive()

    def begin(self, job: SpeechJob) -> Conversation:
        """Gives it a job. Raises Closed."""
        with self._lock:
            if self._ended:
                raise Closed
            conversation = Conversation(next(self._numbers))
            self._open[conversation.number] = conversation
        self.handle.channel.send({"id": conversation.number, "job": job_to_json(job)})
        return conversation

    def cancel(self, conversation: Conversation) -> bool:
        """Tells the child that nobody wants this one any more. False: it has no other, and is better ended.

        Raises Closed.
        """
        with self._lock:
            if conversation.number not in self._open:
                return True  # it has just ended
            if len(self._open) == 1:
                self._note_end()
                return False
        self.handle.channel.send({"cancel": conversation.number})
        return True

    def end(self) -> int:
        """Kill it if it still runs. Gives its exit code; minus the signal if one ended it."""
        with self._lock:
            self._note_end()
        self.handle.process.kill()
        self._reader.join()  # it reads from what is closed next
        return self.handle.end()

    def _note_end(self) -> None:
        """From now on it takes no job."""
        if not self._ended:
            self._ended = True
            self.in_company = len(self._open) > 1

    def _read(self) -> None:
        try:
            while True:
                self._pass_on(self.handle.channel.receive() or {})
        except (Closed, KeyError, TypeError):  # a message of another shape than agreed is as good as none
            with self._lock:
                self._note_end()
                for conversation in self._open.values():
                    conversation.put(None)

    def _pass_on(self, message: Message) -> None:
        with self._lock:
            conversation = self._open[message["id"]]
            if message["event"] in ENDS:
                del self._open[conversation.number]
        conversation.put(message)
