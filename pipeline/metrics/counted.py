"""Runs a module as a process of a pool that counts in the pool's files.

python -m pipeline.metrics.counted <folder> <place in the pool> <module> <argument…>

Ahead of it, because its imports define metrics, which have to know by then where they are counted.
"""

import runpy
import sys
from pathlib import Path

from pipeline.metrics.pool_files import join


def main() -> None:
    folder, place, module, *_ = sys.argv[1:]
    join(Path(folder), place)
    del sys.argv[:3]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
