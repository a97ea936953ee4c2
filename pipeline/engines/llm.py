"""The engine that applies prompts with a language model."""

from collections.abc import Sequence

from pydantic import SecretStr

from pipeline.documents import Document
from pipeline.engines.base import OnProgress, PromptSpec, Synthesis
from pipeline.engines.loop import LoopThread
from pipeline.engines.openai_chat import OpenAIChat
from pipeline.progress import Progress
from pipeline.prompts import asks_for_times, default_prompt
from pipeline.synthesis import Synthesizer, Task


class LlmEngine:
    """Applies prompts through one OpenAI-compatible server. Keeps one pool of connections for all threads."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: SecretStr | None,
        model: str,
        context_tokens: int,
        parallel: int,
        timeout: float,
    ) -> None:
        self._chat = OpenAIChat(
            base_url=base_url, api_key=api_key, model=model, context_tokens=context_tokens, timeout=timeout
        )
        self._model = model
        self._context_tokens = context_tokens
        self._parallel = parallel
        self._loop = LoopThread()

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        """See `SynthesisEngine.apply`."""
        progress = Progress()
        synthesizer = Synthesizer(
            self._chat,
            _task(prompt),
            context_tokens=self._context_tokens,
            parallel=self._parallel,
            progress=progress,
        )
        markdown = self._loop.run(synthesizer.run(documents), lambda: on_progress(progress.share))
        on_progress(1.0)
        return Synthesis(markdown, self._model, synthesizer.input_tokens, synthesizer.output_tokens)

    def close(self) -> None:
        self._loop.close(self._chat.aclose())


def _task(prompt: PromptSpec) -> Task:
    instructions = prompt.text if prompt.name is None else default_prompt(prompt.name).instructions
    return Task(instructions, time_marks=asks_for_times(instructions))
