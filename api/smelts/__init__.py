"""A smelt over HTTP: its options, the upload, idempotency, what may be read of it and in which shape.

Following one over time is `api/events/`. Imports `api/auth/`, `api/http/`, `api/schemas/` and `db/`; no routes.
"""
