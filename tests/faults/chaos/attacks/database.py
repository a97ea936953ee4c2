"""What keeps the database busy: a whole library renumbered, a smelt of many parts read."""

import json
import random

from tests.faults.chaos.attacks.target import Target


def reorders(target: Target) -> None:
    orders = [target.prompts, target.prompts[::-1]]
    bodies = [json.dumps({"ids": order}).encode() for order in orders]

    def one() -> None:
        headers = {"Content-Type": "application/json"}
        with target.client(target.token) as client:
            for _ in target.paced(0.5):
                body = random.choice(bodies)  # noqa: S311 - not secret
                target.ask(client, "PUT", "/v1/prompts/order", content=body, headers=headers)

    target.at_once(target.size(60, 30), one)


def big_reads(target: Target) -> None:
    def one() -> None:
        with target.client(target.token) as client:
            for _ in target.paced(1):
                target.ask(client, "GET", f"/v1/smelts/{target.smelt}")

    target.at_once(10, one)
