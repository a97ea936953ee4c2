"""A smelt over HTTP: its options, the upload, idempotency, what may be read of it and in which shape.

Following one over time is `api/events/`. Imports every other folder here but routes and `api/openai/`.
"""
