"""Many clients of one user change the library at once: nothing is lost, nothing is there twice, no position repeats."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from db.accounts.library import lock_library
from tests.api.account.test_prompts import make, make_section, sections, shelves
from tests.api.conftest import RunningApi
from tests.support.cast import Cast

CLIENTS = 24
ROUNDS = 4


def test_writes_at_once_keep_every_prompt_in_its_place(
    api: RunningApi, ada: httpx.Client, cast: Cast
) -> None:
    homes = [None, make_section(ada, "one"), make_section(ada, "two")]
    shared = [make(ada, f"shared {n}", homes[n % 3]) for n in range(12)]

    def work(number: int) -> list[str]:
        """The titles that this client has made and left there."""
        dice, left = random.Random(number), []  # noqa: S311 (not for secrets)
        with api.client(cast.ada.headers) as client:
            for turn in range(ROUNDS):
                title = f"{number}.{turn}"
                made = make(client, title, dice.choice(homes))
                order = dice.sample(shared, len(shared))
                client.put("/v1/prompts/order", json={"ids": order}).raise_for_status()
                client.patch(
                    f"/v1/prompts/{dice.choice(shared)}", json={"section_id": dice.choice(homes)}
                ).raise_for_status()
                if turn % 2:
                    client.delete(f"/v1/prompts/{made}").raise_for_status()
                else:
                    left.append(title)
                check_dense(client.get("/v1/prompts").json()["items"])
        return left

    with ThreadPoolExecutor(CLIENTS) as pool:
        left = [title for titles in pool.map(work, range(CLIENTS)) for title in titles]

    found = [title for titles in shelves(ada).values() for title in titles]
    assert sorted(found) == sorted([*left, *(f"shared {n}" for n in range(len(shared)))])


def test_the_last_of_many_orders_at_once_is_one_of_them(
    api: RunningApi, ada: httpx.Client, cast: Cast
) -> None:
    ids = [make(ada, str(n)) for n in range(10)]
    orders = [random.Random(n).sample(ids, len(ids)) for n in range(CLIENTS)]  # noqa: S311

    def put(order: list[str]) -> list[str]:
        with api.client(cast.ada.headers) as client:
            reply = client.put("/v1/prompts/order", json={"ids": order}).raise_for_status()
        return [item["id"] for item in reply.json()["items"]]

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert list(pool.map(put, orders)) == orders
    assert [item["id"] for item in ada.get("/v1/prompts").json()["items"]] in orders


def test_sections_come_and_go_while_prompts_move_into_them(
    api: RunningApi, ada: httpx.Client, cast: Cast
) -> None:
    prompts = [make(ada, str(n)) for n in range(CLIENTS)]

    def work(prompt: str) -> None:
        with api.client(cast.ada.headers) as client:
            section = make_section(client, prompt)
            client.patch(f"/v1/prompts/{prompt}", json={"section_id": section}).raise_for_status()
            for other in client.get("/v1/prompt-sections").json()["items"][:2]:
                client.patch(
                    f"/v1/prompts/{prompt}", json={"section_id": other["id"]}
                )  # it may be gone by now
            client.delete(f"/v1/prompt-sections/{section}").raise_for_status()
            check_dense(client.get("/v1/prompts").json()["items"])

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, prompts))
    assert sections(ada) == []
    assert sorted(shelves(ada)[None], key=int) == [str(n) for n in range(CLIENTS)]


def check_dense(items: list[dict[str, Any]]) -> None:
    by_section: dict[str | None, list[int]] = {}
    for item in items:
        by_section.setdefault(item["section_id"], []).append(item["position"])
    for positions in by_section.values():
        assert positions == list(range(len(positions)))


def test_a_write_that_waits_too_long_for_another_changes_nothing(
    api: RunningApi, ada: httpx.Client, cast: Cast
) -> None:
    ids = [make(ada, str(n)) for n in range(3)]
    before = ada.get("/v1/prompts").json()
    with api.services.database.user(cast.ada.id) as conn:
        lock_library(conn, cast.ada.id)
        refused = ada.put("/v1/prompts/order", json={"ids": ids[::-1]})
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["Retry-After"]
    assert ada.get("/v1/prompts").json() == before
    ada.put("/v1/prompts/order", json={"ids": ids[::-1]}).raise_for_status()
