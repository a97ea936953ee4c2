"""The speech model, fetched from the hub where it isn't here yet, with word of how far that is."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Neither package ships types
from faster_whisper.utils import _MODELS  # type: ignore[import-untyped]
from huggingface_hub import snapshot_download
from tqdm import tqdm  # type: ignore[import-untyped]

TELL_SECONDS = 2.0
WORTH_TELLING = 1_000_000  # bytes; the small files come first, and are here at once
# What faster-whisper reads of a model's repository
FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
_BYTES = "Downloading"  # how the hub's client begins the title of its bar of bytes

Tell = Callable[[str], None]


def fetched(model: str, tell: Tell) -> str:
    """The folder of a model: itself, or the hub's copy here, which is downloaded if need be.

    `tell` gets a line every two seconds meanwhile, from any thread, one at a time. A name that nobody knows is given
    back: the engine says what it thinks of it. Raises what the hub's client does.
    """
    repository = model if "/" in model else _MODELS.get(model)
    if repository is None or Path(model).is_dir():
        return model
    return snapshot_download(repository, allow_patterns=list(FILES), tqdm_class=_telling(tell))


def _telling(tell: Tell) -> type[Any]:
    """A class of progress bars that show nothing: the one that counts bytes tells."""
    lock = threading.Lock()
    due = time.monotonic()

    class Telling(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            self._counts = str(options.get("desc")).startswith(_BYTES)

        def update(self, amount: float | None = 1) -> None:
            nonlocal due
            if not self._counts:
                return
            with lock:
                self.n += amount or 0
                if self.total and self.total >= WORTH_TELLING and time.monotonic() >= due:
                    due = time.monotonic() + TELL_SECONDS
                    share = min(1.0, self.n / self.total)
                    tell(f"{share:.0%} of {self.total / 1e6:,.0f} MB downloaded")

    return Telling
