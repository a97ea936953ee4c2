"""An upgrade under load: yesterday's code on today's schema, both releases running, and nothing lost.

`make test-upgrade` runs it, from the newest tag, or from `FROM=<commit>`. Imports what `tests/faults/chaos/` has.
"""
