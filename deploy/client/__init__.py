"""A client of a Smelt service: typed, for Python (`client.py`), and as commands (`commands.py`)."""
