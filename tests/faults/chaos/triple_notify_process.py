"""A scripted worker process that sends each notification three times."""

import sys

from tests.faults.chaos.scripted_process import work
from tests.faults.chaos.triple_notify import notify_three_times

if __name__ == "__main__":
    notify_three_times()
    work(sys.argv[1])
