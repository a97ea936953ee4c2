"""Faults on the real processes: nothing accepted is lost, nothing happens twice (docs/reliability.md).

`make chaos` runs every scenario at full size; `test_short.py` runs a short form of each with the other tests.
"""
