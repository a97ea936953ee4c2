"""A scripted worker process that sends each wake three times."""

import sys

from tests.chaos.scripted_process import work
from tests.chaos.thrice import ring_thrice

if __name__ == "__main__":
    ring_thrice()
    work(sys.argv[1])
