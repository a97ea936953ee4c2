"""How much a model takes in, by its name."""

import pytest

from pipeline.llm.context_sizes import UNKNOWN_MODEL, context_size


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gpt-4o-mini", 128_000),
        ("gpt-4", 8_192),
        ("gpt-4.1-nano", 1_047_576),
        ("openai/gpt-5-mini", 272_000),
        ("o3", 200_000),
        ("o4-mini", 200_000),
        ("llama3.1", 131_072),
        ("llama3:8b", 8_192),
        ("meta-llama/Llama-3.1-8B-Instruct", 131_072),
        ("Qwen/Qwen2.5-7B-Instruct", 32_768),
        ("gemma3:1b", 32_768),
        ("gemma3:27b", 131_072),
        ("mistral:7b", 32_768),
        ("mistral-nemo", 131_072),
        ("my-own-gpt-4o", UNKNOWN_MODEL),
        ("", UNKNOWN_MODEL),
    ],
)
def test_a_models_name_tells_how_much_it_takes_in(model: str, tokens: int) -> None:
    assert context_size(model) == tokens
