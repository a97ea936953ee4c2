"""An answer as it grows: what the replies of a server that cuts it off by length make together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.llm import messages
from pipeline.llm.engines.code_spans import ends_in_fence
from pipeline.llm.engines.openai_reply import whole_characters
from pipeline.llm.engines.thoughts import without_thoughts
from pipeline.llm.messages import Message

_FENCED = re.compile(r"```(?:markdown|md)[^\S\n]*\n(.*)\n```", re.S)
_FENCE = re.compile(r"^ {0,3}```+(.*)$", re.M)
_MORE = "\n\nMore."  # any words that would follow


@dataclass(slots=True)
class Draft:
    """`given` is all that the model was given, `task` what it was asked for."""

    given: str
    task: str
    _said: str = ""

    @classmethod
    def of(cls, conversation: Sequence[Message]) -> "Draft":
        given = "\n".join(message["content"] for message in conversation)
        return cls(given, messages.task_of(conversation))

    @property
    def text(self) -> str:
        """What has been said, the first reply's thoughts with it: a server may have cut it off within them."""
        return whole_characters(self._said)

    def add(self, reply: str) -> None:
        """A model may think again before it goes on, and goes on in the middle of a word: nothing is put in between."""
        self._said += reply if self._may_be_thinking(reply) else self._clean(reply)

    def finished(self) -> str:
        """The answer as clean Markdown; empty where there is none."""
        text = self._clean(self.text).strip()
        inner = _unfenced(text)
        return text if inner is None else self._clean(inner).strip()

    def _may_be_thinking(self, reply: str) -> bool:
        """Whether `reply` comes before the answer: its marks then are about what has been said as well."""
        stands = self._clean(self._said)
        if not stands.strip() or self._clean(self._said + _MORE) == stands:
            return True
        if stands != self._said:  # its thoughts have come to their end
            return False
        together = self._clean(self._said + reply)
        ends_first_thought = bool(together.strip()) and not together.startswith(stands)
        return ends_first_thought or ends_in_fence(stands)

    def _clean(self, text: str) -> str:
        return without_thoughts(text, self.given, self.task)


def _unfenced(text: str) -> str | None:
    """What stands in a fence around the whole; None where there is none. Code in it begins with its language."""
    found = _FENCED.fullmatch(text)
    if not found:
        return None
    is_open = False
    for fence in _FENCE.finditer(found[1]):
        if bool(fence[1].strip()) == is_open:  # it ends the outer one, or begins within another
            return None
        is_open = not is_open
    return None if is_open else found[1]
