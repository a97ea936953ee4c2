"""The commands of `smelt` that speak to a service (`app.py`), built on `smelt_client`, which has all of HTTP.

Nothing of a server: of `api/` it imports the schemas alone, of the domain the states.
"""
