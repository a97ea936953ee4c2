"""The client's commands, a file for each noun; `deploy/client/app.py` lists them. What they do is the rest's.

Each imports what it needs when it runs, as in `deploy/cli/main.py`: `smelt --help` shouldn't wait for what it doesn't
use.
"""
