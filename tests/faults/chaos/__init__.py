"""Faults on the real processes: nothing accepted is lost, nothing happens twice.

`make chaos` runs every scenario at full size and writes docs/reliability.md; `python -m tests.faults.chaos --short`
takes ten minutes and writes nothing. `tests/faults/chaos/test_short.py` says which short forms are in `make test`.
"""
