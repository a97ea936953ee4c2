"""Whatever the text and the limits: what comes back has been made from every character of it, in order."""

import asyncio
import re
from collections.abc import Callable, Sequence

from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.llm.documents import Document
from pipeline.llm.messages import Message
from pipeline.llm.progress import Progress
from pipeline.llm.synthesis import Answer, ContextExceeded, PromptTask, Synthesizer
from pipeline.llm.token_counts import estimate_tokens
from pipeline.speech.transcript import Transcript

INPUT = re.compile(r"<input-([0-9a-f]+)>\n(.*)\n</input-\1>", re.S)
FILE = re.compile(r"<file-([0-9a-f]+)>\n# [^\n]*\n\n(.*?)\n</file-\1>", re.S)
TEXTS = st.builds(
    lambda text, times: text * times,
    st.text(st.one_of(st.sampled_from(" \n.!?ab。"), st.characters(exclude_categories=["Cs"])), min_size=1),
    st.integers(1, 300),
)


class Notebook:
    """A model that forgets nothing: its answer is the number of a page that holds all that it was given."""

    def __init__(self, most_tokens: int) -> None:
        self.most_tokens = most_tokens
        self.pages: list[str] = []

    async def ask(self, conversation: Sequence[Message], on_tokens: Callable[[int], None]) -> Answer:
        on_tokens(1)
        content = conversation[1]["content"]
        found = INPUT.search(content)
        assert found
        if estimate_tokens(found[2]) > self.most_tokens:
            raise ContextExceeded
        given = [text for _, text in FILE.findall(found[2])] or [found[2]]
        merging = "answers to this task for consecutive parts" in content
        self.pages.append("".join(self.read(text) if merging else text for text in given))
        return Answer(f"[page {len(self.pages) - 1}]", 1, 1)

    def read(self, answer: str) -> str:
        return "".join(self.pages[int(number)] for number in re.findall(r"\[page (\d+)\]", answer))


@given(
    st.lists(TEXTS, min_size=1, max_size=4).filter(lambda texts: "".join(texts).strip()),
    st.integers(2_000, 6_000),
    st.integers(500, 6_000),
)
@settings(max_examples=200)
def test_split_and_merged_nothing_is_lost(texts: list[str], context_tokens: int, most_tokens: int) -> None:
    notebook = Notebook(most_tokens)
    synthesizer = Synthesizer(
        notebook,
        PromptTask("Sum up.", time_marks=False),
        context_tokens=context_tokens,
        parallel=3,
        progress=Progress(),
    )
    documents = [Document(f"{n}.md", Transcript.of_text(text)) for n, text in enumerate(texts)]
    answer = asyncio.run(synthesizer.run(documents))
    event("one call" if len(notebook.pages) == 1 else "split")
    assert notebook.read(answer) == "".join(texts)
