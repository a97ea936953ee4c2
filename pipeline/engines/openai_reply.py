"""What one call to a chat server brings, chunk by chunk.

The SDK builds chunks without checking them: any field may be missing or of another type. What isn't needed may be
missing; what is there in another shape than the protocol's is a `TypeError`, for which `openai_chat.py` has a code.
"""

from dataclasses import dataclass, field

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta

_CUT_OFF = ("length", "max_tokens")
_THOUGHTS = (
    "reasoning_content",
    "reasoning",
)  # no part of the protocol, and what thinking models send for minutes
_MOST_TOKENS = 2**53  # a larger count is no count, and may not be one in other programs


@dataclass(slots=True)
class Reply:
    """What one call has brought so far."""

    text: list[str] = field(default_factory=list)
    finish: str | None = None
    refused: bool = False
    begun: bool = False  # whether anything of the protocol's shape has come
    input_tokens: int | None = None
    output_tokens: int | None = None
    chunks: int = 0  # that brought something

    def take(self, chunk: ChatCompletionChunk) -> bool:
        """Whether the chunk brought anything: words, thoughts, counts or the end."""
        if not isinstance(chunk, ChatCompletionChunk):
            raise TypeError("no chunk")
        counted = self._count(chunk.usage)
        said = [self._hear(choice) for choice in chunk.choices or ()]
        brought = counted or any(said)
        self.chunks += brought
        return brought

    @property
    def cut_off(self) -> bool:
        """Whether the answer stops at a limit of length."""
        return self.finish in _CUT_OFF

    @property
    def broken_off(self) -> bool:
        """Whether the answer stops anywhere, without an end."""
        return self.finish in (None, "error")

    def _count(self, usage: object) -> bool:
        if not isinstance(usage, CompletionUsage):
            return False
        read, written = _tokens(usage.prompt_tokens), _tokens(usage.completion_tokens)
        self.input_tokens = self.input_tokens if read is None else read
        self.output_tokens = self.output_tokens if written is None else written
        return read is not None or written is not None

    def _hear(self, choice: object) -> bool:
        if not isinstance(choice, Choice):
            raise TypeError("no choice")
        finished = _word(choice.finish_reason)
        self.begun = self.begun or bool(finished)
        self.finish = finished.lower() or self.finish
        said = self._say(choice.delta)
        return bool(finished or said)

    def _say(self, delta: object) -> bool:
        if not delta:  # null, missing or an empty list: some servers write so at the end
            return False
        if not isinstance(delta, ChoiceDelta):
            raise TypeError("no delta")
        self.begun = True
        text = _word(delta.content)
        self.text.append(text)
        self.refused = self.refused or bool(delta.refusal)
        return bool(text or delta.refusal or any((delta.model_extra or {}).get(name) for name in _THOUGHTS))


def _word(value: object) -> str:
    if not isinstance(value, str | None):
        raise TypeError("no text")
    return value or ""


def _tokens(value: object) -> int | None:
    """A server's count; None, to be estimated, where it isn't one."""
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None


def whole_characters(text: str) -> str:
    """`text` as it can be encoded: the halves of characters joined, lone ones replaced.

    Gateways that cut by UTF-16 send one character in two chunks, each with half of it.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
