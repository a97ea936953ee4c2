"""The notifications of a queue that wait in Redis, as Dramatiq keeps them."""

from collections.abc import Sequence

import redis

# Notifications of a queue that nobody has fetched yet, at most: each of them will have its worker look for the best of
# all work, so more would only find nothing once there is none.
MOST_WAITING = 64

REDIS_ID = "redis_message_id"  # the option of a message that is in Redis, as Dramatiq gives it

# As Dramatiq's broker keeps them: a list of ids, and beside it a hash of messages. Several at once, within bounds, and
# the word of it, in one exchange.
_ADD = """
local room = tonumber(ARGV[2]) - redis.call('LLEN', KEYS[1])
if room <= 0 then return end
for i = 3, math.min(#ARGV, 2 + 2 * room), 2 do
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('RPUSH', KEYS[1], ARGV[i])
end
redis.call('PUBLISH', ARGV[1], '')
"""
TAKE = """
local taken = {}
while #taken < tonumber(ARGV[1]) do
    local id = redis.call('LPOP', KEYS[1])
    if not id then break end
    local message = redis.call('HGET', KEYS[2], id)
    if message then
        redis.call('HDEL', KEYS[2], id)
        taken[#taken + 1] = message
    end
end
return taken
"""


def notification_channel(namespace: str, queue: str) -> str:
    """Where it is said that a notification has been added to a queue."""
    return f"{namespace}:notify:{queue}"


class Waiting:
    """The notifications of a queue that nobody has taken yet. All methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis, namespace: str, queue: str) -> None:
        name = f"{namespace}:{queue}"
        self.channel = notification_channel(namespace, queue)
        self._keys = [name, f"{name}.msgs"]
        self._add, self._take = client.register_script(_ADD), client.register_script(TAKE)

    def add(self, messages: Sequence[tuple[str, bytes]], most: int = MOST_WAITING) -> None:
        """(id in Redis, encoded), unless `most` wait already; and publishes that there are some."""
        flat = [part for message in messages for part in message]
        self._add(keys=self._keys, args=[self.channel, most, *flat])

    def take(self, most: int) -> list[bytes]:
        """The oldest ones, encoded."""
        taken: list[bytes] = self._take(keys=self._keys, args=[most])
        return taken
