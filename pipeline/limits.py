"""What each tier may send (docs/design/callers.md). Sizes in bytes, durations in seconds."""

from dataclasses import dataclass

KB = 1_000
MB = 1_000_000
GB = 1_000_000_000
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Limits:
    inputs: int  # parts of one smelt
    audio_bytes: int  # one recording
    audio_seconds: float
    text_bytes: int  # one text, as UTF-8
    smelt_bytes: int  # all parts together
    combine: bool  # may ask for `combine` mode
    own_prompts: bool


ANONYMOUS = Limits(1, 25 * MB, 0.5 * HOUR, 200 * KB, 25 * MB, combine=False, own_prompts=False)
CREDITS = Limits(25, 200 * MB, 4 * HOUR, 2 * MB, 1 * GB, combine=True, own_prompts=True)
OWN_KEY = Limits(1_000, 1 * GB, 10 * HOUR, 10 * MB, 10 * GB, combine=True, own_prompts=True)
# Nobody else has to share the machine: what bounds this one is the disk (`SMELT_CONTENT_FREE_BYTES`).
LOCAL = Limits(1_000, 10 * GB, 24 * HOUR, 10 * MB, 20 * GB, combine=True, own_prompts=True)
