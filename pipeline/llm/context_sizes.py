"""How many tokens known models take in, by their names.

The numbers are their makers' own, from the models' cards and documentation. A server may be set up with less, which
only its operator knows: then `SMELT_LLM_CONTEXT_TOKENS` says how much. A size that is too large costs refused calls
(`pipeline/llm/synthesis.py` splits finer), one that is too small costs calls for merging; neither loses anything.
"""

import re

UNKNOWN_MODEL = 16_384

# Patterns for a name in lower case, without what stands before its last slash; the first that matches counts.
_SIZES: tuple[tuple[str, int], ...] = (
    (r"gpt-5", 272_000),  # of 400,000 with the answer
    (r"gpt-4\.1", 1_047_576),
    (r"gpt-4o|gpt-4-turbo|chatgpt-4o|o1-mini", 128_000),
    (r"gpt-4-32k", 32_768),
    (r"gpt-4", 8_192),
    (r"gpt-3\.5", 16_385),
    (r"gpt-oss", 131_072),
    (r"o[134](-|$)", 200_000),
    (r"claude", 200_000),
    (r"gemini", 1_048_576),
    (r"llama-?3\.[123]", 131_072),
    (r"llama-?3", 8_192),
    (r"llama-?2", 4_096),
    (r"mi[sx]tral-(nemo|small|medium|large)|ministral", 131_072),
    (r"mi[sx]tral", 32_768),
    (r"qwen-?(2\.5|3)", 32_768),
    (r"gemma-?3n", 32_768),
    (r"gemma-?3(-|:)1b", 32_768),
    (r"gemma-?3", 131_072),
    (r"gemma", 8_192),
    (r"phi-?4-mini|phi-?3\.5", 131_072),
    (r"phi-?4", 16_384),
    (r"deepseek", 65_536),
)
_TABLE = tuple((re.compile(pattern), size) for pattern, size in _SIZES)


def context_size(model: str) -> int:
    """Tokens that a model of this name takes in; `UNKNOWN_MODEL` where the name says nothing."""
    name = model.lower().rsplit("/", 1)[-1]
    return next((size for pattern, size in _TABLE if pattern.match(name)), UNKNOWN_MODEL)
