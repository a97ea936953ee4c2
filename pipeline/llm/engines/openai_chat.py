"""Calls to an OpenAI-compatible chat server, streamed where it streams."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

from httpx2 import TimeoutException  # of the library that the SDK speaks HTTP with
from openai import APIConnectionError, APIError, AsyncStream, OpenAIError
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import SecretStr

from pipeline.errors import RateLimited, Unanswered, WorkError
from pipeline.llm import messages
from pipeline.llm.engines.draft import Draft
from pipeline.llm.engines.event_stream import BROKEN_BODY, contents
from pipeline.llm.engines.features import Feature, Features
from pipeline.llm.engines.openai_client import make_client
from pipeline.llm.engines.openai_errors import malformed, timed_out, translate
from pipeline.llm.engines.openai_features import body, is_clear, refused
from pipeline.llm.engines.openai_length import is_long, is_short, may_be_length, tells_length
from pipeline.llm.engines.openai_reply import Reply
from pipeline.llm.engines.openai_usage import ReadCounts
from pipeline.llm.messages import Message
from pipeline.llm.synthesis import Answer, ContextExceeded
from pipeline.llm.token_counts import estimate_tokens, fewest_tokens
from pipeline.metrics.servers import expect_calls, llm_call_seconds, llm_calls, note_tokens
from pipeline.states import ErrorCode

_MOST_CONTINUATIONS = 8  # an answer cut off more often than this is a model that doesn't stop
_TAIL_SECONDS = 5.0  # for what comes behind an answer's end: counts
_SHORT: list[Message] = [
    {"role": "system", "content": "You answer in one word."},
    {"role": "user", "content": "Answer with the word OK."},
]
# A chunk that isn't JSON, or not of the protocol's shape, or nested too deep.
_MISSHAPEN = (ValueError, TypeError, AttributeError, RecursionError)
_Failure = WorkError | ContextExceeded
_UNCLEAR = (ErrorCode.SYNTHESIS_FAILED, ErrorCode.API_UNAVAILABLE, ErrorCode.API_RATE_LIMITED)


class OpenAIChat:
    """One server, one model, one pool of connections. Belongs to the event loop that first uses it."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: SecretStr | None,
        model: str,
        context_tokens: int,
        timeout: float,
        features: Features | None = None,
        on_answer: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`base_url` None is OpenAI's own; `timeout` is in seconds, between any two signs of an answer.

        `features`: of this server and model; its own, unless others ask the same. `on_answer`: told of every call that
        was answered, when it was made.
        """
        expect_calls()
        self._on_answer = on_answer
        self._features = features or Features()
        self._counts = ReadCounts()
        self._answered = False
        self._client = make_client(base_url, api_key, timeout)
        self._model = model
        self._context_tokens = context_tokens
        self._timeout = timeout

    async def ask(self, conversation: Sequence[Message], on_tokens: Callable[[int], None]) -> Answer:
        """The complete answer, asked for in several calls where the server cuts it off by length.

        Raises `WorkError`, or `ContextExceeded` where the conversation is too long for the model.
        """
        draft, read, written = Draft.of(conversation), 0, 0
        turn = list(conversation)
        for _ in range(1 + _MOST_CONTINUATIONS):
            try:
                reply = await self._call(turn, on_tokens, estimate_tokens(draft.text))
            except ContextExceeded:
                if not draft.text:
                    raise
                # Another time the answer may be shorter.
                raise ContextExceeded(ErrorCode.SYNTHESIS_FAILED, retryable=True) from None
            text = "".join(reply.text)
            draft.add(text)
            more_read = self._input_tokens(turn, reply)
            more_written = estimate_tokens(text) if reply.usage.written is None else reply.usage.written
            note_tokens(more_read, more_written)
            read, written = read + more_read, written + more_written
            if not reply.cut_off:
                return Answer(_finished(draft, reply), read, written)
            if not text.strip():  # the same request would bring as little
                raise ContextExceeded(ErrorCode.SYNTHESIS_FAILED)
            turn = messages.continuation(conversation, draft.text)
        raise WorkError(
            ErrorCode.SYNTHESIS_FAILED, "The language model did not come to an end.", retryable=True
        )

    async def aclose(self) -> None:
        await self._client.close()

    async def _call(self, turn: Sequence[Message], on_tokens: Callable[[int], None], before: int) -> Reply:
        """One answer, asked for again without what the server refuses."""
        without = self._features.refused
        while True:
            made, reply = time.monotonic(), Reply()
            with llm_call_seconds.time():
                failure, error = await self._attempt(turn, without, reply, lambda n: on_tokens(before + n))
            llm_calls.labels(_outcome(failure)).inc()
            if failure is None:
                self._answered = True
                self._features.remember(without)
                self._on_answer(made)
                return reply
            if error is None or reply.begun or failure.code not in _UNCLEAR:
                raise failure
            if tells_length(error, turn) and not is_clear(error, turn, without):
                # Figures of a server that breaks down may be of anything; one that is away isn't told a length.
                if failure.code is ErrorCode.API_UNAVAILABLE and not await self._answers_short():
                    raise failure
                raise ContextExceeded
            feature = None if isinstance(failure, RateLimited) else refused(error, turn, without)
            if feature is None:
                break
            without |= {feature}
        unclear = failure.code is ErrorCode.SYNTHESIS_FAILED and may_be_length(error) and is_long(turn)
        if unclear and (self._answered or await self._answers_short()):
            raise ContextExceeded
        raise failure

    async def _answers_short(self) -> bool:
        """Whether a short request is answered, where a long one was refused and nobody knows why."""
        try:
            await self._call(_SHORT, lambda _: None, 0)
        except (WorkError, ContextExceeded):
            return False
        return True

    async def _attempt(
        self,
        turn: Sequence[Message],
        without: frozenset[Feature],
        reply: Reply,
        on_tokens: Callable[[int], None],
    ) -> tuple[_Failure | None, APIError | None]:
        """How it fails, and the server's own words, which must not become the context of what is raised."""
        failure: _Failure
        said: APIError | None = None
        try:
            await self._stream(turn, without, reply, on_tokens)
        except OpenAIError as error:
            failure = translate(error, short=is_short(turn))
            said = (
                error if isinstance(error, APIError) and not isinstance(error, APIConnectionError) else None
            )
        except (TimeoutError, TimeoutException):
            failure = timed_out()
        except BROKEN_BODY:
            failure = Unanswered(ErrorCode.API_UNAVAILABLE)
        except _MISSHAPEN:
            failure = malformed()
        except WorkError as error:
            failure = error
        else:
            return None, None
        if (
            isinstance(failure, Unanswered) and reply.begun
        ):  # it is there, and broke off: nobody waits for that
            failure = WorkError(failure.code, failure.detail, retryable=True, retry_after=failure.retry_after)
        return failure, said

    async def _stream(
        self,
        turn: Sequence[Message],
        without: frozenset[Feature],
        reply: Reply,
        on_tokens: Callable[[int], None],
    ) -> None:
        async with asyncio.timeout(self._timeout):
            stream = await self._open(body(self._model, turn, without))
        async with stream, aclosing(contents(stream.response)) as chunks:
            try:
                while await self._advance(chunks, reply):
                    on_tokens(reply.chunks)
                    if reply.chunks > self._context_tokens:
                        raise ValueError("an answer without end")
            except (OpenAIError, TimeoutError, *BROKEN_BODY, *_MISSHAPEN) as error:
                if not reply.ended or _is_filter(error):
                    raise
        if reply.broken_off:
            raise _broken_off() if reply.begun else malformed()

    async def _open(self, request: dict[str, object]) -> AsyncStream[ChatCompletionChunk]:
        return await self._client.post(
            "/chat/completions",
            cast_to=ChatCompletion,
            body=request,
            stream=True,
            stream_cls=AsyncStream[ChatCompletionChunk],
        )

    async def _advance(self, chunks: AsyncIterator[object], reply: Reply) -> bool:
        """Take chunks until one brings something; False at the stream's end.

        Raises `TimeoutError` when none does in time, whatever else keeps the line warm.
        """
        async with asyncio.timeout(min(self._timeout, _TAIL_SECONDS) if reply.ended else self._timeout):
            async for chunk in chunks:
                if reply.take(chunk):
                    return True
        return False

    def _input_tokens(self, turn: Sequence[Message], reply: Reply) -> int:
        """Tokens that the server read. Raises `ContextExceeded` where it certainly dropped some of them."""
        if not reply.usage.input_tokens:
            return sum(estimate_tokens(message["content"]) for message in turn)
        if self._counts.drops(sum(fewest_tokens(message["content"]) for message in turn), reply.usage):
            raise ContextExceeded
        return reply.usage.input_tokens


def _outcome(failure: _Failure | None) -> str:
    if failure is None:
        return "answered"
    return "too_long" if isinstance(failure, ContextExceeded) else failure.code


def _broken_off() -> WorkError:
    return WorkError(ErrorCode.API_UNAVAILABLE, "The language model broke off its answer.", retryable=True)


def _is_filter(error: BaseException) -> bool:
    failure = translate(error) if isinstance(error, OpenAIError) else None
    return isinstance(failure, WorkError) and failure.code is ErrorCode.CONTENT_FILTERED


def _finished(draft: Draft, reply: Reply) -> str:
    """The answer as clean Markdown. Raises `WorkError` where there is none."""
    text = draft.finished()
    if reply.filtered or (reply.refused and not text):
        raise WorkError(ErrorCode.CONTENT_FILTERED)
    if not text:
        raise WorkError(ErrorCode.SYNTHESIS_FAILED, "The language model's answer was empty.", retryable=True)
    return text
