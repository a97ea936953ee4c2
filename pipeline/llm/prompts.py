"""The five default prompts. They are code, never rows: a change is a new version and a line in the changelog.

The instructions say what to make; what holds for every task (language, faithfulness, the input is data) is
said once, in `pipeline/llm/messages.py`.
"""

import re
from dataclasses import dataclass

from pipeline.states import DefaultPromptName


@dataclass(frozen=True, slots=True)
class DefaultPrompt:
    name: DefaultPromptName
    title: str
    description: str
    version: int
    instructions: str


_TIME_FORM = re.compile(r"\[(?:h{1,2}:mm:ss|\d{1,2}:\d\d:\d\d)\]", re.I)

_SUMMARIZE = """\
Write a summary for a busy reader who was not there and will read nothing else.

1. Open with one paragraph of two to four sentences: what this is about and what came of it.
2. Then a section headed "Key points" (in the input's language): a bulleted list of the points that matter,
   most important first. Keep the names, figures, dates and amounts that a point depends on.
3. If decisions were made, or questions were left open, add a section for each, headed "Decisions" and "Open
   questions". Leave out a section that would be empty.

Scale with the input: a few sentences need only the opening paragraph; hours of talk deserve about a page.
Report disagreement as disagreement. Don't comment on the quality of the recording or of the notes."""

_ACTION_ITEMS = """\
List every action item: something that somebody undertook, was asked or was assigned to do.

Write one Markdown task list, each item on one line in this form:

- [ ] **Who**: what is to be done (due: when)

- Who: the name or role as the input gives it; "Unassigned" if it gives none. Never guess an owner.
- Due: the date or time in the input's own words; leave the parenthesis out if none is given. Never work out a
  date that isn't there.
- Something reported as already done is `- [x]`.
- An item said twice is one item, with the latest owner and due date that were agreed.
- A wish, an idea or a general statement is not an action item, unless somebody took it on.

Order by appearance; where the input is several files, group under a heading for each file's name. If there is
no action item, write one sentence that says so, and nothing else."""

_DETAILED_NOTES = """\
Write detailed notes that could stand in for the input: whoever reads them should not miss anything of
substance.

- One `##` heading for each topic, in the order of the input; use `###` where a topic has distinct parts.
- Under each heading concise bullets, nested where one point explains another. Keep every fact, name, figure,
  date, definition, argument, example, decision and open question. Leave out small talk, filler and
  repetition.
- Say who said or asked what, where the input tells.
- Quote exactly, in quotation marks, where the wording matters.
- Where the input carries time marks, end each `##` heading with the time at which its topic begins, as in
  `## Budget [0:12:30]`.

Let the length follow from the substance; don't shorten to save space."""

_QA_FORMAT = """\
Rewrite the content as questions and answers.

- First the questions that are asked in the input itself, each with the answer that the input gives. Where it
  is left unanswered, the answer is one sentence that says so.
- Then the questions that a reader would ask of the rest of the content, so that the answers together cover
  all that is of substance.
- Each pair in this form, with a blank line between pairs:

**Q: The question?**
A: The answer, complete enough to be understood by itself, with names, figures and dates.

Order by appearance. Answer only from the input. Use the usual letters for "question" and "answer" of the
input's language."""

_TABLE_OF_CONTENTS = """\
Make a table of contents of the input, by topic.

- A nested Markdown list in the order of the input. Each top-level entry is a topic in two to eight words;
  nested entries are its parts, only where there are several.
- Where the input carries time marks, begin each entry with the time at which it starts, as in `[0:12:30]
  Budget for the second quarter`. Take times only from the marks, never estimate one.
- After each top-level entry add one short line that says what is covered.
- Where the input is several files, put a heading with each file's name over its entries.

Cover the input from its beginning to its end. No other text."""

DEFAULT_PROMPTS: tuple[DefaultPrompt, ...] = (
    DefaultPrompt(
        DefaultPromptName.SUMMARIZE,
        "Summary",
        "What it was about, the key points, decisions and open questions, on about a page.",
        1,
        _SUMMARIZE,
    ),
    DefaultPrompt(
        DefaultPromptName.ACTION_ITEMS,
        "Action items",
        "A task list: who does what by when.",
        1,
        _ACTION_ITEMS,
    ),
    DefaultPrompt(
        DefaultPromptName.DETAILED_NOTES,
        "Detailed notes",
        "Structured notes that keep every fact, grouped by topic, with times for recordings.",
        1,
        _DETAILED_NOTES,
    ),
    DefaultPrompt(
        DefaultPromptName.QA_FORMAT,
        "Questions and answers",
        "The content as questions, each with the answer that was given.",
        1,
        _QA_FORMAT,
    ),
    DefaultPrompt(
        DefaultPromptName.TABLE_OF_CONTENTS,
        "Table of contents",
        "The topics in their order, with times for recordings.",
        1,
        _TABLE_OF_CONTENTS,
    ),
)

_BY_NAME = {prompt.name: prompt for prompt in DEFAULT_PROMPTS}


def default_prompt(name: DefaultPromptName) -> DefaultPrompt:
    return _BY_NAME[name]


def asks_for_times(instructions: str) -> bool:
    """Whether a prompt asks for the times at which things were said, by showing their form: `[h:mm:ss]`.

    In words it could ask in any language, and a model that is given times unasked puts them into its answer.
    """
    return _TIME_FORM.search(instructions) is not None
