"""Faults on the real processes: nothing accepted is lost, nothing happens twice.

`make chaos` runs every scenario at full size and writes docs/reliability.md; `python -m tests.chaos --short` takes two
minutes and writes nothing.
"""
