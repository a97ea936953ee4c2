"""The actors, the pools that run them, and the reconciler that makes sure nothing is forgotten.

At the top what they share (`services.py`), and how Dramatiq gets to know the actors (`app.py`). Imports `db/` and the
domain.
"""
