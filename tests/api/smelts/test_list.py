"""The list of smelts: newest first, page by page, filtered."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Connection, text

from api.routes import smelts
from db.smelts.totals import find_totals
from pipeline.smelt import Smelt, Totals

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


@pytest.fixture
def posted(ada: httpx.Client, bob: httpx.Client) -> list[dict[str, Any]]:
    """Four of Ada's, oldest first, the last in `combine`; one of Bob's."""
    bob.post("/v1/smelts", json=NOTE)
    modes = ["separate", "separate", "separate", "combine"]
    return [ada.post("/v1/smelts", json={**NOTE, "mode": mode}).json() for mode in modes]


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def test_pages_follow_each_other_and_new_smelts_do_not_shift_them(
    ada: httpx.Client, posted: list[dict[str, Any]]
) -> None:
    newest_first = ids(posted)[::-1]
    first = ada.get("/v1/smelts", params={"limit": 2}).json()
    assert ids(first["items"]) == newest_first[:2]
    assert "files" not in first["items"][0]
    assert first["items"][0]["first_filenames"] == ["text-1.txt"]
    ada.post("/v1/smelts", json=NOTE)
    second = ada.get("/v1/smelts", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert ids(second["items"]) == newest_first[2:]
    assert second["next_cursor"] is None


def test_filters_narrow_the_list(ada: httpx.Client, posted: list[dict[str, Any]]) -> None:
    ada.post(f"/v1/smelts/{posted[0]['id']}/cancel")

    def listed(**params: str) -> list[str]:
        return ids(ada.get("/v1/smelts", params=params).json()["items"])

    assert listed(status="canceled") == [posted[0]["id"]]
    assert listed(mode="combine") == [posted[3]["id"]]
    assert listed(created_after=posted[1]["created_at"]) == [posted[3]["id"], posted[2]["id"]]
    assert listed(created_before=posted[1]["created_at"]) == [posted[0]["id"]]


def test_a_smelt_that_is_deleted_while_it_is_listed_does_no_harm(
    ada: httpx.Client, posted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the page and the sums of its parts."""

    def deleted_first(conn: Connection, page: Sequence[Smelt]) -> dict[UUID, Totals]:
        conn.execute(text("delete from smelts where id = :id"), {"id": posted[1]["id"]})
        return find_totals(conn, page)

    monkeypatch.setattr(smelts, "find_totals", deleted_first)
    reply = ada.get("/v1/smelts")
    assert reply.status_code == 200
    assert set(ids(reply.json()["items"])) == set(ids(posted))


BAD_FILTERS = [
    ("limit", "0"),
    ("limit", "101"),
    ("status", "sleeping"),
    ("cursor", "bogus"),
    ("cursor", "ö"),
    ("cursor", urlsafe_b64encode(f"0001-01-01T00:00:00+14:00 {UUID(int=0)}".encode()).decode()),
    ("created_after", "yesterday"),
    ("created_after", "2026-01-01T00:00:00"),
]


def test_a_bad_filter_is_named(ada: httpx.Client, subtests: pytest.Subtests) -> None:
    for name, value in BAD_FILTERS:
        with subtests.test(name=name):
            reply = ada.get("/v1/smelts", params={name: value})
            assert (reply.status_code, reply.json()["code"]) == (422, "validation_failed")
            assert [error["field"] for error in reply.json()["errors"]] == [name]
            assert value not in reply.text or value == "0"
