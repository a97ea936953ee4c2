"""An event that a signal sets.

Not by the signal's handler: Python runs that between any two steps of the main thread, so also while `Event.wait` holds
the event's own lock, which the handler would then wait for, for ever. The interpreter notes signals in a pipe instead
(`signal.set_wakeup_fd`), and a thread that does nothing else reads it.
"""

import os
import signal
import threading

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def set_on_stop(event: threading.Event) -> None:
    """From now on SIGTERM and SIGINT set `event`, and nothing else. To be called once, in the main thread."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)  # one of Python's: else the interpreter isn't told

    def listen() -> None:
        while os.read(reader, 1)[0] not in STOP_SIGNALS:
            pass
        event.set()

    threading.Thread(target=listen, name="stop-signal", daemon=True).start()
