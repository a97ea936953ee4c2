"""Bodies read and replies sent, whatever they are about: limits, turns at the database, pages, media types.

Nothing that knows smelts. Imports `api/auth/`, `api/errors.py` and the domain, never routes.
"""
