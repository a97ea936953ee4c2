"""OpenAI's transcription call on top of smelts: its options, replies, errors, and waiting for the end.

Everything that OpenAI's clients alone need, and nothing else. Imports `api/smelts/`.
"""
