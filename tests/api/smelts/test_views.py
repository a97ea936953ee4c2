"""A smelt's view: made once for each version, for all who ask; and as right as what is read without it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from api.smelts import views as views_module
from api.smelts.presentation import full
from api.smelts.view import View
from api.smelts.views import Views
from db.session import Database
from db.smelts.control import cancel
from db.smelts.reads import find_queue_positions, get_head, get_smelt
from db.work.claims import claim_next
from db.work.files import FILES
from pipeline.smelt import Smelt
from pipeline.states import DefaultPromptName
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits

QUOTES = '"queue_position":null, "queue_position":1 \u2028é'


@pytest.fixture
def smelt_id(database: Database, cast: Cast) -> UUID:
    """Three recordings that wait, of which one has an odd name, with two outputs each."""
    smelt = new_smelt(
        cast.ada.id, audio=3, prompts=(DefaultPromptName.SUMMARIZE, DefaultPromptName.ACTION_ITEMS)
    )
    smelt = replace(smelt, files=[replace(smelt.files[0], filename=QUOTES), *smelt.files[1:]])
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        admit_all(conn, smelt)
    return smelt.id


def head_of(database: Database, smelt_id: UUID) -> Smelt:
    with database.service() as conn:
        head = get_head(conn, smelt_id)
    assert head is not None
    return head


def as_read(database: Database, smelt_id: UUID) -> Any:
    with database.service() as conn:
        smelt = get_smelt(conn, smelt_id)
        assert smelt is not None
        return json.loads(full(smelt, find_queue_positions(conn, [smelt_id])).model_dump_json())


def shown(views: Views, database: Database, smelt_id: UUID) -> Any:
    view = views.get(head_of(database, smelt_id))
    assert view is not None
    return json.loads(view.body)


def test_a_body_says_what_was_read(database: Database, smelt_id: UUID) -> None:
    views = Views(database)
    assert shown(views, database, smelt_id) == as_read(database, smelt_id)
    with database.service() as conn:
        cancel(conn, smelt_id)
    assert shown(views, database, smelt_id) == as_read(database, smelt_id)


def test_many_who_ask_at_once_have_it_made_once(
    database: Database, smelt_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[UUID] = []
    views, together, of = Views(database), threading.Barrier(8), View.of

    def noted(smelt: Smelt, *rest: Any) -> View:
        calls.append(smelt.id)
        return of(smelt, *rest)

    monkeypatch.setattr(View, "of", noted)
    head = head_of(database, smelt_id)

    def ask(_: int) -> View | None:
        together.wait(20)
        return views.get(head)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert len(calls) == len(found) == 1


def test_a_place_in_the_queue_is_right_again_within_seconds(
    database: Database, cast: Cast, smelt_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_module, "PLACES_SECONDS", 0.0)
    monkeypatch.setattr(views_module, "KEPT_SECONDS", 1_000.0)
    views = Views(database)
    shown(views, database, smelt_id)
    with database.service() as conn:
        conn.execute(
            text("update smelt_files set fair_key = -position where smelt_id = :id"), {"id": smelt_id}
        )
    now = shown(views, database, smelt_id)
    assert [file["queue_position"] for file in now["files"]] == [3, 2, 1]
    assert now == as_read(database, smelt_id)
    with database.service() as conn:
        assert claim_next(conn, FILES, 30.0)  # which raises no version
    assert shown(views, database, smelt_id) == as_read(database, smelt_id)


def test_what_changes_without_a_version_is_seen(
    database: Database, smelt_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = Views(database)
    shown(views, database, smelt_id)
    with database.service() as conn:
        conn.execute(text("update smelts set warnings = '{late}' where id = :id"), {"id": smelt_id})
    assert shown(views, database, smelt_id)["warnings"] == ["late"]
    monkeypatch.setattr(views_module, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(views_module, "KEPT_TIMES", 0)
    with database.service() as conn:
        conn.execute(text("update smelt_outputs set progress = 0.25 where smelt_id = :id"), {"id": smelt_id})
    assert {output["progress"] for output in shown(views, database, smelt_id)["outputs"]} == {0.25}


def test_a_deleted_smelt_has_none(database: Database, smelt_id: UUID) -> None:
    views = Views(database)
    head = head_of(database, smelt_id)
    assert views.get(head) is not None
    with database.service() as conn:
        conn.execute(text("delete from smelts where id = :id"), {"id": smelt_id})
    assert views.get(replace(head, version=head.version + 1)) is None


def test_memory_is_bounded(database: Database, cast: Cast) -> None:
    smelts = [new_smelt(None, texts=5, tenant=f"ip:{n}") for n in range(6)]
    with database.service() as conn:
        admit_all(conn, *smelts)
    first = Views(database).get(head_of(database, smelts[0].id))
    assert first is not None
    views = Views(database, most_bytes=int(3.5 * first.size))
    found = [views.get(head_of(database, smelt.id)) for smelt in smelts]
    again = [views.get(head_of(database, smelt.id)) for smelt in reversed(smelts)]
    assert [one is other for one, other in zip(reversed(found), again, strict=True)] == [True] * 3 + [
        False
    ] * 3
