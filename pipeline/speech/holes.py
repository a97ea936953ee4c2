"""Which gaps in a recording's time stamps are damage, and which are pauses: those take no bytes."""

from dataclasses import dataclass

from pipeline.speech.frames import Place
from pipeline.speech.header import Header
from pipeline.speech.sniff import MediaType
from pipeline.speech.timeline import Timeline

TOLERANCE_SECONDS = 1.0
"""Between what a header promises and what an honest file decodes to."""

_SHARE = 0.5  # of the bytes that a gap's seconds take elsewhere
_FEWEST_BYTES = 250  # of a second of sound


@dataclass(frozen=True, slots=True)
class Holes:
    """In one part. Gaps and what was `heard` before them are seconds. `place`: of the packet behind the gap."""

    media_type: MediaType
    header: Header
    streams: int  # of any kind: others' bytes may be what is in a gap

    def begin(self, timeline: Timeline, stamp: float, place: Place) -> None:
        """Where an Ogg's first pages could not be read, FFmpeg takes the first stamp that it sees for the beginning."""
        if self.media_type is MediaType.OGG and not timeline.seconds and self._is_skipped(stamp, place):
            timeline.begin_at(0.0)

    def is_one(self, gap: float, place: Place, heard: float) -> bool:
        if gap <= TOLERANCE_SECONDS:
            return False
        if self.media_type is MediaType.FLAC:  # which knows no pauses
            return True
        if self.streams > 1:
            return False
        if heard <= 0:
            return self._is_skipped(gap, place)
        return place.skipped > _SHARE * gap * (place.at - place.skipped) / max(1.0, heard)

    def _is_skipped(self, gap: float, place: Place) -> bool:
        """Whether there are bytes for the seconds before the first packet."""
        at = self.header.sound_at
        return at is not None and place.at - at > gap * _FEWEST_BYTES
