"""The engine that answers the default prompts without any model, by ranking and arranging the input's own sentences.

No network, no language model. Imports `pipeline/llm/` and `pipeline/processes/`, in which it runs.
"""
