"""A language model out of a file: `SMELT_LLM_MODEL=/path/to/model.gguf`, with nothing else to install or to start."""
