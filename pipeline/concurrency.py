"""Concurrency limits: how much may be under way at once, in all and for one caller.

What is asked for by settings is cut to what the process's file descriptors allow, so that connections alone can never
use those up: a connection takes one, an upload to a folder one more, and the rest of the process has its reserve. No
caller may have more than a quarter of anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# Kept for all that is no connection of a client: those to Postgres and Redis (one for each thread), files that threads
# read, the listener; and for connections that are only told that there are too many.
RESERVE = 300
LARGEST_SHARE = 4  # one caller gets at most a quarter


class Kind(StrEnum):
    """What a request may occupy while it is under way; one may occupy places of several kinds."""

    REQUESTS = "requests"  # ordinary ones
    STREAMS = "streams"  # of events: they stay for long, and do little
    WAITING = "waiting"  # until a smelt has ended
    UPLOADS = "uploads"  # posts of smelts, from the head to the end
    LARGE = "large replies"  # of more than a megabyte, while they are sent
    RECORDINGS = "recordings"  # played or fetched, for as long as that takes


# Of the connections, how many may be of the kind
SHARES = dict.fromkeys(Kind, 0.25) | {Kind.STREAMS: 0.5}


@dataclass(frozen=True, slots=True)
class Limit:
    """`total`: at once, of all callers together; `each`: of one."""

    total: int
    each: int

    def within(self, most: int) -> "Limit":
        total = max(1, min(self.total, most))
        return Limit(total, max(1, min(self.each, total // LARGEST_SHARE)))


@dataclass(frozen=True, slots=True)
class ConcurrencyLimits:
    """`connections`: of one address; `kinds`: of one address, and just so of one tenant."""

    connections: Limit
    kinds: Mapping[Kind, Limit]

    def within(self, descriptors: int) -> "ConcurrencyLimits":
        """These limits, cut to what a process with so many descriptors can keep."""
        room = max(descriptors - RESERVE, descriptors // LARGEST_SHARE)
        connections = self.connections.within(int(room / (1 + SHARES[Kind.UPLOADS])))
        kinds = {
            kind: limit.within(int(SHARES[kind] * connections.total)) for kind, limit in self.kinds.items()
        }
        return ConcurrencyLimits(connections, kinds)

    def __str__(self) -> str:
        kinds = {"connections": self.connections, **{kind.value: limit for kind, limit in self.kinds.items()}}
        return ", ".join(f"{limit.total} {kind} ({limit.each} each)" for kind, limit in kinds.items())
