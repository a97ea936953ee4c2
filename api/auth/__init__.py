"""Who asks, and how often that is allowed: tokens of each kind, client addresses, rates and their limiter.

What a caller may see of a smelt is `api/smelts/`'s to say. Imports `db/` and the domain, never routes.
"""
