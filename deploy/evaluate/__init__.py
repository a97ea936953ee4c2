"""`smelt evaluate`: recordings with known words through the service's own speech process, and what it got wrong.

No service runs. Imports `pipeline/` and the pools' settings of the speech process; no database and no API.
"""
