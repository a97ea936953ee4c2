"""One address and one signed-in user do their worst, all at once, while ten others work: those hardly notice."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx

from tests.faults.chaos.attack_process import GO, READY
from tests.faults.chaos.attacks import AS_USER, AS_VISITOR, Attack
from tests.faults.chaos.dripping import dripping_keys
from tests.faults.chaos.neighbours import Neighbours, signed_in
from tests.faults.chaos.posting import percentile
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world

SECONDS = 60.0
SECONDS_SHORT = 10.0
OTHERS = 10
P99 = 0.5  # seconds of the others' small requests
P99_SHORT = 5.0  # the same where other work has the cores
WAIT_SECONDS = 180.0  # seconds until all that the others have posted has ended
ATTACKER = "attacker"
SOURCE = "127.0.0.66"
LIBRARY = 1_000  # prompts
# Requests a minute, as by default: the world's own are for storms without attackers
RATES: dict[str, Any] = {"rate_signed_in": 6_000, "rate_address": 9_000}


def crowding(seed: int, full: bool) -> Result:
    seconds = SECONDS if full else SECONDS_SHORT
    with (
        dripping_keys() as keys,
        world(
            seed,
            llm_base_url=None,
            jwt_jwks_url=keys,
            credits_inputs=1_000,
            **RATES,
        ) as it,
    ):
        neighbours = Neighbours(it)
        order = _prepared(it, seconds, full)
        with (
            _attacker(order, AS_VISITOR) as visitor,
            _attacker(order, AS_USER) as user,
            neighbours.at_work(OTHERS),
        ):
            hits = _attack(visitor, user, within=seconds + WAIT_SECONDS)
        it.hits = sum(hits.values())
        assert all(hits.values()), f"an attack did nothing: {hits}"
        _forget_attacker(it)
        outcome = result("one crowds, ten work", it, WAIT_SECONDS)
    slow = percentile(neighbours.waits, 0.99)
    measured = {
        "others' small requests": str(len(neighbours.waits)),
        "their p99": f"{1000 * slow:.0f} ms",
        "attacks": ", ".join(f"{count} {name}" for name, count in hits.items()),
    }
    assert not neighbours.wrong, f"others were refused: {Counter(neighbours.wrong)}"
    assert slow < (P99 if full else P99_SHORT), (
        f"the others' p99 was {1000 * slow:.0f} ms of {len(neighbours.waits)} requests"
    )
    return replace(outcome, measured=measured)


def _prepared(it: World, seconds: float, full: bool) -> str:
    """What the attackers are told: their user's library and a large smelt are there already."""
    headers = signed_in(it, ATTACKER)
    texts = [f"note {number}: alice sends the report" for number in range(1_000 if full else 200)]
    with httpx.Client(base_url=it.service.address, headers=headers, timeout=60, trust_env=False) as client:
        body = {"texts": texts, "default_prompt_names": ["summarize"]}
        smelt = client.post("/v1/smelts", json=body).raise_for_status().json()["id"]
    prompts = it.query(
        """
        insert into prompts (id, user_id, title, body, position)
        select gen_random_uuid(), id, 'title', 'body', n from auth.users, generate_series(0, %s) n where email = %s
        returning id::text
        """,
        LIBRARY - 1,
        f"{ATTACKER}@example.org",
    )
    return json.dumps(
        {
            "port": it.service.settings.port,
            "source": SOURCE,
            "token": headers["Authorization"].removeprefix("Bearer "),
            "smelt": smelt,
            "prompts": [prompt for (prompt,) in prompts],
            "seconds": seconds,
            "full": full,
        }
    )


@contextmanager
def _attacker(order: str, attacks: Sequence[Attack]) -> Iterator[subprocess.Popen[str]]:
    """One that has been started, and waits for the word."""
    names = [attack.__name__ for attack in attacks]
    command = [sys.executable, "-m", "tests.faults.chaos.attack_process", order, *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == READY
            yield process
        finally:
            process.kill()


def _attack(*attackers: "subprocess.Popen[str]", within: float) -> Counter[str]:
    """How often each attack has hit, once the time of all is over."""
    for process in attackers:
        assert process.stdin is not None
        process.stdin.write(GO)
        process.stdin.flush()
    hits: Counter[str] = Counter()
    for process in attackers:
        printed, _ = process.communicate(timeout=within)
        assert process.returncode == 0, "an attacker gave up"
        hits.update(json.loads(printed))
    return hits


def _forget_attacker(it: World) -> None:
    """What the attacker has posted is not what is judged."""
    it.execute(f"delete from auth.users where email = '{ATTACKER}@example.org'")
    it.execute("delete from smelts where user_id is null")
