"""Who speaks when in a recording, by listening: the engine, its child process, and what its turns make of a transcript.

An optional extra: nothing here imports the engine but its child. Imports the decoding and transcripts of
`pipeline/speech/`, and `pipeline/processes/`, `pipeline/content/`.
"""
