"""A client of a Smelt service: typed, for Python (`client.py`), and as commands (`app.py`).

Nothing of a server: of `api/` it imports the schemas alone, of the domain the states.
"""
