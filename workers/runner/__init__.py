"""One piece of work from its claim to its record, whatever it is: lease, heartbeat, excess usage.

Knows no actor. Imports notifications, `db/` and the domain.
"""
