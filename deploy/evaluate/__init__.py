"""`smelt evaluate`: recordings with known words through the service's own speech process, and what it got wrong.

No service runs. Imports `pipeline/`, the pools' settings of the speech process and how a command prints; no database
and no API.
"""
