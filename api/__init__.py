"""The HTTP edge: the application put together, its composition root, and the one table of errors.

Rules of the domain belong to `pipeline/`, SQL to `db/`. Imports those two, and of the workers only what notifies them.
"""
