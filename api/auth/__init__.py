"""Who asks, and how often that is allowed: tokens of each kind, client addresses, rates and their limiter.

What a caller may see of a smelt is `api/smelts/`'s to say. Imports `api/middleware/`, where requests are counted, `db/`
and the domain; no smelts and no routes.
"""
