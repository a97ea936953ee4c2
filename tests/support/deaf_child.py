"""A speech process like `pipeline/speech/child.py`, whose model makes out nothing that is said after a time.

`python -m tests.support.deaf_child <file descriptor> <process id>`: see there. `deafen` does it to this process.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from pipeline.speech import child
from pipeline.speech.stream import Decoding, Stream
from pipeline.speech.whisper import Whisper

MODULE = "tests.support.deaf_child"
DEAF_AFTER = 15.0  # seconds of a block


def deafen(monkeypatch: pytest.MonkeyPatch, after_seconds: float) -> None:
    decoded = Whisper._decoded

    def deaf(self: Whisper, encoded: Any, streams: Sequence[Stream]) -> Iterator[Decoding]:
        for stream, decoding in zip(streams, decoded(self, encoded, streams), strict=True):
            yield Decoding((), -0.5, 0.0, 0.0) if stream.start >= after_seconds else decoding

    monkeypatch.setattr(Whisper, "_decoded", deaf)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        deafen(patch, DEAF_AFTER)
        child.main(int(sys.argv[1]), int(sys.argv[2]))
