"""What can go wrong.

SmeltError
├── Misused        it can't be sent at all: an address, a token or a file that is none
├── Refused        the service said no; `code` says why
├── Unreachable    the service can't be reached, or can't answer at the moment
└── StillRunning   the smelt hasn't ended in the time that it was given
"""

from dataclasses import dataclass
from typing import Any

ANOTHER_ANSWERED = "something else than the service answered"


class SmeltError(Exception):
    """The message may be shown to anyone."""


class Misused(SmeltError):
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad part of a request. `field` or `filename` says which."""

    code: str
    detail: str
    field: str | None
    filename: str | None


class _Answered(SmeltError):
    """`status`: of HTTP; 0 where there was no answer. `code`: the stable one of the problem details; "" if there were
    none, as where a proxy answered. `retry_after`: seconds, where the service said when to come again.
    """

    def __init__(
        self,
        status: int = 0,
        problem: dict[str, Any] | None = None,
        *,
        detail: str = "",
        retry_after: float | None = None,
    ) -> None:
        told = problem or {}
        self.status = status
        self.code = str(told.get("code", ""))
        self.detail = str(told.get("detail") or detail or f"HTTP {status}")
        self.retry_after = retry_after
        self.faults = tuple(
            Fault(
                str(fault.get("code", "")),
                str(fault.get("detail", "")),
                fault.get("field"),
                fault.get("filename"),
            )
            for fault in told.get("errors") or ()
        )
        named = [f"{fault.filename or fault.field}: {fault.detail}" for fault in self.faults]
        super().__init__("; ".join(named) or self.detail)


class Refused(_Answered):
    pass


class Unreachable(_Answered):
    pass


class StillRunning(SmeltError):
    pass
