from pipeline.prompts import DEFAULT_PROMPTS, default_prompt
from pipeline.states import DefaultPromptName


def test_every_default_prompt_is_there_once_and_complete() -> None:
    assert [prompt.name for prompt in DEFAULT_PROMPTS] == list(DefaultPromptName)
    for prompt in DEFAULT_PROMPTS:
        assert default_prompt(prompt.name) is prompt
        assert prompt.title
        assert prompt.description
        assert prompt.version >= 1
        assert len(prompt.instructions) <= 4_000
