"""How a speech model is run, and that it cannot be. Needs no numpy: the process that starts others reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeechEngineSettings:
    """Which model recognizes, and how it runs. See `SMELT_WHISPER_*` in `pipeline/settings/models.py`.

    `auto` and 0 are filled in by `pipeline/speech/engine_choice.py`.
    """

    model: str  # a name or a folder, see `pipeline/speech/models.py`
    device: str = "auto"
    compute_type: str = "auto"
    threads: int = 0  # of the CPU
    batch_size: int = 0  # windows heard together
    lanes: int = 0  # recordings heard at once

    @property
    def workers(self) -> int:
        """Calls of the model that run side by side, each with `threads`: decoding takes many small steps, which leave
        threads idle. Two are measured, on two cores.
        """
        return 2 if self.device == "cpu" and self.threads > 1 else 1


class ModelUnavailable(Exception):
    """The speech model can't be loaded. The message says which setting to change."""
