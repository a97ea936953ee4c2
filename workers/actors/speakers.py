"""Tells the speakers of a recording apart, once it has been heard. Whatever goes wrong here, the transcript stays."""

import logging
from collections.abc import Callable
from dataclasses import replace

from pipeline.speakers.assignment import with_speakers
from pipeline.speakers.process import SpeakerProcess, SpeakersFailed
from pipeline.speech.speakers import SpeakerBounds
from pipeline.speech.transcript import Transcript
from pipeline.speech.wire import SpeechJob

log = logging.getLogger(__name__)

NOT_TOLD_APART = "The speakers could not be told apart."


def told_apart(
    transcript: Transcript,
    job: SpeechJob,
    bounds: SpeakerBounds,
    speakers: SpeakerProcess | None,
    on_tick: Callable[[float], None],
) -> Transcript:
    """The same with speakers, or with a warning that there are none. Raises what `on_tick` raises.

    `speakers` None: this worker can't. `on_tick`: is called twice a second with the share that is done.
    """
    if speakers is None:
        log.error("a smelt asks for speakers, and this worker can't tell them apart: install smelt[speakers]")
        return _without(transcript)
    try:
        told = speakers.tell_apart(job, bounds, transcript.duration_seconds or 0.0, on_tick)
    except SpeakersFailed as error:
        log.warning("the speakers were not told apart: %s", error)
        return _without(transcript)
    if not told.turns:
        return _without(transcript)
    return replace(transcript, segments=with_speakers(transcript.segments, told.turns))


def _without(transcript: Transcript) -> Transcript:
    return replace(transcript, warnings=(*transcript.warnings, NOT_TOLD_APART))
