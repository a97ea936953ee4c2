"""OpenAI's transcription call on top of smelts: its options, replies, errors, and waiting for the end.

Everything that OpenAI's clients alone need, and nothing else: nothing but routes and the description imports it.
Imports `api/smelts/` and `api/auth/`.
"""
