"""An attacker, in a process of its own: `python -m tests.faults.chaos.attack_process '<a Target as JSON>' attack…`.

Prints that it is ready, waits for the word, and at the end prints how often each attack has hit. It ends by itself when
its time is over, and lets the service go first.
"""

import json
import os
import resource
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.faults.chaos import attacks
from tests.faults.chaos.attacks.target import Target

READY, GO = "ready\n", "go\n"
NICE = 5  # clients elsewhere would take nothing from the service's processors


def main(order: str, *names: str) -> None:
    os.nice(NICE)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    values = json.loads(order)
    print(READY, end="", flush=True)
    if sys.stdin.readline() != GO:
        return
    targets = {name: Target(**values) for name in names}
    with ThreadPoolExecutor(len(names)) as threads:
        running = [threads.submit(getattr(attacks, name), target) for name, target in targets.items()]
    for each in running:
        each.result()
    print(json.dumps({name: target.hits for name, target in targets.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
