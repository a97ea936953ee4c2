"""Runs a command of `smelt` with the environment's settings, and says in one line what its user can mend."""

import sys
from collections.abc import Callable

from pydantic import ValidationError

from deploy.client.options import end_quietly
from deploy.problems import Problem
from deploy.supervisor.environment import ENVIRONMENT_NAMES
from deploy.supervisor.runner import EX_CONFIG
from pipeline.settings import Settings


def run_alone(name: str, command: Callable[[Settings], object]) -> None:
    from deploy.secrets import check_alone  # noqa: PLC0415 - most commands need none of it

    sys.excepthook = sys.__excepthook__  # whoever reads a service's log wants to know where

    def run(settings: Settings) -> None:
        check_alone(settings, name)
        command(settings)

    run_service(run)


def run_command(command: Callable[[Settings], object]) -> None:
    """As below; what goes wrong otherwise is one line as well: who reads it is at the keyboard."""
    try:
        run_service(command)
        sys.stdout.flush()
    except BrokenPipeError:
        end_quietly()
    except OSError as problem:
        print(f"smelt: {problem.filename or ''}: {problem.strerror or problem}", file=sys.stderr)
        sys.exit(EX_CONFIG)


def run_service(command: Callable[[Settings], object]) -> None:
    """Runs it with the environment's settings. What the user can mend ends it with one line and EX_CONFIG."""
    try:
        command(Settings.from_env())
    except ValidationError as problem:
        for error in problem.errors():
            name = str(error["loc"][0])
            print(f"smelt: {ENVIRONMENT_NAMES.get(name, name)} is wrong: {error['msg']}", file=sys.stderr)
        sys.exit(EX_CONFIG)
    except Problem as problem:
        print(f"smelt: {problem}", file=sys.stderr)
        sys.exit(EX_CONFIG)
