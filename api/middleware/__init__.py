"""What every request passes before its route: ids, metrics, limits on concurrency, the last catch, headers.

Nothing that knows a route, a smelt or the database. Imports `api/auth/`, `api/errors.py` and the domain.
"""
