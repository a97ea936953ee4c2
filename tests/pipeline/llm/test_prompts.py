"""The default prompts are complete."""

import pytest

from pipeline.llm.prompts import DEFAULT_PROMPTS, asks_for_times, default_prompt
from pipeline.states import DefaultPromptName


def test_every_default_prompt_is_there_once_and_complete() -> None:
    assert [prompt.name for prompt in DEFAULT_PROMPTS] == list(DefaultPromptName)
    for prompt in DEFAULT_PROMPTS:
        assert default_prompt(prompt.name) is prompt
        assert prompt.title
        assert prompt.description
        assert prompt.version >= 1
        assert len(prompt.instructions) <= 4_000


@pytest.mark.parametrize(
    ("instructions", "asks"),
    [
        ("Begin each line with [h:mm:ss].", True),
        ("Commencez chaque ligne par [HH:MM:SS].", True),
        ("- **Topic** [0:12:30]", True),
        ("[10:00:00]", True),
        ("Write down who spoke when, with times.", False),
        ("The meeting is at [12:30].", False),
        ("h:mm:ss", False),
        ("", False),
    ],
)
def test_a_prompt_asks_for_times_by_showing_their_form(instructions: str, asks: bool) -> None:
    assert asks_for_times(instructions) == asks
