"""The library of prompts: what it holds, in which order, for whom."""

from typing import Any

import httpx
from sqlalchemy import text

from db.accounts.library import PROMPTS, SECTIONS
from db.session import Database
from tests.support.cast import Cast

Json = dict[str, Any]
CLEF = "\U0001d11e"  # two UTF-16 units, four bytes, one character


def make(client: httpx.Client, title: str, section_id: str | None = None) -> str:
    document = {"title": title, "body": f"Do {title}.", "section_id": section_id}
    return str(client.post("/v1/prompts", json=document).raise_for_status().json()["id"])


def make_section(client: httpx.Client, title: str) -> str:
    return str(client.post("/v1/prompt-sections", json={"title": title}).raise_for_status().json()["id"])


def shelves(client: httpx.Client) -> dict[str | None, list[str]]:
    """The prompts' titles by section's title, in their order; fails where positions have gaps."""
    names = {s["id"]: s["title"] for s in client.get("/v1/prompt-sections").json()["items"]}
    found: dict[str | None, list[str]] = {}
    for prompt in client.get("/v1/prompts").json()["items"]:
        shelf = found.setdefault(names.get(prompt["section_id"]), [])
        assert prompt["position"] == len(shelf)
        shelf.append(prompt["title"])
    return found


def sections(client: httpx.Client) -> list[str]:
    items = client.get("/v1/prompt-sections").json()["items"]
    assert [item["position"] for item in items] == list(range(len(items)))
    return [item["title"] for item in items]


def test_prompts_are_made_read_edited_and_deleted(ada: httpx.Client) -> None:
    made = ada.post("/v1/prompts", json={"title": "Poem", "body": "Write a poem."})
    assert made.status_code == 201
    path = made.headers["Location"]
    assert ada.get(path).json() == made.json()
    assert made.json() | {"section_id": None, "position": 0} == made.json()

    renamed = ada.patch(path, json={"title": "Ode"}).json()
    assert (renamed["title"], renamed["body"]) == ("Ode", "Write a poem.")
    assert renamed["updated_at"] > made.json()["updated_at"]
    assert ada.patch(path, json={"body": "Write an ode."}).json()["body"] == "Write an ode."
    assert ada.get(path).json()["title"] == "Ode"

    assert ada.delete(path).status_code == 204
    assert [ada.get(path).status_code, ada.delete(path).status_code] == [404, 404]
    assert ada.patch(path, json={"title": "x"}).status_code == 404


def test_sections_are_made_read_renamed_and_deleted(ada: httpx.Client) -> None:
    made = ada.post("/v1/prompt-sections", json={"title": "Work"})
    assert made.status_code == 201
    path = made.headers["Location"]
    assert ada.get(path).json() == made.json()
    assert ada.patch(path, json={"title": "Office"}).json()["title"] == "Office"
    assert sections(ada) == ["Office"]
    assert ada.delete(path).status_code == 204
    assert [ada.get(path).status_code, ada.delete(path).status_code] == [404, 404]
    assert ada.patch(path, json={"title": "x"}).status_code == 404


def test_a_library_is_its_users_own(ada: httpx.Client, bob: httpx.Client, visitor: httpx.Client) -> None:
    prompt, section = make(ada, "Poem"), make_section(ada, "Work")
    for path in (f"/v1/prompts/{prompt}", f"/v1/prompt-sections/{section}"):
        assert bob.get(path).status_code == 404
        assert bob.patch(path, json={"title": "Mine"}).status_code == 404
        assert bob.delete(path).status_code == 404
    assert bob.put("/v1/prompts/order", json={"ids": [prompt]}).status_code == 422
    assert bob.put("/v1/prompt-sections/order", json={"ids": [section]}).status_code == 422
    into = bob.post("/v1/prompts", json={"title": "a", "body": "b", "section_id": section})
    assert [error["field"] for error in into.json()["errors"]] == ["section_id"]
    assert (shelves(bob), sections(bob)) == ({}, [])
    assert (shelves(ada), sections(ada)) == ({None: ["Poem"]}, ["Work"])
    assert visitor.get("/v1/prompts").status_code == 401
    assert visitor.get("/v1/prompt-sections").status_code == 401


