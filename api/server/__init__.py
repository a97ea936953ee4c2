"""Connections below the ASGI application: accepted, bounded, watched; whether this process is ready; its metrics port.

No requests' contents. Imports `api/auth/`, `api/middleware/`, `db/readiness.py` and the domain, never routes.
"""
