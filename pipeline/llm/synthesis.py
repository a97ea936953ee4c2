"""Applying one task to documents of any length through a chat model of limited context.

    fits              one call
    doesn't fit       split -> a call for each chunk, some at once -> merge the answers, in rounds if need be
    provider refuses  the estimate was too low: the refused chunk is split finer, and so is what follows

Nothing is cut: every character of the input is sent in exactly one first-round call, every answer enters
exactly one merge, and what can't be made to fit fails with `input_too_long`.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar

from pipeline.errors import WorkError
from pipeline.llm import messages
from pipeline.llm.documents import Document, render
from pipeline.llm.messages import Message
from pipeline.llm.progress import Progress
from pipeline.llm.retry_delay import retry_delay
from pipeline.llm.splitting import Chunk, DoesNotFit, Piece, pack
from pipeline.llm.token_counts import estimate_tokens
from pipeline.states import ErrorCode

T = TypeVar("T")

_LARGEST_ANSWER = 16_384  # tokens set aside for an answer; smaller contexts set aside a quarter
_CONTINUATION_TOKENS = 64


class ContextExceeded(Exception):
    """The model refused a request as longer than its context, took in only a part of it, or had no room to answer.

    `code`, `retryable`: how the work fails where the request can't be made shorter.
    """

    def __init__(self, code: ErrorCode = ErrorCode.INPUT_TOO_LONG, *, retryable: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class PromptTask:
    """What to make of the input, in words for the model."""

    instructions: str
    time_marks: bool  # whether recordings are given with the times at which things were said


class Chat(Protocol):
    async def ask(self, conversation: Sequence[Message], on_tokens: Callable[[int], None]) -> Answer:
        """The model's complete answer. `on_tokens` hears about how many tokens have come in so far.

        Raises `WorkError`, or `ContextExceeded`.
        """
        ...


class Synthesizer:
    """One synthesis: a task, its budget of tokens, and what it has cost so far."""

    def __init__(
        self, chat: Chat, task: PromptTask, *, context_tokens: int, parallel: int, progress: Progress
    ) -> None:
        self._chat = chat
        self._task = task.instructions
        self._time_marks = task.time_marks
        self._slots = asyncio.Semaphore(parallel)
        self._progress = progress
        self._room = _room(task.instructions, context_tokens)
        self._unfit = ContextExceeded()  # how it fails where that is room for nothing
        self._in_flight = 0
        self._failure: WorkError | None = None
        self.input_tokens = 0
        self.output_tokens = 0

    async def run(self, documents: Sequence[Document]) -> str:
        """The finished Markdown. Raises `WorkError`."""
        pieces = [
            Piece(document.name, render(document.transcript, time_marks=self._time_marks))
            for document in documents
        ]
        if not any(piece.text.strip() for piece in pieces):
            raise WorkError(ErrorCode.EMPTY_INPUT)
        chunks = self._pack(pieces)
        if len(chunks) == 1:
            conversation = messages.whole(self._task, chunks[0], named=len(documents) > 1)
            try:
                return await self._ask(conversation, chunks[0])
            except ContextExceeded as refusal:
                chunks = self._finer(chunks[0], refusal)
        self._progress.expect_more(len(chunks))  # a call for each, and one that merges them
        return await self._merge(await self._parts(chunks))

    async def _parts(self, chunks: Sequence[Chunk]) -> list[str]:
        count = len(chunks)
        answers = await _all([self._part(chunk, i, count) for i, chunk in enumerate(chunks, start=1)])
        return [text for texts in answers for text in texts]

    async def _part(self, chunk: Chunk, index: int, count: int) -> list[str]:
        try:
            return [await self._ask(messages.part(self._task, chunk, index, count), chunk)]
        except ContextExceeded as refusal:
            finer = self._finer(chunk, refusal)
        self._progress.expect_more(len(finer) - 1)
        return await self._parts(finer)

    async def _merge(self, answers: Sequence[str]) -> str:
        """Merge neighbours in rounds until one answer is left."""
        groups = self._groups(answers)
        while len(groups) > 1:
            self._progress.expect_more(sum(not _is_answer(group) for group in groups))
            merged = await _all([self._merge_group(group) for group in groups])
            fewer = self._groups(merged)
            if len(fewer) >= len(groups):
                raise WorkError(ErrorCode.INPUT_TOO_LONG)
            groups = fewer
        return await self._merge_group(groups[0])

    async def _merge_group(self, group: Chunk) -> str:
        if _is_answer(group):
            return group[0].text
        try:
            return await self._ask(messages.merge(self._task, group), group)
        except ContextExceeded as refusal:
            finer = self._finer(group, refusal)
        return await self._merge([passage.text for chunk in finer for passage in chunk])

    async def _ask(self, conversation: Sequence[Message], chunk: Chunk) -> str:
        """`chunk`: what of the conversation could be split."""
        async with self._slots:
            if self._failure:  # who waited for this slot must not begin what is lost already
                raise self._failure
            if _tokens(chunk) > self._room:  # another's refusal has shown meanwhile that this one won't fit
                raise ContextExceeded
            try:
                answer = await self._ask_again(conversation)
            except WorkError as error:
                self._failure = error
                raise
        self.input_tokens += answer.input_tokens
        self.output_tokens += answer.output_tokens
        self._progress.finished()
        return answer.text

    async def _ask_again(self, conversation: Sequence[Message]) -> Answer:
        for tries in itertools.count(1):
            self._in_flight += 1
            try:
                return await self._chat.ask(conversation, self._progress.streamed)
            except WorkError as error:
                wait = retry_delay(error, tries) if self._progress.done or self._in_flight > 1 else None
                if wait is None:
                    raise
            finally:
                self._in_flight -= 1
            await asyncio.sleep(wait)
        raise AssertionError

    def _groups(self, answers: Sequence[str]) -> list[Chunk]:
        return self._pack([Piece(f"Part {i}", answer) for i, answer in enumerate(answers, start=1)])

    def _finer(self, chunk: Chunk, refusal: ContextExceeded) -> list[Chunk]:
        """The refused chunk in at least two; what is packed later gets no more room than these."""
        # Where this one was packed before another was refused, the room is smaller already.
        if _tokens(chunk) <= self._room:
            self._room, self._unfit = _tokens(chunk) // 2 + 1, refusal
        return self._pack([Piece(passage.name, passage.text) for passage in chunk])

    def _pack(self, pieces: Sequence[Piece]) -> list[Chunk]:
        try:
            return pack(pieces, self._room)
        except DoesNotFit:
            raise WorkError(self._unfit.code, retryable=self._unfit.retryable) from None


def _is_answer(group: Chunk) -> bool:
    """Whether there is nothing to merge."""
    return len(group) == 1 and group[0].parts == 1


def _tokens(chunk: Chunk) -> int:
    return sum(passage.tokens for passage in chunk)


def _room(task: str, context_tokens: int) -> int:
    """Tokens left for the input in one call."""
    answer = min(_LARGEST_ANSWER, context_tokens // 4)
    return context_tokens - _wrapper() - estimate_tokens(task) - answer - _CONTINUATION_TOKENS


@cache
def _wrapper() -> int:
    """Tokens of what stands around a task and its input, which is the same for all of them."""
    wrappers = (messages.part("", (), 1_000, 1_000), messages.merge("", ()))
    return max(sum(estimate_tokens(message["content"]) for message in pair) for pair in wrappers)


async def _all(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first failure stops the others before it is raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
