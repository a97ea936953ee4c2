"""What one address and one signed-in user do all at once to keep the others out. Issue 13 numbers the kinds.

Each is a function that goes on until the target's time is over, at a pace of its own, and takes every refusal for an
answer. `AS_VISITOR` need no account.
"""

from collections.abc import Callable

from tests.faults.chaos.attacks.bodies import json_bombs, long_names
from tests.faults.chaos.attacks.connections import (
    slow_posts,
    streams,
    unfinished_uploads,
    unread_replies,
    waiting_calls,
)
from tests.faults.chaos.attacks.database import big_reads, reorders
from tests.faults.chaos.attacks.target import Target
from tests.faults.chaos.attacks.tokens import machine_tokens, unknown_keys
from tests.faults.chaos.attacks.work import long_texts

Attack = Callable[[Target], None]

AS_VISITOR: tuple[Attack, ...] = (
    long_names,  # 1
    json_bombs,  # 2
    slow_posts,  # 3
    unread_replies,  # 3
    unfinished_uploads,  # 5
    unknown_keys,  # 6
    machine_tokens,  # 9
)
AS_USER: tuple[Attack, ...] = (streams, waiting_calls, reorders, big_reads, long_texts)  # 3, 3, 4, 4, 7
