"""From a recording's bytes to a transcript: sniffing, decoding, windows, the recognizer and its child process.

Reads sealed recordings by `pipeline/content/`; knows nothing of language models. Imports `pipeline/processes/` besides.
"""
