"""Rate limits: every caller's rate, kept in Redis for all instances together, and here while Redis is away.

Without Redis each instance keeps the rate by itself, from its own memory: neither an open door nor a closed one.
"""

import logging
import threading
import time
from collections import OrderedDict

import redis

from api.auth.rate import Rate, Ruling, rule
from pipeline.circuit import Circuit
from workers.notifications.queue_notifications import EXCHANGE_SECONDS, make_circuit
from workers.notifications.redis_client import make_client

log = logging.getLogger("smelt.api")

MOST_CALLERS = 100_000  # remembered here; about 20 MB

# `rule` of api/auth/rate.py in one atomic step, by Redis's clock; replies with the moment before the request.
_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local window, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local theoretical_arrival = tonumber(redis.call('GET', KEYS[1]) or '0')
local after = math.max(theoretical_arrival, now) + interval
if after - now <= window + 1e-6 then
    redis.call('SET', KEYS[1], string.format('%.6f', after), 'PX', math.ceil((after - now) * 1000))
end
return {string.format('%.6f', theoretical_arrival), string.format('%.6f', now)}
"""


class RateLimiter:
    """Counts requests against rates. Safe to share between threads. `circuit`: as for the queue notifier."""

    def __init__(self, redis_url: str, namespace: str, circuit: Circuit | None = None) -> None:
        self._client = make_client(redis_url, EXCHANGE_SECONDS)
        self._circuit = circuit or make_circuit(redis_url)
        self._script = self._client.register_script(_SCRIPT)
        self._prefix = f"{namespace}:rate:"
        self._here = LocalRateLimiter()

    def acquire(self, caller: str, rate: Rate) -> Ruling:
        """Counts one request of the caller's, unless it is one too many. Waits `EXCHANGE_SECONDS` for Redis at
        the most.
        """
        if not self._circuit.open:
            try:
                reply = self._script(keys=[self._prefix + caller], args=[rate.window, rate.interval])
            except redis.RedisError as error:
                self._circuit.trip()
                log.warning(
                    "Redis is out of reach (%s); this instance counts requests by itself",
                    type(error).__name__,
                )
            else:
                theoretical_arrival, now = (float(moment) for moment in reply)
                return rule(rate, theoretical_arrival, now)[0]
        return self._here.acquire(caller, rate)

    def close(self) -> None:
        self._circuit.end()
        self._client.close()


class LocalRateLimiter:
    """The same in this process's memory, for the callers seen last."""

    def __init__(self, most: int = MOST_CALLERS) -> None:
        self._most = most
        self._theoretical_arrivals: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def acquire(self, caller: str, rate: Rate) -> Ruling:
        now = time.monotonic()
        with self._lock:
            ruling, self._theoretical_arrivals[caller] = rule(
                rate, self._theoretical_arrivals.get(caller, 0.0), now
            )
            self._theoretical_arrivals.move_to_end(caller)
            if len(self._theoretical_arrivals) > self._most:
                self._theoretical_arrivals.popitem(last=False)
        return ruling
