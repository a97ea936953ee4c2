"""How a command can end, other than well: each has its exit code.

0  done          1  the smelt failed or was canceled      2  wrongly called (or configured)
3  refused       4  the service can't be reached, or can't answer at the moment
"""

from dataclasses import dataclass
from typing import Any


class ClientFailure(Exception):
    """Told in one line; the message may be shown to anyone."""

    exit_code = 1


class SmeltNotCompleted(ClientFailure):
    exit_code = 1


class Misused(ClientFailure):
    """The options, the environment or the config file are wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad part or field of what was sent. `part`: counts the inputs from 0."""

    code: str
    detail: str
    field: str | None
    part: int | None
    filename: str | None

    @classmethod
    def of(cls, fault: dict[str, Any]) -> "Fault":
        """As the problem details have it."""
        return cls(
            code=str(fault.get("code", "")),
            detail=str(fault.get("detail", "")),
            field=fault.get("field"),
            part=fault.get("part"),
            filename=fault.get("filename"),
        )


class Refused(ClientFailure):
    """The service at `address` said no. `code`: the stable one of its problem details, "" if the answer had none.

    `retry_after`: seconds until it may say yes, if it told.
    """

    exit_code = 3

    def __init__(
        self, status: int, problem: dict[str, Any], *, address: str = "", retry_after: float | None = None
    ) -> None:
        self.status, self.address, self.retry_after = status, address, retry_after
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail") or f"HTTP {status}")
        self.faults = tuple(Fault.of(fault) for fault in problem.get("errors") or ())
        where = [
            ": ".join(filter(None, (fault.filename or fault.field, fault.detail))) for fault in self.faults
        ]
        super().__init__("; ".join(filter(None, where)) or self.detail)


class Unreachable(ClientFailure):
    exit_code = 4