def test_order_is_set_by_one_call_and_stays_dense(ada: httpx.Client) -> None:
    ids = {title: make(ada, title) for title in "abcd"}
    reply = ada.put("/v1/prompts/order", json={"ids": [ids[title] for title in "dbac"]})
    assert [item["title"] for item in reply.json()["items"]] == ["d", "b", "a", "c"]
    ada.put("/v1/prompts/order", json={"ids": [ids["c"]]}).raise_for_status()
    assert shelves(ada) == {None: ["c", "d", "b", "a"]}
    ada.delete(f"/v1/prompts/{ids['d']}").raise_for_status()
    make(ada, "e")
    assert shelves(ada) == {None: ["c", "b", "a", "e"]}


def test_sections_are_put_in_order(ada: httpx.Client) -> None:
    ids = {title: make_section(ada, title) for title in "abc"}
    reply = ada.put("/v1/prompt-sections/order", json={"ids": [ids["c"], ids["a"]]})
    assert [item["title"] for item in reply.json()["items"]] == ["c", "a", "b"]
    ada.delete(f"/v1/prompt-sections/{ids['a']}").raise_for_status()
    assert sections(ada) == ["c", "b"]


def test_one_call_orders_the_prompts_of_every_section(ada: httpx.Client) -> None:
    work = make_section(ada, "Work")
    ids = {title: make(ada, title, work if title in "xyz" else None) for title in "axbyz"}
    ada.put("/v1/prompts/order", json={"ids": [ids[title] for title in "zbyxa"]}).raise_for_status()
    assert shelves(ada) == {None: ["b", "a"], "Work": ["z", "y", "x"]}


def test_a_prompt_moves_to_the_end_of_another_section_and_leaves_no_gap(ada: httpx.Client) -> None:
    work = make_section(ada, "Work")
    ids = {title: make(ada, title) for title in "abc"}
    make(ada, "x", work)
    moved = ada.patch(f"/v1/prompts/{ids['b']}", json={"section_id": work}).json()
    assert (moved["section_id"], moved["position"]) == (work, 1)
    assert shelves(ada) == {None: ["a", "c"], "Work": ["x", "b"]}
    ada.patch(f"/v1/prompts/{ids['a']}", json={"section_id": None}).raise_for_status()  # it is there already
    assert shelves(ada)[None] == ["a", "c"]
    back = ada.patch(f"/v1/prompts/{ids['b']}", json={"section_id": None, "title": "B"}).json()
    assert (back["section_id"], back["position"], back["title"]) == (None, 2, "B")
    nowhere = ada.patch(f"/v1/prompts/{ids['c']}", json={"section_id": ids["c"], "title": "never"})
    assert nowhere.status_code == 422
    assert shelves(ada) == {None: ["a", "c", "B"], "Work": ["x"]}


def test_a_deleted_section_leaves_its_prompts_at_the_end_of_those_without_one(ada: httpx.Client) -> None:
    first, work = make_section(ada, "First"), make_section(ada, "Work")
    make(ada, "a")
    for title, section in (("x", work), ("y", work), ("k", first)):
        make(ada, title, section)
    ada.delete(f"/v1/prompt-sections/{first}").raise_for_status()
    ada.delete(f"/v1/prompt-sections/{work}").raise_for_status()
    assert shelves(ada) == {None: ["a", "k", "x", "y"]}
    assert sections(ada) == []


