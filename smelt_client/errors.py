"""What can go wrong.

SmeltError
├── Misused        it can't be sent at all: an address, a token or a file that is none
├── Refused        the service said no; `code` says why
├── Unreachable    the service can't be reached, or can't answer at the moment
└── StillRunning   the smelt hasn't ended in the time that it was given
"""

from dataclasses import dataclass
from typing import Any


class SmeltError(Exception):
    """The message may be shown to anyone."""


class Misused(SmeltError):
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad part of a request. `field` or `filename` says which; `part` counts the inputs from 0."""

    code: str
    detail: str
    field: str | None
    part: int | None
    filename: str | None

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Fault":
        """As the problem details have it."""
        return cls(
            code=str(told.get("code", "")),
            detail=str(told.get("detail", "")),
            field=told.get("field"),
            part=told.get("part"),
            filename=told.get("filename"),
        )


class _Answered(SmeltError):
    """`status`: of HTTP; 0 where there was no answer. `code`: the stable one of the problem details; "" if there were
    none, as where a proxy answered. `address`: who was asked. `retry_after`: seconds, where it was said when to come
    again.
    """

    def __init__(
        self,
        status: int = 0,
        problem: dict[str, Any] | None = None,
        *,
        detail: str = "",
        address: str = "",
        retry_after: float | None = None,
    ) -> None:
        told = problem or {}
        self.status, self.address, self.retry_after = status, address, retry_after
        self.code = str(told.get("code", ""))
        self.detail = str(detail or told.get("detail") or f"HTTP {status}")
        self.faults = tuple(Fault.of(fault) for fault in told.get("errors") or ())
        named = [
            ": ".join(filter(None, (fault.filename or fault.field, fault.detail))) for fault in self.faults
        ]
        super().__init__("; ".join(filter(None, named)) or self.detail)


class Refused(_Answered):
    pass


class Unreachable(_Answered):
    pass


class StillRunning(SmeltError):
    pass
