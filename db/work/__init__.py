"""The tables of work: claims, leases, the fair queue, and what each kind of work records.

Every lock is named in a docstring; the order is in `db/locks.py`. No rules of its own: those are `pipeline/`'s.
Imports `db/smelts/`, no accounts.
"""
