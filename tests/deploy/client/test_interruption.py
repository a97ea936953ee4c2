"""Signals that tell a command to end are exceptions in it, and nowhere else."""

import signal

import pytest

from deploy.client.interruption import TOLD_BY, Terminated, interruptible


def test_the_signals_are_as_before_once_the_block_is_left() -> None:
    before = [signal.getsignal(number) for number in TOLD_BY]
    with pytest.raises(Terminated), interruptible():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in TOLD_BY] == before


def test_a_signal_that_was_ignored_at_the_start_stays_so() -> None:
    """As with nohup, whose command outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
