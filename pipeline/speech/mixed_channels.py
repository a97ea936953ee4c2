"""A recording whose channels are heard as one: all of it goes through a recognizer once."""

from collections.abc import Callable, Iterator

from pipeline.speech.audio import Decoder
from pipeline.speech.blocks import cut
from pipeline.speech.passage import Before, Passage
from pipeline.speech.recognizer import Hints, Recognition, Recognizer
from pipeline.speech.transcript import Transcript

Open = Callable[[int | None], Decoder]
"""A decoder of that channel alone, or (None) of all mixed."""
Report = Callable[[float, float | None], None]
"""Is told how many seconds are done, and of how many, if that is known."""


class MixedChannels:
    """`before`: what was heard of the recording already. That is decoded again: only that tells where a time lies in
    the file, and what is missing there.
    """

    def __init__(self, open_: Open, recognizer: Recognizer, hints: Hints, before: Before) -> None:
        self._decoder = open_(None)
        self._recognition = Recognition(recognizer, hints, before)

    @property
    def channels(self) -> int:
        """That the recording has, as far as it was decoded."""
        return self._decoder.channels

    def passages(self, report: Report) -> Iterator[Passage]:
        """In order. Raises SmeltError NO_SPEECH at the end if there were no words, and what decoder, recognizer and
        `report` raise.
        """
        blocks = cut(self._decoder.samples(), start_seconds=self._recognition.before.end)
        yield from self._recognition.passages(
            blocks, lambda done: report(done, self._decoder.duration_seconds)
        )

    @property
    def outcome(self) -> Transcript:
        """What is known once all passages have been heard, without their segments."""
        recognition = self._recognition
        return Transcript(
            (),
            recognition.language,
            round(recognition.done_seconds, 3),
            (*recognition.warnings, *self._decoder.warnings),
            tuple(recognition.unheard),
            recognition.hints.task,
        )
