"""Where `smelt` begins. Imports take half a second: Ctrl-C is one line in that time too."""

import sys


def main() -> None:
    try:
        from deploy.cli.main import main as run  # noqa: PLC0415 - that is what takes the time
    except KeyboardInterrupt:
        print("smelt: interrupted", file=sys.stderr)
        sys.exit(130)  # as shells tell of SIGINT
    run()
