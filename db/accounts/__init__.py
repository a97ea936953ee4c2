"""Users and what is theirs: profiles, keys, tokens, the library of prompts, secrets and their rewrapping.

What a user's smelts have used up is `db/smelts/`'s. Imports the top of `db/` and the domain: no smelts, no work.
"""
