"""The way to Postgres swallows everything: no reset, no refusal, only silence; later Postgres dies behind it."""

import time

import psutil

from tests.faults.chaos.cut_off import PORT, CutOff, cut_off
from tests.faults.chaos.following import following
from tests.faults.chaos.load import Health, load, returns
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.scenarios.postgres_gone import (
    BACK_WITHIN,
    WAIT_SECONDS,
    answers,
    failures,
    signs_of_life,
)
from tests.recordings import recording
from tests.support.waiting import wait_until

HOLE, SHORT_HOLE = 30.0, 12.0  # seconds
REFUSED_WITHIN = 20.0  # seconds after which a request is answered 503 at the latest
ALIVE_WITHIN = 5.0  # the same for the answer that the process lives
GHOSTS_LIVE = 30.0  # seconds until Postgres ends sessions whose client is gone


def black_hole(seed: int, full: bool) -> Result:
    wait_seconds = 600 if full else 120
    measured = {}
    with cut_off(seed, packets=full, latency=0.05) as cut:
        it = cut.world
        it.oracle.wait_for_answers(60)
        # One that is under way when all falls silent, and for longer than its lease.
        smelt = it.oracle.post_recordings(recording("silence.wav"), 1, script="seconds=5")
        with load(it, clients=4) as health, following(it, smelt) as stream:
            measured["back after the hole"] = _fall(cut, health, HOLE if full else SHORT_HOLE, full=full)
            assert not stream.broken.is_set(), "the event stream was lost"
            if full:
                measured["back after a kill behind it"] = _fall(cut, health, SHORT_HOLE, full=full, kill=True)
                measured["sessions without a client ended after"] = f"{_ghosts_gone(cut):.1f} s"
        outcome = result("Postgres in a black hole", it, wait_seconds)
        assert failures(it) == 0, "smelts failed, and nothing was wrong with them"
    assert it.oracle.silences == [], "a post was not answered at all"
    if full:
        assert it.oracle.slowest_refusal < REFUSED_WITHIN
        assert health.slowest_ready < REFUSED_WITHIN
        assert health.slowest_alive < ALIVE_WITHIN
    outcome.measured.update(
        {
            "made by": cut.how,
            **measured,
            "slowest 503": f"{it.oracle.slowest_refusal:.1f} s",
            "slowest health check": f"{health.slowest_alive:.1f} s",
        }
    )
    return outcome


def _fall(cut: CutOff, health: Health, seconds: float, *, full: bool, kill: bool = False) -> str:
    """One hole; how long each part took to come back from it."""
    it, began, refusals = cut.world, time.time(), cut.world.oracle.refusals
    cut.way.drop()
    it.hits += 1
    wait_until(lambda: time.time() > began + 2)
    if kill:
        _kill(cut)
        wait_until(lambda: answers(it), WAIT_SECONDS)
        it.before.add(psutil.Process(cut.postgres.pid))  # not the service's: it is to outlive it
    wait_until(lambda: time.time() > began + seconds, seconds + WAIT_SECONDS)
    wait_until(lambda: health.unready_since(began) and it.oracle.refusals > refusals, WAIT_SECONDS)
    cut.way.open()
    seconds_by_part = returns(signs_of_life(it, health), BACK_WITHIN if full else WAIT_SECONDS)
    it.slowest_recovery = max(it.slowest_recovery, *seconds_by_part.values())
    return ", ".join(f"{part} {took:.1f} s" for part, took in seconds_by_part.items())


def _kill(cut: CutOff) -> None:
    """Every process of the server at once. It is started again, as its keeper does."""
    assert cut.postgres.pid is not None
    server = psutil.Process(cut.postgres.pid)
    for process in [server, *server.children(recursive=True)]:
        process.kill()


def _ghosts_gone(cut: CutOff) -> float:
    """Seconds until no session of Postgres's is left whose client has given it up."""
    started = time.monotonic()
    wait_until(lambda: not _ghosts(cut), GHOSTS_LIVE)
    return time.monotonic() - started


def _ghosts(cut: CutOff) -> set[object]:
    rows = cut.world.query("select client_port from pg_stat_activity where client_port > 0")
    ports = {
        connection.laddr.port
        for process in cut.world.processes()
        for connection in process.net_connections(kind="tcp")
        if connection.raddr and connection.raddr.port == PORT
    }
    return {port for (port,) in rows} - ports
