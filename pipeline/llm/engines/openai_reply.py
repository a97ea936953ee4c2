"""What one call to a chat server brings, chunk by chunk.

Any field of a chunk may be missing or of another type. What isn't needed may be missing; what is there in another shape
than the protocol's is a `TypeError`, for which `openai_chat.py` has a code.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.llm.engines.event_stream import DONE
from pipeline.llm.engines.openai_usage import Usage

# Every provider has its own reasons. These are the words in them; a reason without any is an answer's regular end.
_CUT_OFF = re.compile("length|max[a-z_-]{0,16}token|(token|time)_?limit|context_?window|incomplete")
_BROKEN_OFF = re.compile("error|abort|cancel|time_?out|timed_?out|fail|interrupt|insufficient")
_FILTERED = re.compile(
    "filter|safety|recitation|prohibited|blocked|blocklist|sensitive|guardrail|spii|toxic|refus|policy"
)
_NO_END = {"", "null", "none"}
# No part of the protocol, and what thinking models send for minutes
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")


@dataclass(slots=True)
class Reply:
    """What one call has brought so far."""

    text: list[str] = field(default_factory=list)
    in_deltas: bool = False  # whether some of it came in deltas: a whole message behind them repeats it
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
        return bool(_CUT_OFF.search(self.finish or ""))

    @property
    def broken_off(self) -> bool:
        """Whether the answer stops anywhere, without an end."""
        if not self.ended or not self.begun:
            return True
        return bool(_BROKEN_OFF.search(self.finish or "")) and not self.filtered

    @property
    def filtered(self) -> bool:
        return bool(_FILTERED.search(self.finish or ""))

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
        if delta := choice.get("delta"):
            said = self._say(delta)
            self.in_deltas = self.in_deltas or bool(self.text[-1])
        else:
            text = {"content": choice["text"]} if choice.get("text") else None  # of the protocol before chats
            said = not self.in_deltas and self._say(choice.get("message") or text)
        return bool(finished or said)

    def _say(self, delta: object) -> bool:
        if not delta:  # null, missing or an empty list: some servers write so at the end
            return False
        if not isinstance(delta, Mapping):
            raise TypeError("no delta")
        self.begun = True
        parts = _parts(delta.get("content"))
        text = "".join(map(_text, parts))
        self.text.append(text)
        refusal = any(part.get("refusal") for part in (delta, *parts))
        self.refused = self.refused or refusal
        thought = any(map(_is_thought, parts)) or any(delta.get(name) for name in _THOUGHTS)
        return bool(text or refusal or thought)


def _parts(content: object) -> Sequence[Mapping[str, object]]:
    """What a delta's content is made of: text, or typed parts, each with its own text."""
    contents = content if isinstance(content, list) else [content]
    return [part if isinstance(part, Mapping) else {"text": part} for part in contents]


def _text(part: Mapping[str, object]) -> str:
    """A part's words, as far as they belong to the answer."""
    if part.get("type") not in (None, "text", "output_text") or _is_thought(part):
        return ""
    text = part.get("text")
    return _word(text.get("value") if isinstance(text, Mapping) else text)


def _is_thought(part: Mapping[str, object]) -> bool:
    return part.get("thought") is True or part.get("type") in ("thinking", "reasoning", "redacted_thinking")


def _word(value: object) -> str:
    if not isinstance(value, str | None):
        raise TypeError("no text")
    return value or ""


def whole_characters(text: str) -> str:
    """`text` as it can be encoded: the halves of characters joined, lone ones replaced.

    Gateways that cut by UTF-16 send one character in two chunks, each with half of it.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
