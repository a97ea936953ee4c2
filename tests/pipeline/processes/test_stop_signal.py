"""A stop signal is heard, whatever the process is doing; another signal is none."""

import subprocess
import sys

import pytest

# The signal comes while the main thread holds the event's lock, as `wait` does for a moment each time.
PROGRAM = """
import os, signal, threading
from pipeline.processes.stop_signal import set_on_stop
event = threading.Event()
set_on_stop(event)
with event._cond:
    os.kill(os.getpid(), signal.{number})
    os.getpid()  # Python runs a signal's handler between two steps
assert event.wait(20)
"""

OTHER_FIRST = """
import os, signal, threading
from pipeline.processes.stop_signal import set_on_stop
event = threading.Event()
set_on_stop(event)
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
assert not event.wait(0.5)
os.kill(os.getpid(), signal.SIGTERM)
assert event.wait(20)
"""


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_that_comes_while_the_event_is_locked_sets_it(number: str) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM.format(number=number)], check=True, timeout=30)


def test_another_signal_does_not_set_it() -> None:
    subprocess.run([sys.executable, "-c", OTHER_FIRST], check=True, timeout=30)
