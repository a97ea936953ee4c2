"""What a recognition says, segment by segment: tests that aren't about passages care for nothing else."""

from collections.abc import Callable, Iterable, Iterator

from pipeline.speech.blocks import Block
from pipeline.speech.recognizer import Recognition
from pipeline.speech.transcript import Segment


def segments_of(
    recognition: Recognition, blocks: Iterable[Block], on_progress: Callable[[float], None] | None = None
) -> Iterator[Segment]:
    """As it goes. Raises what `Recognition.passages` raises."""
    for passage in recognition.passages(blocks, on_progress):
        yield from passage.segments
