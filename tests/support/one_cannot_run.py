"""What a pool's two processes run in a test: one can't run and says why, and the other speaks on its way out."""

import os
import signal
import sys
from pathlib import Path

from deploy.supervisor.runner import EX_CONFIG
from tests.support.waiting import wait_until

WHY = "the setting that is wrong"
GOODBYE = "something else"


def main() -> None:
    folder = Path(os.environ["SMELT_DATA_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / "first").touch(exist_ok=False)
    except FileExistsError:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(GOODBYE))
        (folder / "second").touch()
        signal.pause()
    wait_until((folder / "second").exists, 30)
    print(WHY, flush=True)
    sys.exit(EX_CONFIG)


if __name__ == "__main__":
    main()
