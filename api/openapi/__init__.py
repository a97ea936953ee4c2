"""What /openapi.json says where types alone can't, its examples, and the files of the page at /docs.

Nothing that answers a request. Imports schemas and options; no database, no routes.
"""
