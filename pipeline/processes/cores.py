"""Cores: how many this process may run on.

A file of its own since the speech model and the extractive engine both divide them.
"""

import os
import sys


def cores() -> int:
    """By the scheduler's affinity where there is one; a container's share of time isn't seen."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
