"""Calls to an OpenAI-compatible chat server, streamed."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

from anyio import EndOfStream
from httpx2 import RequestError  # of the library that the SDK speaks HTTP with
from openai import AsyncStream, OpenAIError
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from pydantic import SecretStr

from pipeline import messages
from pipeline.engines.openai_client import make_client
from pipeline.engines.openai_errors import malformed, timed_out, translate
from pipeline.engines.openai_reply import Reply, whole_characters
from pipeline.errors import Unanswered, WorkError
from pipeline.messages import Message
from pipeline.states import ErrorCode
from pipeline.synthesis import Answer, ContextExceeded
from pipeline.tokens import estimate_tokens, fewest_tokens

_MOST_CONTINUATIONS = 8  # an answer cut off more often than this is a model that doesn't stop
_SMALLEST_CONTEXT = 1_000  # tokens; no server drops anything of a shorter prompt
_READ_AT_LEAST = 0.9  # share of the certain tokens; below it the server has dropped input
_THINKING = re.compile(r"\s*<think>.*?</think>", re.S)
_FENCE = re.compile(r"```(?:markdown|md)[^\S\n]*\n(.*)\n```", re.S)
# An error's body that breaks off or can't be decoded; the SDK translates what goes wrong elsewhere.
_BROKEN_BODY = (RequestError, EndOfStream, OSError)
# A chunk that isn't JSON, or not of the protocol's shape, or nested too deep.
_MISSHAPEN = (ValueError, TypeError, AttributeError, RecursionError)


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
        on_answer: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`base_url` None is OpenAI's own; `timeout` is in seconds, between any two signs of an answer.

        `on_answer`: told of every call that was answered, when it was made.
        """
        self._on_answer = on_answer
        self._client = make_client(base_url, api_key, timeout)
        self._model = model
        self._context_tokens = context_tokens
        self._timeout = timeout

    async def ask(self, conversation: Sequence[Message], on_tokens: Callable[[int], None]) -> Answer:
        """The complete answer, asked for in several calls where the server cuts it off by length.

        Raises `WorkError`, or `ContextExceeded` where the conversation is too long for the model.
        """
        said, answer, read, written = "", "", 0, 0
        turn = list(conversation)
        for _ in range(1 + _MOST_CONTINUATIONS):
            reply = await self._call(turn, on_tokens, estimate_tokens(answer))
            text = "".join(reply.text)
            said += text
            answer = whole_characters(said)
            read += _input_tokens(turn, reply)
            written += estimate_tokens(text) if reply.output_tokens is None else reply.output_tokens
            if not reply.cut_off:
                return Answer(_finished(answer, reply), read, written)
            if not text.strip():  # the same request would bring as little
                raise ContextExceeded(ErrorCode.SYNTHESIS_FAILED)
            turn = messages.continuation(conversation, answer)
        raise WorkError(
            ErrorCode.SYNTHESIS_FAILED, "The language model did not come to an end.", retryable=True
        )

    async def aclose(self) -> None:
        await self._client.close()

    async def _call(self, turn: Sequence[Message], on_tokens: Callable[[int], None], before: int) -> Reply:
        failure: WorkError | ContextExceeded
        made, reply = time.monotonic(), Reply()
        try:
            await self._stream(turn, on_tokens, before, reply)
        except OpenAIError as error:
            failure = translate(error)
        except TimeoutError:
            failure = timed_out()
        except _BROKEN_BODY:
            failure = Unanswered(ErrorCode.API_UNAVAILABLE)
        except _MISSHAPEN:
            failure = malformed()
        else:
            self._on_answer(made)
            return reply
        if (
            isinstance(failure, Unanswered) and reply.begun
        ):  # it is there, and broke off: nobody waits for that
            failure = WorkError(failure.code, failure.detail, retryable=True, retry_after=failure.retry_after)
        raise failure  # outside of the handlers: the SDK's error quotes the provider and must not be its context

    async def _stream(
        self, turn: Sequence[Message], on_tokens: Callable[[int], None], before: int, reply: Reply
    ) -> None:
        async with asyncio.timeout(self._timeout):
            stream = await self._open(turn)
        async with stream:
            chunks = aiter(stream)
            while await self._advance(chunks, reply):
                on_tokens(before + reply.chunks)
                if reply.chunks > self._context_tokens:
                    raise ValueError("an answer without end")
        if reply.broken_off:
            raise _broken_off() if reply.begun else malformed()

    async def _open(self, turn: Sequence[Message]) -> AsyncStream[ChatCompletionChunk]:
        return await self._client.chat.completions.create(
            model=self._model,
            messages=cast("list[ChatCompletionMessageParam]", turn),
            stream=True,
            stream_options={"include_usage": True},
        )

    async def _advance(self, chunks: AsyncIterator[ChatCompletionChunk], reply: Reply) -> bool:
        """Take chunks until one brings something; False at the stream's end.

        Raises `TimeoutError` when none does in time, whatever else keeps the line warm.
        """
        async with asyncio.timeout(self._timeout):
            async for chunk in chunks:
                if reply.take(chunk):
                    return True
        return False


def _broken_off() -> WorkError:
    return WorkError(ErrorCode.API_UNAVAILABLE, "The language model broke off its answer.", retryable=True)


def _input_tokens(turn: Sequence[Message], reply: Reply) -> int:
    """Tokens that the server read. Raises `ContextExceeded` where it certainly dropped some of them."""
    if not reply.input_tokens:
        return sum(estimate_tokens(message["content"]) for message in turn)
    # Some servers cut a long prompt and answer all the same; their own count gives them away.
    sent = sum(fewest_tokens(message["content"]) for message in turn)
    if sent > _SMALLEST_CONTEXT and reply.input_tokens < _READ_AT_LEAST * sent:
        raise ContextExceeded
    return reply.input_tokens


def _finished(answer: str, reply: Reply) -> str:
    """The answer as clean Markdown. Raises `WorkError` where there is none."""
    thoughts = _THINKING.match(answer)
    text = answer[thoughts.end() if thoughts else 0 :].strip()
    if fenced := _FENCE.fullmatch(text):
        text = fenced[1].strip()
    if reply.finish == "content_filter" or (reply.refused and not text):
        raise WorkError(ErrorCode.CONTENT_FILTERED)
    if not text:
        raise WorkError(ErrorCode.SYNTHESIS_FAILED, "The language model's answer was empty.", retryable=True)
    return text
