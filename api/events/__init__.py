"""Following smelts: the hub that reads for all followers, who may follow, tickets for browsers.

What a view holds is `api/smelts/`'s, which it imports beside `api/auth/`, `api/http/` and `db/`; no account, no routes.
"""
