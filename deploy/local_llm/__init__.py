"""A language model out of a file: `SMELT_LLM_MODEL=/path/to/model.gguf`, with nothing else to install or to start.

What is asked of it is `pipeline/llm/`'s. Imports the supervisor's children and settings, nothing of the service.
"""
