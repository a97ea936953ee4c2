"""Bodies read and replies sent, whatever they are about: limits, turns at the database, pages, media types.

Nothing that knows smelts or asks the database. Imports `api/auth/`, `api/middleware/` and the domain, never routes.
"""
