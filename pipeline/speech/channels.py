"""A recording whose channels are heard each by itself: the sides of a telephone call, of which each is a speaker.

It is decoded once for each, since nothing may hold hours of samples. Each is cut into passages of its own, and
whichever has been heard least far is heard on: so none is more than a passage ahead of the others.

    S1 ──passage──│────passage─────│
    S2 ────passage────│──passage──│              heard on next
    S3 ─────────passage────────────────│
                                  ^ settled

What begins before the place up to which all have been heard is *settled*: nobody can say anything before it any more.
It is told in order of time, with labels by first appearance. The rest waits.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

from pipeline.errors import SmeltError
from pipeline.speech.channel_hearing import ChannelHearing
from pipeline.speech.mixed_channels import MixedChannels, Open, Report
from pipeline.speech.passage import Before, HeardChannel, Passage
from pipeline.speech.recognizer import Hints, Recognition, Recognizer
from pipeline.speech.speakers import label, spoken_by
from pipeline.speech.transcript import Segment, Span, Transcript
from pipeline.states import ErrorCode

MOST_CHANNELS = 8
"""Heard by themselves: each costs as much as a recording of one."""

ONE_CHANNEL = "The recording has only one channel; its speakers were not told apart."


class SeparateChannels:
    """As MixedChannels. `before`: may be of a recording that turned out to have too many channels: then, too, they are
    heard as one.

    A recording of one channel has no speakers, and a warning that says so. Files may be joined whose numbers of
    channels differ: one that comes later said nothing before, and what was told while there was one has no speaker.
    """

    def __init__(self, open_: Open, recognizer: Recognizer, hints: Hints, before: Before) -> None:
        self._open, self._recognizer, self._hints = open_, recognizer, hints
        self._channels = [self._made(number, heard) for number, heard in enumerate(before.channels)]
        self._done = before.end
        self._mixed = None
        if not self._channels and before.end:
            self._mixed = MixedChannels(open_, recognizer, hints, before)

    def passages(self, report: Report) -> Iterator[Passage]:
        """Each has what is told, and what is known of each channel, whose own passages may end later. `report` and what
        is raised: as of MixedChannels.
        """

        def forward(done: float, total: float | None) -> None:
            self._done = max(self._done, done)  # which falls where a channel turns up
            report(self._done, total)

        if self._mixed is None:
            yield from self._heard_each(forward)
        if self._mixed is not None:
            yield from self._mixed.passages(forward)

    @property
    def outcome(self) -> Transcript:
        """As of MixedChannels."""
        if self._mixed is not None:
            outcome = self._mixed.outcome
            return replace(outcome, warnings=(*outcome.warnings, _too_many(self._mixed.channels)))
        channels = self._channels
        warnings = [warning for channel in channels for warning in channel.warnings]
        if self._count == 1:
            warnings.append(ONE_CHANNEL)
        if self._count > MOST_CHANNELS:
            warnings.append(_too_many_later(self._count))
        return Transcript(
            (),
            max(channels, key=lambda channel: channel.heard.seconds).recognition.language,
            round(max(channel.recognition.done_seconds for channel in channels), 3),
            tuple(dict.fromkeys(warnings)),
            tuple(sorted(span for channel in channels for span in channel.recognition.unheard)),
            self._hints.task,
        )

    @property
    def _count(self) -> int:
        """Of the recording's channels, as far as it was decoded."""
        return max(len(self._channels), *(channel.decoder.channels for channel in self._channels))

    def _made(self, number: int, heard: HeardChannel) -> ChannelHearing:
        return ChannelHearing(
            self._open(number), Recognition(self._recognizer, self._hints, heard.before), heard
        )

    def _heard_each(self, report: Report) -> Iterator[Passage]:
        """Ends early where there are more channels than are heard by themselves, which are to be mixed then."""
        begins = not self._channels
        if begins:
            self._channels.append(self._made(0, HeardChannel()))
        while ahead := [channel for channel in self._channels if not channel.is_over]:
            slowest = min(ahead, key=lambda channel: channel.end)
            settled = slowest.end
            heard = slowest.hear_on(lambda: self._report(report))
            if begins and self._count > MOST_CHANNELS:
                self._mixed = MixedChannels(self._open, self._recognizer, self._hints, Before())
                return
            begins = False
            self._take_in_new(settled)
            told = self._newly_settled()
            if heard is not None or told:
                yield self._passage(told, () if heard is None else heard.unheard)
        if not any(channel.heard.before.words for channel in self._channels):
            raise SmeltError(ErrorCode.NO_SPEECH)

    def _report(self, report: Report) -> None:
        """The mean of all channels, also of those that have just turned up."""
        count = min(self._count, MOST_CHANNELS)
        done = [channel.done for channel in self._channels]
        new = [min(channel.end for channel in self._channels)] * (count - len(done))
        totals = [channel.decoder.duration_seconds or 0.0 for channel in self._channels]
        report(sum((*done, *new)) / count, max(totals) or None)

    def _take_in_new(self, settled: float) -> None:
        """Channels that were seen just now said nothing before what was settled then: more had been decoded."""
        for number in range(len(self._channels), min(self._count, MOST_CHANNELS)):
            self._channels.append(self._made(number, HeardChannel(Before(settled))))

    def _newly_settled(self) -> tuple[Segment, ...]:
        """What nobody can say anything before any more, with its speakers."""
        until = min((channel.end for channel in self._channels if not channel.is_over), default=math.inf)
        taken = [(segment, channel) for channel in self._channels for segment in channel.take(until)]
        taken.sort(key=lambda pair: (pair[0].start, pair[0].end))
        if len(self._channels) == 1:
            return tuple(segment for segment, _ in taken)
        return tuple(spoken_by(segment, self._label(channel)) for segment, channel in taken)

    def _label(self, channel: ChannelHearing) -> str:
        if channel.heard.label is None:
            given = sum(each.heard.label is not None for each in self._channels)
            channel.heard = replace(channel.heard, label=label(given))
        return str(channel.heard.label)

    def _passage(self, told: tuple[Segment, ...], unheard: tuple[Span, ...]) -> Passage:
        end = min(channel.end for channel in self._channels)
        return Passage(end, told, unheard, channels=tuple(channel.heard for channel in self._channels))


def _too_many(count: int) -> str:
    return (
        f"The recording has {count} channels, and at most {MOST_CHANNELS} are heard by themselves; they were "
        "heard as one, and its speakers not told apart."
    )


def _too_many_later(count: int) -> str:
    return f"In its course the recording has {count} channels; only the first {MOST_CHANNELS} were heard."
