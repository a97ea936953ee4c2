"""The extractive engine: no model, no network; the same input always gives the same output."""

import re
from collections.abc import Callable, Iterator, Sequence

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import OnProgress, PromptSpec, Synthesis
from pipeline.llm.engines.extractive.answers import detailed_notes, qa_format, table_of_contents
from pipeline.llm.engines.extractive.corpus import Corpus
from pipeline.llm.engines.extractive.cues import CUES
from pipeline.llm.engines.extractive.genres import Genre
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.summary import summarize
from pipeline.llm.engines.extractive.task_list import action_items
from pipeline.llm.engines.extractive.ticking import Tick
from pipeline.states import DefaultPromptName, ErrorCode

MODEL = "extractive"
_BLANKS = re.compile(r"\n{3,}")

NOTICE = (
    "*Made without a language model, by Smelt's built-in extractive engine: every sentence is taken from the input, "
    "chosen by word statistics and cue words.*"
)
_UNKNOWN = (
    "*The engine does not know the language of {names}, so common words were not told from telling ones.*"
)
_NO_CUES = "*The engine has no cue words for the language of {names}; only {marks} were looked for.*"

_ANSWERS: dict[DefaultPromptName, Callable[[Corpus, Tick], Iterator[str]]] = {
    DefaultPromptName.SUMMARIZE: summarize,
    DefaultPromptName.ACTION_ITEMS: action_items,
    DefaultPromptName.DETAILED_NOTES: detailed_notes,
    DefaultPromptName.QA_FORMAT: qa_format,
    DefaultPromptName.TABLE_OF_CONTENTS: table_of_contents,
}
_MARKS = {DefaultPromptName.ACTION_ITEMS: "checkboxes", DefaultPromptName.QA_FORMAT: "question marks"}


class ExtractiveEngine:
    """Answers the default prompts from the input's own sentences. Counts no tokens: both counts are 0."""

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        """See `SynthesisEngine.apply`. A user's own prompt raises `SYNTHESIS_FAILED`: it needs a model."""
        if prompt.name is None:
            raise WorkError(ErrorCode.SYNTHESIS_FAILED, "A prompt of one's own needs a language model.")
        on_progress(0.0)
        corpus = Corpus.of(documents, lambda: on_progress(0.1))
        if all(part.is_empty for part in corpus.parts):
            raise WorkError(ErrorCode.EMPTY_INPUT)
        lines = list(_ANSWERS[prompt.name](corpus, lambda: on_progress(0.6)))
        on_progress(1.0)
        markdown = "\n".join([*lines, "", "---", "", *_notices(corpus, prompt.name)])
        return Synthesis(_BLANKS.sub("\n\n", markdown), MODEL, 0, 0)

    def close(self) -> None:
        """Nothing is held."""


def _notices(corpus: Corpus, name: DefaultPromptName) -> Iterator[str]:
    yield NOTICE
    judged = [part for part in corpus.parts if part.genre in (Genre.PROSE, Genre.FRAGMENTS)]
    unknown = [part.name for part in judged if part.language is None]
    silent = [part.name for part in judged if part.language not in CUES]
    if unknown and name not in _MARKS:
        yield "\n" + _UNKNOWN.format(names=_list(unknown))
    if silent and name in _MARKS:
        yield "\n" + _NO_CUES.format(names=_list(silent), marks=_MARKS[name])


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
