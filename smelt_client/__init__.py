"""A client of a Smelt service: `Smelt`, and `AsyncSmelt` with the same calls to be awaited.

What is asked and how replies are read is said once, without any transport: `calls.py`, `submission.py`, `events.py`,
`attempts.py`. Knows nothing of the service but its HTTP contract, and imports nothing of it.
"""

from smelt_client.async_client import AsyncSmelt
from smelt_client.client import Smelt
from smelt_client.errors import Fault, Misused, Refused, SmeltError, StillRunning, Unreachable
from smelt_client.events import Event
from smelt_client.models import (
    AcceptedSmelt,
    DefaultPrompt,
    DeletionReceipt,
    FileReply,
    LimitsReply,
    ListedSmelt,
    OutputReply,
    SmeltReply,
    SmeltSummary,
    UsageReply,
)
from smelt_client.submission import Input

__all__ = [
    "AcceptedSmelt",
    "AsyncSmelt",
    "DefaultPrompt",
    "DeletionReceipt",
    "Event",
    "Fault",
    "FileReply",
    "Input",
    "LimitsReply",
    "ListedSmelt",
    "Misused",
    "OutputReply",
    "Refused",
    "Smelt",
    "SmeltError",
    "SmeltReply",
    "SmeltSummary",
    "StillRunning",
    "Unreachable",
    "UsageReply",
]
