"""What belongs to a user: the library of prompts, and the export of all data.

Machine tokens and identity are `api/auth/`'s. Imports `api/http/`, `api/schemas/`, `db/`; no smelts and no routes.
"""
