"""Processes started, watched, restarted and stopped: of a pool, of a Procfile, of a whole service.

What they do is not known here. Imports the embedded engines, never the command.
"""
