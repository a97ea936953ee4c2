"""What belongs to a user: the library of prompts, and the export of all data.

Machine tokens and identity are `api/auth/`'s. Imports `db/` and `api/schemas/`, never routes.
"""
