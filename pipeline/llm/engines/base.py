"""What every synthesis engine takes, gives and promises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.llm.documents import Document
from pipeline.states import DefaultPromptName

OPENAI_URL = "https://api.openai.com/v1"

OnProgress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """What to do: one of the default prompts, or (without a name) a user's own with its text."""

    name: DefaultPromptName | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A finished result. Token counts are summed over all calls; 0 where no model was called."""

    markdown: str
    model: str
    input_tokens: int
    output_tokens: int


class SynthesisEngine(Protocol):
    """Safe to call from several threads at once."""

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        """Apply the prompt once, to all documents together, in their order.

        `on_progress` is called in the caller's thread with a share from 0 to 1 that never falls, at least
        about once a second. Whatever it raises stops the work at once and is raised from here.

        Raises `WorkError` (`RateLimited` where the provider asks to wait), never with content in it.
        """
        ...

    def close(self) -> None:
        """Release connections and threads. The engine can't be used afterwards."""
        ...
