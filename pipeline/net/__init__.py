"""Talking to servers that others run: which URLs are allowed, one bounded GET, signatures, `Retry-After`.

No protocol of a particular server. Imports nothing else of `pipeline/`.
"""
