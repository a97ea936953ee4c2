"""What is counted, by subject, and how it is served: definitions, the files of a pool, the port.

Counting is done where an outcome is known, by whoever knows it; nothing here asks anybody. Labels have few values, all
of them the service's own: queues, tiers, codes; never a tenant, an id, an address. Imports `pipeline/checks.py`,
states and settings.
"""
