"""What counting a request against its caller's rate adds to it: one exchange with Redis, or none."""

import time

from api.auth.rate import Rate
from api.auth.rate_limiter import LocalRateLimiter, RateLimiter
from tests.support.engines import running_servers

CALLS = 5_000
RATE = Rate(1_000_000)


def measure() -> None:
    with running_servers(None, None) as servers, servers.redis.namespace() as prefix:
        limiter = RateLimiter(servers.redis.url, prefix)
        together = _times(limiter)
        limiter.close()
    alone = _times(LocalRateLimiter())
    print(
        f"counting a request: median {_at(together, 0.5):.3f} ms, 99th percentile {_at(together, 0.99):.3f} ms "
        f"(aim: under 0.5 ms); without Redis {_at(alone, 0.5):.3f} ms"
    )


def _times(limiter: RateLimiter | LocalRateLimiter) -> list[float]:
    """Milliseconds, sorted."""
    times = []
    for n in range(CALLS):
        begun = time.perf_counter()
        limiter.acquire(f"user:{n % 100}", RATE)
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times)


def _at(values: list[float], share: float) -> float:
    return values[int(len(values) * share)]


if __name__ == "__main__":
    measure()
