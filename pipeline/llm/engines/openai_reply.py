"""What one call to a chat server brings, chunk by chunk.

Any field of a chunk may be missing or of another type. What isn't needed may be missing; what is there in another shape
than the protocol's is a `TypeError`, for which `openai_chat.py` has a code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.llm.engines.event_stream import DONE
from pipeline.llm.engines.openai_usage import Usage

_CUT_OFF = {"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"}
_BROKEN_OFF = {"error", "abort", "cancelled", "canceled", "insufficient_system_resource"}
_FILTERED = {
    "content_filter",
    "content-filter",
    "safety",
    "recitation",
    "prohibited_content",
    "blocklist",
    "sensitive",
}
_NO_END = {"", "null", "none"}
# No part of the protocol, and what thinking models send for minutes
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")


@dataclass(slots=True)
class Reply:
    """What one call has brought so far."""

    text: list[str] = field(default_factory=list)
    finish: str | None = None
    refused: bool = False
    begun: bool = False  # whether anything of the protocol's shape has come
    done: bool = False  # whether the server has said that this is all
    usage: Usage = field(default_factory=Usage)
    chunks: int = 0  # that brought something

    def take(self, chunk: object) -> bool:
        """Whether the chunk brought anything: words, thoughts, counts or the end."""
        if chunk == DONE:
            self.done = True
            return True
        if not isinstance(chunk, Mapping):
            raise TypeError("no chunk")
        counted = self.usage.take(chunk.get("usage"))
        self.usage.take(chunk.get("timings"))
        choices = chunk.get("choices") or ()
        if not isinstance(choices, list | tuple):
            raise TypeError("no choices")
        said = [self._hear(choice) for choice in choices]
        brought = counted or any(said)
        self.chunks += brought
        return brought

    @property
    def ended(self) -> bool:
        """Whether the server has said so. What comes behind that, or doesn't, is no part of the answer."""
        return self.done or self.finish is not None

    @property
    def cut_off(self) -> bool:
        """Whether the answer stops at a limit of length."""
        return self.finish in _CUT_OFF

    @property
    def broken_off(self) -> bool:
        """Whether the answer stops anywhere, without an end."""
        return self.finish in _BROKEN_OFF or not self.ended or not self.begun

    @property
    def filtered(self) -> bool:
        return self.finish in _FILTERED

    def _hear(self, choice: object) -> bool:
        if not isinstance(choice, Mapping):
            raise TypeError("no choice")
        if choice.get("index"):  # an alternative that nobody asked for
            return False
        finish = choice.get("finish_reason")
        finished = _word(str(finish) if type(finish) is int else finish).lower()
        finished = "" if finished in _NO_END else finished
        self.begun = self.begun or bool(finished)
        self.finish = finished or self.finish
        text = {"content": choice["text"]} if choice.get("text") else None  # of the protocol before chats
        said = self._say(choice.get("delta") or choice.get("message") or text)
        return bool(finished or said)

    def _say(self, delta: object) -> bool:
        if not delta:  # null, missing or an empty list: some servers write so at the end
            return False
        if not isinstance(delta, Mapping):
            raise TypeError("no delta")
        self.begun = True
        text, thought = _content(delta.get("content"))
        self.text.append(text)
        self.refused = self.refused or bool(delta.get("refusal"))
        return bool(text or thought or delta.get("refusal") or any(delta.get(name) for name in _THOUGHTS))


def _content(value: object) -> tuple[str, bool]:
    """The words of a delta, and whether it holds thoughts. A list is of typed parts, each with its own text."""
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return _word(value), False
    words, thought = [], False
    for part in value:
        if not isinstance(part, Mapping):
            raise TypeError("no part")
        kind = part.get("type")
        if kind in (None, "text", "output_text"):
            text = part.get("text")
            words.append(_word(text.get("value") if isinstance(text, Mapping) else text))
        else:
            thought = thought or kind in ("thinking", "reasoning", "redacted_thinking")
    return "".join(words), thought


def _word(value: object) -> str:
    if not isinstance(value, str | None):
        raise TypeError("no text")
    return value or ""


def whole_characters(text: str) -> str:
    """`text` as it can be encoded: the halves of characters joined, lone ones replaced.

    Gateways that cut by UTF-16 send one character in two chunks, each with half of it.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