def test_characters_are_counted_as_postgres_counts_them(
    ada: httpx.Client, database: Database, cast: Cast
) -> None:
    for char in ("x", "é", "語", CLEF, "e\u0301"):
        body = char * (4_000 // len(char))
        made = ada.post("/v1/prompts", json={"title": char, "body": body})
        assert made.status_code == 201
        assert ada.get(made.headers["Location"]).json()["body"] == body
        for refused in (
            ada.post("/v1/prompts", json={"title": "x", "body": body + "x"}),
            ada.patch(made.headers["Location"], json={"body": body + "x"}),
        ):
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body")
    with database.user(cast.ada.id) as conn:
        lengths = conn.execute(text("select distinct char_length(body) from prompts")).scalars().all()
    assert lengths == [4_000]


REFUSED: list[Json] = [
    {"title": "", "body": "x"},
    {"title": "x" * 201, "body": "x"},
    {"title": "a\0b", "body": "x"},
    {"title": "two\nlines", "body": "x"},
    {"title": " \u200b", "body": "x"},
    {"title": "gpj.\u202etxt", "body": "x"},
    {"title": "x", "body": "  "},
    {"title": "x", "body": "\u200b\ufeff"},
    {"title": "x", "body": "a\0b"},
    {"title": "x", "body": "x", "extra": 1},
    {"title": "x", "body": "x", "section_id": "x"},
]


def test_what_can_not_be_kept_is_refused(ada: httpx.Client) -> None:
    path = f"/v1/prompts/{make(ada, 'Poem')}"
    for document in REFUSED:
        assert ada.post("/v1/prompts", json=document).json()["code"] == "validation_failed", document
        assert ada.patch(path, json=document).json()["code"] == "validation_failed", document
    assert ada.post("/v1/prompts", json={"title": "x"}).json()["code"] == "validation_failed"
    assert shelves(ada) == {None: ["Poem"]}


def test_half_a_character_is_refused(ada: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b'{"title": "x", "body": "\\ud834"}', b'{"title": "\\ud834", "body": "x"}'):
        reply = ada.post("/v1/prompts", content=content, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (422, "validation_failed")


def test_a_body_is_read_no_further_than_it_may_be_long(ada: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/v1/prompts", "/v1/prompt-sections"):
        assert ada.post(path, content=b" " * 100_000, headers=headers).json()["code"] == "file_too_large"
        endless = (b" " * 1_000 for _ in range(100))
        assert ada.post(path, content=endless, headers=headers).json()["code"] == "file_too_large"
        assert ada.post(path, content=b"{", headers=headers).json()["code"] == "malformed_body"


def test_a_body_of_many_members_is_refused_by_one_fault(ada: httpx.Client) -> None:
    """Not by one for each."""
    refused = ada.post("/v1/prompts", json={str(n): n for n in range(5_000)})
    assert refused.status_code == 422
    assert [error["code"] for error in refused.json()["errors"]] == ["too_many_fields"]


def test_an_order_names_each_prompt_once_and_none_that_is_gone(ada: httpx.Client) -> None:
    a, b = make(ada, "a"), make(ada, "b")
    ada.delete(f"/v1/prompts/{make(ada, 'c')}").raise_for_status()
    for ids in ([a, a], ["x"], [b, "00000000-0000-7000-8000-000000000000"]):
        assert ada.put("/v1/prompts/order", json={"ids": ids}).status_code == 422
    assert shelves(ada) == {None: ["a", "b"]}


def test_a_library_has_an_end(ada: httpx.Client, database: Database, cast: Cast) -> None:
    with database.service() as conn:
        for shelf, columns, values in ((PROMPTS, "title, body", "'t', 'b'"), (SECTIONS, "title", "'t'")):
            conn.execute(
                text(
                    f"insert into {shelf.table} (id, user_id, position, {columns}) "
                    f"select gen_random_uuid(), :user_id, n - 1, {values} from generate_series(1, :most) n"
                ),
                {"user_id": cast.ada.id, "most": shelf.most},
            )
    assert ada.post("/v1/prompts", json={"title": "x", "body": "x"}).json()["code"] == "library_full"
    assert ada.post("/v1/prompt-sections", json={"title": "x"}).json()["code"] == "library_full"
    items = ada.get("/v1/prompts").json()["items"]
    everything = {"ids": [item["id"] for item in reversed(items)]}
    assert ada.put("/v1/prompts/order", json=everything).json()["items"][0]["id"] == items[-1]["id"]
