"""Done, but the caller saw a failure: replies get lost between the service and its engines, or to its clients."""

from tests.faults.chaos.losses import COMMITS, FETCH, LOOK, CommitEar, FetchEar, Losses
from tests.faults.chaos.processes import workers
from tests.faults.chaos.relayed import relayed
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World
from tests.recordings import recording
from tests.support.llm_server import STEPS
from tests.support.waiting import wait_until

SHARES = {LOOK: 0.02, "schedules": 0.05, "admission": 0.3, "settlement": 0.3, FETCH: 0.3}
HANG_UPS = 0.3  # share of the posts that are first sent by a client that doesn't wait for the reply

# Rounds of posts, longer than a lease: what was at work may have ended just before its worker did.
KILL_EVERY = 40


def lost_replies(seed: int, full: bool) -> Result:
    """Every commit and every fetch may have taken place without the one who asked for it knowing."""
    most, wait_seconds = (200, 600) if full else (20, 120)
    audio = recording("silence.wav")
    commits, fetches = Losses(seed, most, SHARES), Losses(seed + 1, most if full else 5, SHARES)
    with relayed(
        seed,
        to_postgres=lambda: CommitEar(commits),
        to_redis=lambda: FetchEar(fetches),
        latency=0.05,
        max_attempts=3,  # as in production: lost replies must not use up the budget
    ) as relays:
        it = relays.world
        it.oracle.hang_ups = HANG_UPS
        _reset(it)
        it.llm.script.extend([STEPS["unavailable"]] * 2)
        posted = 0
        while not (commits.enough and fetches.enough and set(COMMITS) <= set(commits.made)):
            it.oracle.post_texts(3)
            it.oracle.post_recordings(audio, 1, ("summarize",))
            posted += 1
            if posted % KILL_EVERY == 3 and not commits.made["rescue"]:
                _kill_one_at_work(it)
            assert posted < 40 * most, f"never lost: {set(COMMITS) - set(commits.made)}"
        it.hits = commits.made.total() + fetches.made.total()
        outcome = result("replies lost after the deed", it, wait_seconds)
        [(unwell,)] = it.query("select count(*) from smelts where status <> 'completed'")
        [(resets,)] = it.query(
            "select count(*) from schedule_runs where job = 'reset_weekly_credits' and status <> 'completed'"
        )
    assert unwell == 0, f"{unwell} smelts failed, and nothing was wrong with them"
    assert resets == 0
    outcome.measured["commits"] = ", ".join(f"{kind} {n}" for kind, n in commits.made.most_common())
    outcome.measured["fetches"] = str(fetches.made.total())
    outcome.measured["clients that hung up"] = str(it.oracle.hung_up)
    return outcome


def _reset(it: World) -> None:
    """Makes the weekly reset due for everybody, before anything is charged; waits until it has run."""
    it.oracle.post_texts(1)  # the first post makes a profile
    it.settle(60)
    it.execute("update user_profiles set credits_reset_at = now() - interval '1 second'")
    wait_until(
        lambda: it.query("select count(*) from user_profiles where credits_reset_at <= now()") == [(0,)], 90
    )
    it.execute(
        "update user_profiles set credits_remaining = credits_remaining - 1"
    )  # what that post was charged


def _kill_one_at_work(it: World) -> None:
    """So that something is to be rescued, most probably."""
    wait_until(lambda: it.query("select 1 from smelt_outputs where status = 'processing' limit 1"), 30)
    for process in workers(it.processes(), "synthesize"):
        process.kill()
