"""Calls to an OpenAI-compatible chat server, streamed.

The SDK's retries are off (when to call again is decided outside), redirects are refused (content goes to the configured
server only), and the keys, addresses and headers that the SDK would take from the environment are overridden. Only a
proxy is still taken from there, as by any other program.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient, OpenAIError, Timeout
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from pydantic import SecretStr

from pipeline import messages
from pipeline.engines.base import OPENAI_URL
from pipeline.engines.openai_errors import malformed, translate
from pipeline.errors import WorkError
from pipeline.messages import Message
from pipeline.states import ErrorCode
from pipeline.synthesis import Answer, ContextExceeded
from pipeline.tokens import estimate_tokens, fewest_tokens

_NO_KEY = "none"  # servers without keys ignore it, the SDK insists on one
_MOST_CONTINUATIONS = 8  # an answer cut off more often than this is a model that doesn't stop
_CONNECT_SECONDS = 10.0
_SMALLEST_CONTEXT = 1_000  # tokens; no server drops anything of a shorter prompt
_READ_AT_LEAST = 0.9  # share of the certain tokens; below it the server has dropped input
_THINKING = re.compile(r"\s*<think>.*?</think>", re.S)
_FENCE = re.compile(r"```(?:markdown|md)[^\S\n]*\n(.*)\n```", re.S)


@dataclass(slots=True)
class _Reply:
    """What one call has brought so far."""

    text: list[str] = field(default_factory=list)
    finish: str | None = None
    refused: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    chunks: int = 0

    def take(self, chunk: ChatCompletionChunk) -> None:
        # The SDK builds chunks without checking them: any field may be missing or of another type.
        self.chunks += 1
        if usage := chunk.usage:
            self.input_tokens, self.output_tokens = usage.prompt_tokens, usage.completion_tokens
        for choice in chunk.choices or ():
            self.text.append(choice.delta.content or "")
            self.refused = self.refused or bool(choice.delta.refusal)
            self.finish = choice.finish_reason or self.finish


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
    ) -> None:
        """`base_url` None is OpenAI's own; `timeout` is in seconds, between any two chunks of an answer."""
        for name in ("openai", "httpx2", "httpcore2"):  # their debug and info lines hold addresses and bodies
            logging.getLogger(name).setLevel(logging.WARNING)
        key = api_key.get_secret_value() if api_key else _NO_KEY
        self._client = AsyncOpenAI(
            api_key=key,
            base_url=base_url or OPENAI_URL,
            max_retries=0,
            timeout=Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
            default_headers={"Authorization": f"Bearer {key}"},
            http_client=DefaultAsyncHttpxClient(follow_redirects=False),
        )
        self._client.organization = self._client.project = None
        self._model = model
        self._context_tokens = context_tokens
        self._timeout = timeout

    async def ask(self, conversation: Sequence[Message], on_tokens: Callable[[int], None]) -> Answer:
        """The complete answer, asked for in several calls where the server cuts it off by length.

        Raises `WorkError`, or `ContextExceeded` where the conversation is too long for the model.
        """
        answer, read, written = "", 0, 0
        turn = list(conversation)
        for _ in range(1 + _MOST_CONTINUATIONS):
            reply = await self._call(turn, on_tokens, estimate_tokens(answer))
            text = "".join(reply.text)
            answer += text
            read += _input_tokens(turn, reply)
            written += estimate_tokens(text) if reply.output_tokens is None else reply.output_tokens
            if reply.finish != "length":
                return Answer(_finished(answer, reply), read, written)
            turn = messages.continuation(conversation, answer) if answer else turn
        raise WorkError(
            ErrorCode.SYNTHESIS_FAILED, "The language model did not come to an end.", retryable=True
        )

    async def aclose(self) -> None:
        await self._client.close()

    async def _call(self, turn: Sequence[Message], on_tokens: Callable[[int], None], before: int) -> _Reply:
        failure: WorkError | ContextExceeded
        try:
            return await self._stream(turn, on_tokens, before)
        except OpenAIError as error:
            failure = translate(error)
        except TimeoutError:
            failure = WorkError(
                ErrorCode.TIMED_OUT, "The language model gave no answer in time.", retryable=True
            )
        except (
            ValueError,
            AttributeError,
            TypeError,
        ):  # a chunk that isn't JSON, or not of the protocol's shape
            failure = malformed()
        raise failure  # outside of the handlers: the SDK's error quotes the provider and must not be its context

    async def _stream(self, turn: Sequence[Message], on_tokens: Callable[[int], None], before: int) -> _Reply:
        reply = _Reply()
        async with asyncio.timeout(self._timeout):
            stream = await self._open(turn)
        async with stream:
            async for chunk in _paced(stream, self._timeout):
                reply.take(chunk)
                on_tokens(before + reply.chunks)
                if reply.chunks > self._context_tokens:
                    raise ValueError("an answer without end")
        if reply.finish is None:
            raise WorkError(
                ErrorCode.API_UNAVAILABLE, "The language model broke off its answer.", retryable=True
            )
        return reply

    async def _open(self, turn: Sequence[Message]) -> AsyncStream[ChatCompletionChunk]:
        return await self._client.chat.completions.create(
            model=self._model,
            messages=cast("list[ChatCompletionMessageParam]", turn),
            stream=True,
            stream_options={"include_usage": True},
        )


async def _paced(
    stream: AsyncStream[ChatCompletionChunk], seconds: float
) -> AsyncIterator[ChatCompletionChunk]:
    """The stream's chunks; raises `TimeoutError` when none comes for `seconds`, whatever else keeps the line warm."""
    chunks = aiter(stream)
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        yield chunk


def _input_tokens(turn: Sequence[Message], reply: _Reply) -> int:
    """Tokens that the server read. Raises `ContextExceeded` where it certainly dropped some of them."""
    if not reply.input_tokens:
        return sum(estimate_tokens(message["content"]) for message in turn)
    # Some servers cut a long prompt and answer all the same; their own count gives them away.
    sent = sum(fewest_tokens(message["content"]) for message in turn)
    if sent > _SMALLEST_CONTEXT and reply.input_tokens < _READ_AT_LEAST * sent:
        raise ContextExceeded
    return reply.input_tokens


def _finished(answer: str, reply: _Reply) -> str:
    """The answer as clean Markdown. Raises `WorkError` where there is none."""
    text = _THINKING.sub("", answer, count=1) if answer.lstrip().startswith("<think>") else answer
    text = text.strip()
    if fenced := _FENCE.fullmatch(text):
        text = fenced[1].strip()
    if reply.finish == "content_filter" or (reply.refused and not text):
        raise WorkError(ErrorCode.CONTENT_FILTERED)
    if not text:
        raise WorkError(ErrorCode.SYNTHESIS_FAILED, "The language model's answer was empty.", retryable=True)
    return text
