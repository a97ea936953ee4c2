"""What every request passes before its route: ids, metrics, limits on concurrency, the last catch, headers.

Nothing that knows a route or a smelt. Imports `api/auth/`, `api/errors.py` and the domain, never routes.
"""
