"""`smelt worker <queue>`, with worker processes whose speech engine follows a script.

The word "worker" stands in the command for those who look for pools; between it and the queue another module of this
package may be named, that the processes run in place of `scripted_process`.
"""

import sys

from deploy.supervisor.pool import run_pool
from pipeline.settings import Settings
from workers.notifications.queues import Queue

if __name__ == "__main__":
    module = sys.argv[2] if len(sys.argv) > 3 else "scripted_process"
    run_pool(Settings.from_env(), Queue(sys.argv[-1]), module=f"tests.faults.chaos.{module}")
