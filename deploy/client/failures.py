"""How a command can end, other than well: each has its exit code.

0  done          1  the smelt failed or was canceled      2  wrongly called (or configured)
3  refused       4  the service can't be reached, or can't answer at the moment
"""

from typing import Any


class ClientFailure(Exception):
    """Told in one line; the message may be shown to anyone."""

    exit_code = 1


class SmeltNotCompleted(ClientFailure):
    exit_code = 1


class Misused(ClientFailure):
    """The options, the environment or the config file are wrong."""

    exit_code = 2


class Refused(ClientFailure):
    """The service said no. `code`: the stable one of its problem details, "" if the answer had none."""

    exit_code = 3

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        faults = problem.get("errors") or [{}]
        where = [": ".join(_said(fault)) for fault in faults]
        super().__init__(
            "; ".join(line for line in where if line) or problem.get("detail") or f"HTTP {status}"
        )


class Unreachable(ClientFailure):
    exit_code = 4


def _said(fault: dict[str, Any]) -> list[str]:
    name = fault.get("filename") or fault.get("field")
    return [str(part) for part in (name, fault.get("detail")) if part]
