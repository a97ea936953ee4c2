"""The engine that applies prompts with a language model."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from hashlib import sha256

from pydantic import SecretStr

from pipeline.errors import Unanswered, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.answers import Answers
from pipeline.llm.engines.base import OnProgress, PromptSpec, Synthesis
from pipeline.llm.engines.features import Features
from pipeline.llm.engines.loop import LoopThread
from pipeline.llm.engines.openai_chat import OpenAIChat
from pipeline.llm.messages import Message
from pipeline.llm.progress import Progress
from pipeline.llm.prompts import asks_for_times, default_prompt
from pipeline.llm.synthesis import ContextExceeded, PromptTask, Synthesizer
from pipeline.states import WaitingFor

HARMLESS: list[Message] = [{"role": "user", "content": "Answer with the word OK."}]
ANSWER_SECONDS = 10.0  # seconds for an answer to that

log = logging.getLogger(__name__)


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
        answers: Answers | None = None,
        features: Features | None = None,
    ) -> None:
        """`answers` and `features`: of this server and model; its own, unless other engines ask the same."""
        self._answers = answers or Answers()
        self._chat = OpenAIChat(
            base_url=base_url,
            api_key=api_key,
            model=model,
            context_tokens=context_tokens,
            timeout=timeout,
            features=features,
            on_answer=self._answers.note,
        )
        self._model = model
        self._context_tokens = context_tokens
        self._parallel = parallel
        self._loop = LoopThread()

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        """See `SynthesisEngine.apply`. An outage of the server is told by the error's `waiting_for`."""
        progress = Progress()
        synthesizer = Synthesizer(
            self._chat,
            _task(prompt),
            context_tokens=self._context_tokens,
            parallel=self._parallel,
            progress=progress,
        )

        def tell() -> None:
            on_progress(progress.share)

        with self._answers.circuit.calling():
            try:
                markdown = self._loop.run(synthesizer.run(documents), tell)
            except Unanswered as error:
                raise self._judge(error, _fingerprint(prompt, documents), tell) from None
        if self._answers.doubtful:
            self._answers.forget(_fingerprint(prompt, documents))
        on_progress(1.0)
        return Synthesis(markdown, self._model, synthesizer.input_tokens, synthesizer.output_tokens)

    def _judge(self, error: Unanswered, source: bytes, on_tick: Callable[[], None]) -> WorkError:
        """The same failure: as an outage, or as one that counts."""
        if self._answers.unsure(source):
            self._loop.run(self._ask(), on_tick)
        outage = self._answers.is_outage(source)
        return WorkError(
            error.code,
            error.detail,
            retryable=True,
            retry_after=error.retry_after,
            waiting_for=WaitingFor.LANGUAGE_MODEL if outage else None,
        )

    async def _ask(self) -> None:
        """Something harmless, so that it is known whether the server answers anything."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._chat.ask(HARMLESS, lambda _: None)
        except (WorkError, ContextExceeded, TimeoutError) as error:
            log.info("the language model's server answers nothing (%s)", type(error).__name__)

    def close(self) -> None:
        self._loop.close(self._chat.aclose())


def _task(prompt: PromptSpec) -> PromptTask:
    instructions = prompt.text if prompt.name is None else default_prompt(prompt.name).instructions
    return PromptTask(instructions, time_marks=asks_for_times(instructions))


def _fingerprint(prompt: PromptSpec, documents: Sequence[Document]) -> bytes:
    """Tells inputs apart and says nothing of them: the same at each attempt, as what is sent isn't (its tags)."""
    return sha256(repr((prompt, documents)).encode()).digest()
