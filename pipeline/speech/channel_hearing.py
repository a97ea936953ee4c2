"""One of a recording's channels on its way through a recognizer, passage by passage, while the others wait."""

from collections.abc import Callable
from dataclasses import replace

from pipeline.errors import SmeltError
from pipeline.speech.audio import Decoder
from pipeline.speech.blocks import cut
from pipeline.speech.passage import HeardChannel, Passage
from pipeline.speech.recognizer import Recognition
from pipeline.speech.transcript import Segment
from pipeline.states import ErrorCode


class ChannelHearing:
    """`decoder`: of this channel alone. `heard`: what is known of it by now. `done`: seconds, also within a passage."""

    def __init__(self, decoder: Decoder, recognition: Recognition, heard: HeardChannel) -> None:
        self.decoder, self.recognition, self.heard = decoder, recognition, heard
        self.done = self.end
        self.is_over = False
        self._report: Callable[[], None] = lambda: None
        self._passages = recognition.passages(cut(decoder.samples(), start_seconds=self.end), self._progress)

    @property
    def end(self) -> float:
        """Up to which it has been heard, in seconds."""
        return self.heard.before.end

    @property
    def warnings(self) -> tuple[str, ...]:
        """Complete once it is over."""
        return (*self.recognition.warnings, *self.decoder.warnings)

    def hear_on(self, report: Callable[[], None]) -> Passage | None:
        """Its next passage, if there is one. `report` is called when `done` has grown."""
        self._report = report
        try:
            passage = next(self._passages, None)
        except SmeltError as error:
            if error.code is not ErrorCode.NO_SPEECH:  # which counts only where all are silent
                raise
            passage = None
        if passage is None:
            self.is_over = True
        else:
            self.heard = self.heard.followed_by(passage)
        return passage

    def take(self, until: float) -> list[Segment]:
        """What it says before this time and hasn't been told. Times of segments are in milliseconds."""
        waiting = self.heard.waiting
        taken = [segment for segment in waiting if segment.start < round(until, 3)]
        self.heard = replace(self.heard, waiting=waiting[len(taken) :])
        return taken

    def _progress(self, done: float) -> None:
        self.done = done
        self._report()
