"""Many parts of one smelt end at once, every notification comes three times, and workers die of it: each
settles once.
"""

import re
from collections import Counter
from dataclasses import replace

from tests.faults.chaos.killer import Killer
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue

PROMPTS = ("summarize", "action_items")
QUEUES = {Queue.TRANSCRIBE.value, Queue.TRANSCRIBE_SHORT.value, Queue.SYNTHESIZE.value}
WAIT_SECONDS = 60.0
TRIPLE = "python -m tests.faults.chaos.triple_notify"
POOL = "python -m tests.faults.chaos.scripted_pool worker triple_notify_process"
ITEM = re.compile("item ([0-9a-f]{32}) ")


def fan_in(seed: int, full: bool) -> Result:
    """Half of the workers transcribe, half apply prompts, one piece of work at a time each."""
    smelts, texts, recordings, kills, workers, at_once = (
        (200, 47, 3, 8, 8, 10) if full else (8, 8, 2, 1, 4, 2)
    )
    pools = {f"{Queue.SYNTHESIZE}{'_more' * number}": f"{POOL} synthesize" for number in range(workers // 2)}
    more = {
        **{name: f"{TRIPLE} {name}" for name in ("api", "reconciler")},
        **{queue: f"{POOL} {queue}" for queue in ("transcribe", "deliver", "maintenance")},
        **pools,
    }
    audio = recording("silence.wav")
    with world(
        seed,
        latency=0.2,
        more=more,
        transcribe_slots=workers // 2,
        synthesize_slots=1,
        synthesize_short_slots=0,
        credits_inputs=50,
    ) as it:
        ledger = Ledger(it)
        killer = Killer(it, ledger, WAIT_SECONDS, QUEUES)
        with it.under(killer.kill_one, (0.5, 2.0) if full else (0.2, 0.5)):
            while (len(it.oracle.accepted) < smelts or it.hits < kills) and not it.failed:
                it.oracle.post_recordings(audio, recordings, PROMPTS, "combine", texts=texts)
                wait_until(lambda: _unread(it) < at_once or it.failed, WAIT_SECONDS)
            it.settle(4 * WAIT_SECONDS)
        outcome = result("many parts end at once, each notification three times", it, WAIT_SECONDS)
        settled = Counter(smelt for smelt, _, _ in ledger.ends())
        opened = Counter(
            move.part for move in ledger.moves() if move.queue == "synthesize" and move.before == "waiting"
        )
    calls, smelts = _calls(it), len(it.oracle.accepted)
    assert sorted(settled.values()) == [1] * smelts, "a smelt was settled twice, or never"
    assert sorted(opened.values()) == [1] * len(PROMPTS) * smelts, "an output was opened twice, or never"
    assert len(calls) == len(PROMPTS) * smelts
    repeated = calls.total() - len(calls)
    assert repeated <= it.hits, f"{repeated} calls were repeated for {it.hits} kills"
    measured = {
        "files": str(smelts * (texts + recordings)),
        "workers": str(workers),
        "settlements": str(settled.total()),
        "calls of the model": str(calls.total()),
        "repeated": str(repeated),
    }
    return replace(outcome, measured=measured)


def _unread(it: World) -> float:
    """Smelts that the model hasn't seen, about: some calls are repeated."""
    return len(it.oracle.accepted) - len(it.llm.calls) / len(PROMPTS)


def _calls(it: World) -> Counter[tuple[str, str]]:
    """Of the language model, by the smelt's first text and the task, which stands before the input."""
    messages = [str(call.body["messages"][-1]["content"]) for call in it.llm.calls]
    return Counter((ITEM.findall(message)[0], message.partition("<input-")[0]) for message in messages)
