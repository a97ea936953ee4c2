"""A window that the model is asked about before it is heard: which language is spoken in it."""

from dataclasses import dataclass, field

from pipeline.speech.encoded import Encoded
from pipeline.speech.samples import Features


@dataclass(slots=True, eq=False)
class Identification:
    """`start`, `end`: the window, in seconds from the block's start. `features`: of the block.

    `languages`: the probable ones, the most probable first, once the model has been asked: `[("<|en|>", 0.9), …]`.
    `encoded`: what the model has made of the window for that; who hears it as it is needs no second time.
    """

    start: float
    end: float
    features: Features = field(repr=False)
    languages: list[tuple[str, float]] | None = None
    encoded: Encoded | None = field(default=None, repr=False)

    @property
    def ended(self) -> bool:
        return self.languages is not None

    @property
    def left(self) -> float:
        """Seconds that the model hasn't been asked about."""
        return 0.0 if self.ended else self.end - self.start
